// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import CSQLite
internal import Glibc

/// A connection to one SQLite file that other processes use too: write-ahead log, full sync, a bounded wait for locks.
@safe
final class Database: @unchecked Sendable {
    // Safe to hand over: the connection is opened in serialized mode, and the directory uses it from one thread.
    private let connection: OpaquePointer

    /// How long a statement waits for another process's write.
    static let busyTimeoutMilliseconds: Int32 = 5000

    /// Opens `file`, and makes it, readable by its owner only, when it is missing.
    init(file: String) throws(SQLiteError) {
        Self.create(file)
        var opened: OpaquePointer?
        let flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_FULLMUTEX | SQLITE_OPEN_EXRESCODE
        let result = unsafe sqlite3_open_v2(file, &opened, flags, nil)
        guard result == SQLITE_OK, let opened = unsafe opened else {
            let error = unsafe SQLiteError(code: result, of: opened)
            unsafe sqlite3_close_v2(opened)
            throw error
        }
        unsafe connection = opened
        unsafe sqlite3_busy_timeout(opened, Self.busyTimeoutMilliseconds)
        try run("PRAGMA journal_mode = WAL")
        try run("PRAGMA synchronous = FULL")
        try run("PRAGMA foreign_keys = ON")
        try run("PRAGMA trusted_schema = OFF")
    }

    deinit { unsafe sqlite3_close_v2(connection) }

    private func prepare(_ sql: String, _ values: [SQLiteValue]) throws(SQLiteError) -> PreparedStatement {
        let statement = try unsafe PreparedStatement(sql, on: connection)
        try statement.bind(values)
        return statement
    }

    /// Runs one statement to its end.
    func run(_ sql: String, _ values: [SQLiteValue] = []) throws(SQLiteError) {
        let statement = try prepare(sql, values)
        while try statement.step() {}
    }

    /// The first row of a query, if there is one.
    func first<Value>(
        _ sql: String,
        _ values: [SQLiteValue] = [],
        _ read: (borrowing PreparedStatement) -> Value
    ) throws(SQLiteError) -> Value? {
        let statement = try prepare(sql, values)
        return try statement.step() ? read(statement) : nil
    }

    /// All rows of a query.
    func all<Value>(
        _ sql: String,
        _ values: [SQLiteValue] = [],
        _ read: (borrowing PreparedStatement) -> Value
    ) throws(SQLiteError) -> [Value] {
        let statement = try prepare(sql, values)
        var rows: [Value] = []
        while try statement.step() { rows.append(read(statement)) }
        return rows
    }

    /// Runs `body` as one transaction that has the right to write from its start; an error undoes all of it.
    func transaction<Value>(_ body: () throws -> Value) throws -> Value {
        try run("BEGIN IMMEDIATE")
        do {
            let value = try body()
            try run("COMMIT")
            return value
        } catch {
            // Fails when SQLite has rolled back by itself (a full disk), which is what is wanted.
            try? run("ROLLBACK")
            throw error
        }
    }

    /// The ROWID of the row inserted last.
    var lastInsertedRow: Int64 { unsafe sqlite3_last_insert_rowid(connection) }

    /// Rows that the last statement changed.
    var changedRows: Int { unsafe Int(sqlite3_changes64(connection)) }

    /// A value that differs whenever this or another process has changed the file in between.
    func version() throws(SQLiteError) -> DatabaseVersion {
        let others = try first("PRAGMA data_version") { $0.integer(0) }
        return unsafe DatabaseVersion(others: others ?? 0, own: sqlite3_total_changes64(connection))
    }

    /// SQLite would make the file readable by all.
    ///
    /// Nothing is opened when it exists: closing a descriptor of it would drop this process's locks on it.
    static func create(_ file: String) {
        let descriptor = unsafe open(file, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
        if descriptor >= 0 { close(descriptor) }
    }
}

/// See `Database.version()`.
struct DatabaseVersion: Sendable, Hashable {
    let others: Int64
    let own: Int64
}
