// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

package import Events
internal import Locking
internal import MailTypes
internal import Runtime
package import Settings

/// The directory as one process sees it.
///
/// See the head of Directory.swift for what it promises.
///
/// May be called from any task; nothing in it blocks the caller's thread.
package final class AccountDirectory: Sendable {
    let settings: LiveSettings
    let events: EventRecorder
    let cache = DirectoryCache()
    let hasher = PasswordHasher()
    let verified = VerifiedCredentials()
    let tokens: (any TokenAuthority)?
    /// What was read last, for when the directory cannot be read.
    let lastQuotas = Lock<[AccountID: StoredQuota]>([:])
    /// Failed log-ons, of all processes.
    let guardian: LogOnGuard
    private let file: String
    private let database: Database
    private let pool: BlockingPool

    /// Opens the directory in `file`, making it when it is missing.
    ///
    /// The file's folder must exist. Without `tokens` nobody logs on with one.
    package static func open(
        file: String,
        settings: LiveSettings,
        events: EventRecorder,
        tokens: (any TokenAuthority)? = nil
    ) async throws(DirectoryError) -> AccountDirectory {
        let pool = BlockingPool(name: "directory", threads: 1)
        let database = try await Self.translatingErrors(file: file) {
            try await pool.run {
                let database = try Database(file: file)
                try Schema.migrate(database)
                return database
            }
        }
        return AccountDirectory(
            file: file,
            database: database,
            pool: pool,
            settings: settings,
            events: events,
            tokens: tokens
        )
    }

    private init(
        file: String,
        database: Database,
        pool: BlockingPool,
        settings: LiveSettings,
        events: EventRecorder,
        tokens: (any TokenAuthority)?
    ) {
        self.file = file
        self.database = database
        self.pool = pool
        self.settings = settings
        self.events = events
        self.tokens = tokens
        guardian = LogOnGuard(file: file + "-log-ons", settings: settings, events: events)
    }

    /// Runs `body` on the database's thread.
    func read<Value: Sendable>(
        _ body: @escaping @Sendable (Database) throws -> Value
    ) async throws(DirectoryError) -> Value {
        try await Self.translatingErrors(file: file) { [pool, database] in
            try await pool.run { try body(database) }
        }
    }

    /// Writes the directory, as it is at one moment, into a new SQLite file.
    ///
    /// Throws `.unavailable` when something is at `path`, or it cannot be written.
    package func copy(to path: String) async throws(DirectoryError) {
        try await read { database in
            Database.create(path)
            try database.run("VACUUM INTO ?1", [.text(path)])
        }
    }

    /// Runs `body` on the database's thread as one transaction, and reports the change.
    func change<Value: Sendable>(
        _ verb: String,
        _ object: String,
        _ body: @escaping @Sendable (Database) throws -> Value
    ) async throws(DirectoryError) -> Value {
        defer { cache.clear() }
        let value = try await read { database in try database.transaction { try body(database) } }
        events.record(.directoryChanged, ["directory.verb": .string(verb), "directory.object": .string(object)])
        return value
    }

    /// An answer from the cache, else from the database.
    func answer(
        to question: DirectoryCache.Question,
        _ body: @escaping @Sendable (Database) throws -> DirectoryCache.Answer
    ) async throws(DirectoryError) -> DirectoryCache.Answer {
        if let known = cache.answer(to: question) { return known }
        return try await read { [cache] database in
            let moment = ContinuousClock.now
            let version = try database.version()
            if let known = cache.answer(to: question, version: version, at: moment) { return known }
            let answer = try body(database)
            cache.keep(answer, to: question, version: version, at: moment)
            return answer
        }
    }

    private static func translatingErrors<Value: Sendable>(
        file: String,
        _ body: () async throws -> Value
    ) async throws(DirectoryError) -> Value {
        do {
            return try await body()
        } catch let error as DirectoryError {
            throw error
        } catch let error as SQLiteError {
            throw .sqlite(error, file: file)
        } catch {
            throw DirectoryError(.unavailable, "The directory cannot be used: \(error).")
        }
    }
}
