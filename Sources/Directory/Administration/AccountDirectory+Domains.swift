// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

package import MailTypes

extension AccountDirectory {
    /// Makes a domain local.
    ///
    /// With `original`, every address of that domain is one of this domain too.
    package func addDomain(_ domain: Domain, aliasOf original: Domain? = nil) async throws(DirectoryError)
        -> LocalDomain
    {
        guard !domain.isAddressLiteral else {
            throw DirectoryError(.invalid, "\(domain) is an address literal; a domain of accounts has a name.")
        }
        return try await change("domain add", domain.text) { database in
            try database.insert(domain, aliasOf: original)
            guard let added = try database.domains(where: "domains.name = ?1", [.text(domain.text)]).first else {
                throw DirectoryError.noDomain(domain)
            }
            return added
        }
    }

    /// All domains by name.
    package func domains() async throws(DirectoryError) -> [LocalDomain] {
        try await read { try $0.domains(where: "1", []) }
    }

    package func domain(_ domain: Domain) async throws(DirectoryError) -> LocalDomain {
        let found = try await read { try $0.domains(where: "domains.name = ?1", [.text(domain.text)]) }
        guard let found = found.first else { throw .noDomain(domain) }
        return found
    }

    /// Removes a domain that has nothing in it.
    package func removeDomain(_ domain: Domain) async throws(DirectoryError) {
        try await change("domain remove", domain.text) { database in
            guard try !database.isUsed(domain) else {
                throw DirectoryError(
                    .inUse,
                    "\(domain) still has accounts, aliases, groups, or domains that stand for it. Remove those first: "
                        + "martlet account list, martlet alias list, martlet group list, martlet domain list"
                )
            }
            try database.run("DELETE FROM domains WHERE name = ?1", [.text(domain.text)])
            guard database.changedRows == 1 else { throw DirectoryError.noDomain(domain) }
        }
    }
}

extension Database {
    fileprivate func insert(_ domain: Domain, aliasOf original: Domain?) throws {
        var originalID: Int64?
        if let original {
            // An alias of an alias is one of what that stands for: chains of domains need no following.
            originalID = try domainID(original)
            guard originalID != nil else { throw DirectoryError.noDomain(original) }
        }
        guard try domainID(domain) == nil else { throw DirectoryError.domainExists(domain) }
        try run(
            "INSERT INTO domains (name, alias_of, created) VALUES (?1, ?2, unixepoch())",
            [.text(domain.text), SQLiteValue(originalID)]
        )
    }

    fileprivate func isUsed(_ domain: Domain) throws(SQLiteError) -> Bool {
        let used = try first(
            """
            SELECT EXISTS (SELECT 1 FROM addresses WHERE domain = domains.id)
                OR EXISTS (SELECT 1 FROM domains AS other WHERE other.alias_of = domains.id)
            FROM domains WHERE name = ?1
            """,
            [.text(domain.text)]
        ) { $0.bool(0) }
        return used ?? false
    }

    fileprivate func domains(where condition: String, _ values: [SQLiteValue]) throws(SQLiteError) -> [LocalDomain] {
        try all(
            """
            SELECT domains.name, original.name, domains.created
            FROM domains LEFT JOIN domains AS original ON original.id = domains.alias_of
            WHERE \(condition) ORDER BY domains.name
            """,
            values
        ) { row -> LocalDomain? in
            guard let name = Domain(row.text(0)) else { return nil }
            return LocalDomain(name: name, aliasOf: row.optionalText(1).flatMap(Domain.init), created: row.integer(2))
        }.compactMap { $0 }
    }
}
