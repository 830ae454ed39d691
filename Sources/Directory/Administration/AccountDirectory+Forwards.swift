// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

package import MailTypes

extension AccountDirectory {
    /// Bound on the addresses that an account forwards to.
    private static let maximumForwards = 0...20

    /// Has mail for an account go on to other addresses, of this server or of others; without any it stays.
    package func setForward(_ address: MailboxAddress, _ forward: AccountForward) async throws(DirectoryError) {
        try await change("account forward", address.description) { database in
            let account = try database.requireAccount(address)
            guard let domain = try database.domainID(address.domain),
                let id = try database.addressID(address.localPart.folded, in: domain)
            else { throw DirectoryError.noAccount(address) }
            try database.removeTargets(of: id)
            try database.insertTargets(forward.targets, of: id, address, Self.maximumForwards)
            try database.run(
                "UPDATE accounts SET keeps_copy = ?2 WHERE id = ?1",
                [
                    .integer(Int64(clamping: account.id.rawValue)),
                    SQLiteValue(forward.keepsCopy || forward.targets.isEmpty),
                ]
            )
        }
    }

    /// The forwards of all accounts that have any, or of one.
    package func forwards(of account: AccountID? = nil) async throws(DirectoryError) -> [AccountID: AccountForward] {
        try await read { database in
            let rows = try database.all(
                """
                SELECT accounts.id, addresses.id, keeps_copy FROM accounts JOIN addresses ON addresses.account = accounts.id
                WHERE (?1 IS NULL OR accounts.id = ?1)
                    AND addresses.id IN (SELECT alias FROM alias_targets UNION SELECT source FROM remote_targets)
                """,
                [SQLiteValue(account.map { Int64(clamping: $0.rawValue) })]
            ) { row in
                (account: AccountID(UInt64(clamping: row.integer(0))), address: row.integer(1), keeps: row.bool(2))
            }
            var forwards: [AccountID: AccountForward] = [:]
            for row in rows {
                let targets = try database.targets(of: row.address)
                forwards[row.account] = AccountForward(targets: targets, keepsCopy: row.keeps)
            }
            return forwards
        }
    }
}
