// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import CSQLite

/// The tables of failed log-ons, in a file of their own beside the directory: they change with every failure, and
/// what is known of accounts must not be read anew for that.
///
/// On one thread. Seconds are since 1970-01-01T00:00:00Z.
struct GuardTables {
    let database: Database

    /// Failures are kept in thousandths, so that part of one can be forgotten.
    private static let one: Int64 = 1000

    init(file: String) throws {
        database = try Database(file: file)
        guard try database.first("PRAGMA quick_check(1)", [], { $0.text(0) }) == "ok" else {
            throw SQLiteError(code: SQLITE_CORRUPT, message: "the file is damaged")
        }
        // A power cut may lose the last failures: nothing depends on them.
        try database.run("PRAGMA synchronous = NORMAL")
        try database.transaction { for statement in Self.schema { try database.run(statement) } }
    }

    private static let schema = [
        """
        CREATE TABLE IF NOT EXISTS failures (
            kind TEXT NOT NULL, name TEXT NOT NULL, count INTEGER NOT NULL, updated INTEGER NOT NULL,
            PRIMARY KEY (kind, name)
        ) STRICT, WITHOUT ROWID
        """,
        """
        CREATE TABLE IF NOT EXISTS bans (
            kind TEXT NOT NULL, name TEXT NOT NULL, since INTEGER NOT NULL, until INTEGER NOT NULL,
            reason TEXT NOT NULL, by_hand INTEGER NOT NULL, PRIMARY KEY (kind, name)
        ) STRICT, WITHOUT ROWID
        """,
        """
        CREATE TABLE IF NOT EXISTS known_networks (
            account INTEGER NOT NULL, network TEXT NOT NULL, day INTEGER NOT NULL,
            PRIMARY KEY (account, network)
        ) STRICT, WITHOUT ROWID
        """,
        """
        CREATE TABLE IF NOT EXISTS app_password_uses (id INTEGER PRIMARY KEY, hour INTEGER NOT NULL) STRICT
        """,
        """
        CREATE TABLE IF NOT EXISTS last_log_ons (account INTEGER PRIMARY KEY, moment INTEGER NOT NULL) STRICT
        """,
    ]

    // MARK: Bans

    private static let columns = "kind, name, since, until, reason, by_hand"

    /// The one in force, if there is one.
    func ban(of subject: GuardSubject, at now: Int64) throws(SQLiteError) -> LogOnBan? {
        try database.first(
            "SELECT \(Self.columns) FROM bans WHERE kind = ?1 AND name = ?2 AND until > ?3",
            [.text(subject.kind), .text(subject.description), .integer(now)]
        ) { LogOnBan($0) }
    }

    /// Those in force, the newest first, at most `count`.
    func bans(at now: Int64, count: Int) throws(SQLiteError) -> [LogOnBan] {
        try database.all(
            "SELECT \(Self.columns) FROM bans WHERE until > ?1 ORDER BY since DESC, name LIMIT ?2",
            [.integer(now), .integer(Int64(count))]
        ) { LogOnBan($0) }
    }

    /// Keeps a ban, and says whether it is in force: one by hand is not replaced by one that is not.
    func set(_ ban: LogOnBan) throws(SQLiteError) -> Bool {
        try forgetFailures(of: ban.subject)
        try database.run(
            """
            INSERT INTO bans (\(Self.columns)) VALUES (?1, ?2, ?3, ?4, ?5, ?6)
            ON CONFLICT (kind, name) DO UPDATE SET since = ?3, until = ?4, reason = ?5, by_hand = ?6
            WHERE ?6 = 1 OR by_hand = 0 OR until <= ?3
            """,
            [
                .text(ban.subject.kind), .text(ban.subject.description), .integer(ban.since), .integer(ban.until),
                .text(ban.reason), SQLiteValue(ban.isByHand),
            ]
        )
        return database.changedRows > 0
    }

    /// Whether there was one in force.
    func lift(_ subject: GuardSubject, at now: Int64) throws(SQLiteError) -> Bool {
        try forgetFailures(of: subject)
        try database.run(
            "DELETE FROM bans WHERE kind = ?1 AND name = ?2 AND until > ?3",
            [.text(subject.kind), .text(subject.description), .integer(now)]
        )
        return database.changedRows > 0
    }

    // MARK: Failures

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

    private func forgetFailures(of subject: GuardSubject) throws(SQLiteError) {
        try database.run(
            "DELETE FROM failures WHERE kind = ?1 AND name = ?2",
            [.text(subject.kind), .text(subject.description)]
        )
    }

    // MARK: Where accounts are at home

    /// Days for which an address is remembered that an account has logged on from.
    private static let knownDays: Int64 = 90
    /// How many addresses of one account are remembered: those of some months on the road.
    private static let knownNetworks: Int64 = 500

