// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

/// The tables of failed log-ons, in a file of their own beside the directory: they change with every failure, and what is
/// known of accounts must not be read anew for that.
///
/// On one thread. Seconds are since 1970-01-01T00:00:00Z.
struct GuardTables {
    let database: Database

    /// Failures are kept in thousandths, so that part of one can be forgotten.
    private static let one: Int64 = 1000

    init(file: String) throws {
        database = try Database(file: file)
        // A power cut may lose the last failures: nothing depends on them.
        try database.run("PRAGMA synchronous = NORMAL")
        try database.transaction {
            try database.run(
                """
                CREATE TABLE IF NOT EXISTS failures (
                    kind TEXT NOT NULL, name TEXT NOT NULL, count INTEGER NOT NULL, updated INTEGER NOT NULL,
                    PRIMARY KEY (kind, name)
                ) STRICT, WITHOUT ROWID
                """
            )
            try database.run(
                """
                CREATE TABLE IF NOT EXISTS bans (
                    kind TEXT NOT NULL, name TEXT NOT NULL, since INTEGER NOT NULL, until INTEGER NOT NULL,
                    reason TEXT NOT NULL, PRIMARY KEY (kind, name)
                ) STRICT, WITHOUT ROWID
                """
            )
            try database.run(
                """
                CREATE TABLE IF NOT EXISTS known_networks (
                    account INTEGER NOT NULL, network TEXT NOT NULL, day INTEGER NOT NULL,
                    PRIMARY KEY (account, network)
                ) STRICT, WITHOUT ROWID
                """
            )
        }
    }

    /// Those in force.
    func bans(at now: Int64) throws(SQLiteError) -> [LogOnBan] {
        try database.all(
            "SELECT kind, name, since, until, reason FROM bans WHERE until > ?1 ORDER BY since, name",
            [.integer(now)]
        ) { row in
            LogOnBan(
                subject: GuardSubject(kind: row.text(0), name: row.text(1)),
                since: row.integer(2),
                until: row.integer(3),
                reason: row.text(4)
            )
        }
    }

    /// Counts one failure, and says whether that makes `limit` within `window`: the count runs out evenly.
    func fail(_ subject: GuardSubject, limit: Int64, window: Int64, at now: Int64) throws(SQLiteError) -> Bool {
        let count = try database.first(
            """
            INSERT INTO failures (kind, name, count, updated) VALUES (?1, ?2, \(Self.one), ?3)
            ON CONFLICT (kind, name) DO UPDATE SET updated = ?3,
                count = max(0, count - max(0, ?3 - updated) * ?4 * \(Self.one) / ?5) + \(Self.one)
            RETURNING count
            """,
            [.text(subject.kind), .text(subject.description), .integer(now), .integer(limit), .integer(max(1, window))]
        ) { $0.integer(0) }
        return count ?? 0 > (limit - 1) * Self.one
    }

    func ban(_ ban: LogOnBan) throws(SQLiteError) {
        try database.run(
            "INSERT OR REPLACE INTO bans (kind, name, since, until, reason) VALUES (?1, ?2, ?3, ?4, ?5)",
            [
                .text(ban.subject.kind), .text(ban.subject.description), .integer(ban.since), .integer(ban.until),
                .text(ban.reason),
            ]
        )
        try forgetFailures(of: ban.subject)
    }

    /// Whether there was one.
    func lift(_ subject: GuardSubject) throws(SQLiteError) -> Bool {
        try forgetFailures(of: subject)
        try database.run(
            "DELETE FROM bans WHERE kind = ?1 AND name = ?2",
            [.text(subject.kind), .text(subject.description)]
        )
        return database.changedRows > 0
    }

    private func forgetFailures(of subject: GuardSubject) throws(SQLiteError) {
        try database.run(
            "DELETE FROM failures WHERE kind = ?1 AND name = ?2",
            [.text(subject.kind), .text(subject.description)]
        )
    }

    /// Somebody logged on well from there on this day.
    func know(_ network: String, of account: Int64, day: Int64) throws(SQLiteError) {
        try database.run(
            """
            INSERT INTO known_networks (account, network, day) VALUES (?1, ?2, ?3)
            ON CONFLICT (account, network) DO UPDATE SET day = ?3
            """,
            [.integer(account), .text(network), .integer(day)]
        )
    }

    /// Whether the account has logged on from there.
    func knows(_ network: String, of account: Int64) throws(SQLiteError) -> Bool {
        try database.first(
            "SELECT 1 FROM known_networks WHERE account = ?1 AND network = ?2",
            [.integer(account), .text(network)]
        ) { $0.bool(0) } ?? false
    }

    /// Drops what counts no more, so that the file does not grow with every address there is.
    func purge(window: Int64, at now: Int64) throws(SQLiteError) {
        try database.run("DELETE FROM failures WHERE updated < ?1", [.integer(now - window)])
        try database.run("DELETE FROM bans WHERE until <= ?1", [.integer(now)])
        try database.run("DELETE FROM known_networks WHERE day < ?1", [.integer(now / 86_400 - Self.knownDays)])
    }

    /// Days for which an address is remembered that an account has logged on from.
    static let knownDays: Int64 = 90
}
