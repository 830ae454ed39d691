// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import MailTypes

// The rows that accounts, aliases and groups share.
extension Database {
    func requireAccount(_ address: MailboxAddress) throws -> Account {
        guard let account = try account(address) else { throw DirectoryError.noAccount(address) }
        return account
    }

    /// Says what the address is already, if it is something.
    func refuseTaken(_ address: MailboxAddress, in domain: Int64) throws {
        let noun = try first(
            """
            SELECT CASE WHEN account IS NOT NULL THEN 'account'
                WHEN id IN (SELECT address FROM mail_groups) THEN 'group' ELSE 'alias' END
            FROM addresses WHERE domain = ?1 AND folded = ?2
            """,
            [.integer(domain), .text(address.localPart.folded)]
        ) { $0.text(0) }
        if let noun { throw DirectoryError.addressTaken(address, as: noun) }
    }

    @discardableResult
    func insertAddress(_ address: MailboxAddress, in domain: Int64, account: Int64?) throws(SQLiteError) -> Int64 {
        try run(
            """
            INSERT INTO addresses (domain, folded, local_part, account, created) VALUES (?1, ?2, ?3, ?4, unixepoch())
            """,
            [
                .integer(domain), .text(address.localPart.folded), .text(address.localPart.text), SQLiteValue(account),
            ]
        )
        return lastInsertedRow
    }

    /// Removes an address that is no target of another.
    func removeAddress(_ address: MailboxAddress) throws {
        guard let domain = try domainID(address.domain),
            let id = try addressID(address.localPart.folded, in: domain)
        else { return }
        let users = try all(
            """
            SELECT local_part || '@' || name FROM alias_targets JOIN addresses ON addresses.id = alias
                JOIN domains ON domains.id = domain
            WHERE target = ?1 ORDER BY name, folded LIMIT 5
            """,
            [.integer(id)]
        ) { $0.text(0) }
        guard users.isEmpty else {
            throw DirectoryError(
                .inUse,
                "\(address) is a target of \(users.joined(separator: ", ")). Change or remove that first: martlet alias set, "
                    + "martlet group set, martlet account forward"
            )
        }
        try run("DELETE FROM addresses WHERE id = ?1", [.integer(id)])
    }
}