    /// Somebody logged on well from there on this day.
    func know(_ network: String, of account: Int64, day: Int64) throws(SQLiteError) {
        try database.run(
            """
            INSERT INTO known_networks (account, network, day) VALUES (?1, ?2, ?3)
            ON CONFLICT (account, network) DO UPDATE SET day = ?3
            """,
            [.integer(account), .text(network), .integer(day)]
        )
        try database.run(
            """
            DELETE FROM known_networks WHERE account = ?1 AND network IN (
                SELECT network FROM known_networks WHERE account = ?1 ORDER BY day DESC LIMIT -1 OFFSET ?2
            )
            """,
            [.integer(account), .integer(Self.knownNetworks)]
        )
    }

    /// Whether the account has logged on from there lately.
    func knows(_ network: String, of account: Int64, on day: Int64) throws(SQLiteError) -> Bool {
        try database.first(
            "SELECT 1 FROM known_networks WHERE account = ?1 AND network = ?2 AND day >= ?3",
            [.integer(account), .text(network), .integer(day - Self.knownDays)]
        ) { $0.bool(0) } ?? false
    }

    // MARK: Pace

    /// Notes a log-on, unless the last one is less than `seconds` ago.
    ///
    /// One in the future is none: somebody has put the clock back.
    func admit(_ account: Int64, every seconds: Int64, at now: Int64) throws(SQLiteError) -> Bool {
        try database.run(
            """
            INSERT INTO last_log_ons (account, moment) VALUES (?1, ?2)
            ON CONFLICT (account) DO UPDATE SET moment = ?2 WHERE moment <= ?2 - ?3 OR moment > ?2
            """,
            [.integer(account), .integer(now), .integer(seconds)]
        )
        return database.changedRows > 0
    }

    func withdraw(_ account: Int64) throws(SQLiteError) {
        try database.run("DELETE FROM last_log_ons WHERE account = ?1", [.integer(account)])
    }

    // MARK: App passwords

    func noteUse(of id: Int64, hour: Int64) throws(SQLiteError) {
        try database.run(
            "INSERT INTO app_password_uses (id, hour) VALUES (?1, ?2) ON CONFLICT (id) DO UPDATE SET hour = ?2",
            [.integer(id), .integer(hour)]
        )
    }

    func lastUse(of id: Int64) throws(SQLiteError) -> Int64? {
        try database.first("SELECT hour FROM app_password_uses WHERE id = ?1", [.integer(id)]) { $0.integer(0) }
    }

    func forgetUse(of id: Int64) throws(SQLiteError) {
        try database.run("DELETE FROM app_password_uses WHERE id = ?1", [.integer(id)])
    }

    // MARK: Bounds

    /// Who tries from many addresses fills the file with no more than this: some 20 MB.
    private static let maximumFailures: Int64 = 200_000
    private static let maximumBans: Int64 = 50_000

    /// Drops what counts no more, and the oldest of what is too much.
    ///
    /// Bans by hand stay.
    func purge(window: Int64, at now: Int64) throws(SQLiteError) {
        try database.run("DELETE FROM failures WHERE updated < ?1", [.integer(now - window)])
        try database.run("DELETE FROM bans WHERE until <= ?1", [.integer(now)])
        try database.run("DELETE FROM known_networks WHERE day < ?1", [.integer(now / 86_400 - Self.knownDays)])
        try database.run("DELETE FROM last_log_ons WHERE moment < ?1", [.integer(now - 86_400)])
        try trim("failures", orderedBy: "updated", where: "1", to: Self.maximumFailures)
        try trim("bans", orderedBy: "until", where: "by_hand = 0", to: Self.maximumBans)
    }

    private func trim(
        _ table: String,
        orderedBy column: String,
        where condition: String,
        to count: Int64
    ) throws(SQLiteError) {
        let found = try database.first("SELECT count(*) FROM \(table) WHERE \(condition)") { $0.integer(0) } ?? 0
        guard found > count else { return }
        try database.run(
            """
            DELETE FROM \(table) WHERE (kind, name) IN (
                SELECT kind, name FROM \(table) WHERE \(condition) ORDER BY \(column) LIMIT ?1
            )
            """,
            [.integer(found - count)]
        )
    }
}

extension LogOnBan {
    /// Reads `kind, name, since, until, reason, by_hand`.
    fileprivate init(_ row: borrowing PreparedStatement) {
        self.init(
            subject: GuardSubject(kind: row.text(0), name: row.text(1)),
            since: row.integer(2),
            until: row.integer(3),
            reason: row.text(4),
            isByHand: row.bool(5)
        )
    }
}
