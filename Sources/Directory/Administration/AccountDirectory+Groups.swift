// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

package import MailTypes

/// What is to be changed on a group; `nil` leaves a thing as it is.
package struct GroupChange: Sendable, Hashable {
    /// `.some(nil)`: none any more.
    package var owner: MailboxAddress??
    package var senders: GroupSenders?
    package var members: [MailboxAddress]?
    /// Members besides those that are there, or those of `members`.
    package var added: [MailboxAddress] = []
    package var removed: [MailboxAddress] = []

    package init() {}
}

extension AccountDirectory {
    /// Bound on the members of one group, nested ones not counted.
    private static let maximumMembers = 1...10_000

    package func addGroup(
        _ address: MailboxAddress,
        members: [MailboxAddress],
        rules: GroupRules = GroupRules()
    ) async throws(DirectoryError) -> MailGroup {
        try await change("group add", address.description) { database in
            guard let domain = try database.domainID(address.domain) else {
                throw DirectoryError.noDomain(address.domain)
            }
            try database.refuseTaken(address, in: domain)
            let id = try database.insertAddress(address, in: domain, account: nil)
            try database.run(
                "INSERT INTO mail_groups (address, owner, senders) VALUES (?1, ?2, ?3)",
                [.integer(id), SQLiteValue(rules.owner?.description), .text(rules.senders.description)]
            )
            try database.check(rules, of: address)
            try database.insertTargets(members, of: id, address, Self.maximumMembers)
            return try database.requireGroup(address).group
        }
    }

    /// Changes a group, as one transaction.
    package func setGroup(_ address: MailboxAddress, _ edit: GroupChange) async throws(DirectoryError) -> MailGroup {
        try await change("group set", address.description) { database in
            let (id, group) = try database.requireGroup(address)
            var rules = group.rules
            if let owner = edit.owner { rules.owner = owner }
            if let senders = edit.senders { rules.senders = senders }
            try database.check(rules, of: address)
            try database.run(
                "UPDATE mail_groups SET owner = ?2, senders = ?3 WHERE address = ?1",
                [.integer(id), SQLiteValue(rules.owner?.description), .text(rules.senders.description)]
            )
            if edit.members != nil || !edit.added.isEmpty || !edit.removed.isEmpty {
                let removed = Set(edit.removed.map { "\($0.localPart.folded)@\($0.domain)" })
                let kept = ((edit.members ?? group.members) + edit.added).filter {
                    !removed.contains("\($0.localPart.folded)@\($0.domain)")
                }
                try database.removeTargets(of: id)
                try database.insertTargets(kept, of: id, address, Self.maximumMembers)
            }
            return try database.requireGroup(address).group
        }
    }

    /// Groups by domain and address; those of one domain, or all.
    package func groups(in domain: Domain? = nil) async throws(DirectoryError) -> [MailGroup] {
        try await read { database in
            guard let domain else { return try database.groups(where: "1", []).map(\.group) }
            guard let id = try database.domainID(domain) else { throw DirectoryError.noDomain(domain) }
            return try database.groups(where: "addresses.domain = ?1", [.integer(id)]).map(\.group)
        }
    }

    package func group(_ address: MailboxAddress) async throws(DirectoryError) -> MailGroup {
        try await read { try $0.requireGroup(address).group }
    }

    package func removeGroup(_ address: MailboxAddress) async throws(DirectoryError) {
        try await change("group remove", address.description) { database in
            try database.removeAddress(try database.requireGroup(address).group.address)
        }
    }
}

extension Database {
    /// The rules of a group; `nil` when the address is none.
    func groupRules(of address: Int64) throws(SQLiteError) -> GroupRules? {
        try first("SELECT owner, senders FROM mail_groups WHERE address = ?1", [.integer(address)]) { row in
            GroupRules(owner: row.optionalText(0), senders: row.text(1))
        }
    }

    fileprivate func requireGroup(_ address: MailboxAddress) throws -> (id: Int64, group: MailGroup) {
        guard let domain = try domainID(address.domain) else { throw DirectoryError.noDomain(address.domain) }
        let found = try groups(
            where: "addresses.domain = ?1 AND folded = ?2",
            [.integer(domain), .text(address.localPart.folded)]
        )
        guard let group = found.first else { throw DirectoryError.noGroup(address) }
        return group
    }

    fileprivate func groups(where condition: String, _ values: [SQLiteValue]) throws(SQLiteError) -> [(
        id: Int64, group: MailGroup
    )] {
        let rows = try all(
            """
            SELECT addresses.id, local_part, name, addresses.created, owner, senders
            FROM addresses JOIN domains ON domains.id = addresses.domain
                JOIN mail_groups ON mail_groups.address = addresses.id
            WHERE \(condition) ORDER BY name, folded
            """,
            values
        ) { row in
            (
                id: row.integer(0), address: MailboxAddress(stored: row.text(1), domain: row.text(2)),
                rules: GroupRules(owner: row.optionalText(4), senders: row.text(5)), created: row.integer(3)
            )
        }
        var groups: [(id: Int64, group: MailGroup)] = []
        for row in rows {
            guard let address = row.address else { continue }
            let members = try targets(of: row.id)
            groups.append(
                (row.id, MailGroup(address: address, rules: row.rules, members: members, created: row.created))
            )
        }
        return groups
    }

    /// Reports on what a group passed on go to its owner, who must not be the group.
    fileprivate func check(_ rules: GroupRules, of address: MailboxAddress) throws {
        guard let owner = rules.owner else { return }
        if let domain = try domainID(owner.domain), try addressID(owner.localPart.folded, in: domain) == nil {
            throw DirectoryError.noTarget(owner)
        }
        guard owner.domain != address.domain || owner.localPart.folded != address.localPart.folded else {
            throw DirectoryError(.invalid, "A group cannot be its own owner: reports would go to all its members.")
        }
    }
}

extension GroupRules {
    /// From their two columns.
    fileprivate init(owner: String?, senders: String) {
        let words = senders.split(separator: ", ").map { String($0) }
        // What cannot be read lets nobody pass but members.
        self.init(
            owner: owner.flatMap { MailboxAddress($0) },
            senders: GroupSenders(words) ?? GroupSenders(["members"]) ?? .anyone
        )
    }
}
