// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

package import MailTypes

extension AccountDirectory {
    /// Bound on the targets of one alias.
    private static let maximumTargets = 1...1000

    /// Makes `address` stand for others: accounts, aliases and groups of this server, and addresses of other servers.
    ///
    /// With the local part `*`, it stands for all that its domain does not have.
    package func addAlias(_ address: MailboxAddress, targets: [MailboxAddress]) async throws(DirectoryError) -> Alias {
        try await change("alias add", address.description) { database in
            guard let domain = try database.domainID(address.domain) else {
                throw DirectoryError.noDomain(address.domain)
            }
            try database.refuseTaken(address, in: domain)
            let id = try database.insertAddress(address, in: domain, account: nil)
            try database.insertTargets(targets, of: id, address, Self.maximumTargets)
            return try database.requireAlias(address).alias
        }
    }

    /// Replaces the targets of an alias.
    package func setAlias(_ address: MailboxAddress, targets: [MailboxAddress]) async throws(DirectoryError) -> Alias {
        try await change("alias set", address.description) { database in
            let id = try database.requireAlias(address).id
            try database.removeTargets(of: id)
            try database.insertTargets(targets, of: id, address, Self.maximumTargets)
            return try database.requireAlias(address).alias
        }
    }

    /// Aliases by domain and address; those of one domain, or all.
    package func aliases(in domain: Domain? = nil) async throws(DirectoryError) -> [Alias] {
        try await read { database in
            guard let domain else { return try database.aliases(where: "1", []).map(\.alias) }
            guard let id = try database.domainID(domain) else { throw DirectoryError.noDomain(domain) }
            return try database.aliases(where: "addresses.domain = ?1", [.integer(id)]).map(\.alias)
        }
    }

    package func alias(_ address: MailboxAddress) async throws(DirectoryError) -> Alias {
        try await read { try $0.requireAlias(address).alias }
    }

    package func removeAlias(_ address: MailboxAddress) async throws(DirectoryError) {
        try await change("alias remove", address.description) { database in
            try database.removeAddress(try database.requireAlias(address).alias.address)
        }
    }
}

extension Database {
    fileprivate func requireAlias(_ address: MailboxAddress) throws -> (id: Int64, alias: Alias) {
        guard let domain = try domainID(address.domain) else { throw DirectoryError.noDomain(address.domain) }
        let found = try aliases(
            where: "addresses.domain = ?1 AND folded = ?2",
            [.integer(domain), .text(address.localPart.folded)]
        )
        guard let alias = found.first else { throw DirectoryError.noAlias(address) }
        return alias
    }

    fileprivate func aliases(where condition: String, _ values: [SQLiteValue]) throws(SQLiteError) -> [(
        id: Int64, alias: Alias
    )] {
        let rows = try all(
            """
            SELECT addresses.id, local_part, name, addresses.created
            FROM addresses JOIN domains ON domains.id = addresses.domain
            WHERE account IS NULL AND addresses.id NOT IN (SELECT address FROM mail_groups) AND \(condition)
            ORDER BY name, folded
            """,
            values
        ) { row in
            (
                id: row.integer(0), address: MailboxAddress(stored: row.text(1), domain: row.text(2)),
                created: row.integer(3)
            )
        }
        var aliases: [(id: Int64, alias: Alias)] = []
        for row in rows {
            guard let address = row.address else { continue }
            aliases.append((row.id, Alias(address: address, targets: try targets(of: row.id), created: row.created)))
        }
        return aliases
    }
}
