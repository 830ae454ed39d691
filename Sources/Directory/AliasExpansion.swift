// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import MailTypes

/// Follows aliases to accounts, and keeps chains of them short and free of loops.
enum AliasExpansion {
    /// Aliases in a row that mail is passed on by.
    static let maximumDepth = 10
    /// Accounts that one address may stand for.
    static let maximumAccounts = 10_000

    /// An address stands for more than `maximumAccounts`.
    struct TooLarge: Error {}

    struct Reached: Sendable {
        let recipient: LocalRecipient
        let isEnabled: Bool
    }

    /// The accounts behind an address, each once, by number; one more than `maximumAccounts` when there are too many.
    static func accounts(for address: Int64, in database: Database) throws(SQLiteError) -> [Reached] {
        let rows = try database.all(
            """
            WITH RECURSIVE reached (address, depth) AS (
                VALUES (?1, 0)
                UNION
                SELECT target, depth + 1 FROM reached JOIN alias_targets ON alias = address WHERE depth < ?2
            )
            SELECT DISTINCT accounts.id, local_part, name, enabled
            FROM reached JOIN addresses ON addresses.id = reached.address
                JOIN accounts ON accounts.id = addresses.account JOIN domains ON domains.id = addresses.domain
            ORDER BY accounts.id LIMIT ?3
            """,
            [.integer(address), .integer(Int64(maximumDepth)), .integer(Int64(maximumAccounts) + 1)]
        ) { row -> Reached? in
            guard let address = MailboxAddress(stored: row.text(1), domain: row.text(2)) else { return nil }
            let recipient = LocalRecipient(account: AccountID(UInt64(clamping: row.integer(0))), address: address)
            return Reached(recipient: recipient, isEnabled: row.bool(3))
        }
        return rows.compactMap { $0 }
    }

    /// The longest chain through an alias, counted in aliases and cut off above `maximumDepth`; a loop counts as too
    /// long.
    static func chainLength(through alias: Int64, in database: Database) throws(SQLiteError) -> Int {
        let below = try reach(from: alias, along: (from: "alias", to: "target"), in: database)
        let above = try reach(from: alias, along: (from: "target", to: "alias"), in: database)
        return below + above
    }

    private static func reach(
        from alias: Int64,
        along columns: (from: String, to: String),
        in database: Database
    ) throws(SQLiteError) -> Int {
        let depth = try database.first(
            """
            WITH RECURSIVE reached (address, depth) AS (
                VALUES (?1, 0)
                UNION
                SELECT \(columns.to), depth + 1 FROM reached JOIN alias_targets ON \(columns.from) = address
                WHERE depth <= ?2
            )
            SELECT max(depth) FROM reached
            """,
            [.integer(alias), .integer(Int64(maximumDepth))]
        ) { $0.integer(0) }
        return Int(clamping: depth ?? 0)
    }
}
