// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

/// Keeps chains of aliases, groups and forwards short and free of loops.
enum AliasExpansion {
    /// Aliases, groups and forwards in a row that mail is passed on by.
    static let maximumDepth = 10
    /// Accounts and addresses of other servers that one address may stand for.
    static let maximumAccounts = 10_000

    /// An address stands for more than `maximumAccounts`.
    struct TooLarge: Error {}

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
