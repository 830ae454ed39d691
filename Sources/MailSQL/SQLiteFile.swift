// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import CSQLite
internal import Glibc

/// What SQLite refused, with its own words.
package struct MailSQLError: Error, Sendable, CustomStringConvertible {
    package let description: String

    init(_ connection: OpaquePointer?) {
        let text = unsafe sqlite3_errmsg(connection).map { unsafe String(cString: $0) }
        description = "SQLite: \(text ?? "out of memory")"
    }
}

/// A value on its way into a row.
enum SQLValue {
    case null
    case integer(Int64)
    case text(String)
    /// So many octets of zero, which are then written over.
    case zeros(UInt64)

    static func optional(_ text: String?) -> SQLValue { text.map { .text($0) } ?? .null }
    static func optional(_ number: Int64?) -> SQLValue { number.map { .integer($0) } ?? .null }
}

/// A new SQLite file, written by one thread.
@safe
final class SQLiteFile {
    private let connection: OpaquePointer

    /// The file must not be there.
    ///
    /// It is on disk for certain only when its writer syncs it: whoever wants a file that is whole or not there writes
    /// it under another name.
    init(_ path: String) throws(MailSQLError) {
        var opened: OpaquePointer?
        let flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_EXRESCODE
        let result = unsafe sqlite3_open_v2(path, &opened, flags, nil)
        guard result == SQLITE_OK, let opened = unsafe opened else {
            let error = unsafe MailSQLError(opened)
            unsafe sqlite3_close_v2(opened)
            throw error
        }
        unsafe connection = opened
        for pragma in ["journal_mode = OFF", "synchronous = OFF", "locking_mode = EXCLUSIVE", "page_size = 4096"] {
            try run("PRAGMA " + pragma)
        }
    }

    deinit { unsafe sqlite3_close_v2(connection) }

    /// Runs statements without parameters.
    func run(_ sql: String) throws(MailSQLError) {
        guard unsafe sqlite3_exec(connection, sql, nil, nil, nil) == SQLITE_OK else {
            throw unsafe MailSQLError(connection)
        }
    }

    func prepare(_ sql: String) throws(MailSQLError) -> SQLStatement { try unsafe SQLStatement(sql, connection) }

    /// The ROWID of the row inserted last.
    var lastRow: Int64 { unsafe sqlite3_last_insert_rowid(connection) }

    /// Writes over octets of a blob in the row inserted last.
    func write(_ octets: [UInt8], at offset: UInt64, table: String, column: String, row: Int64) throws(MailSQLError) {
        var blob: OpaquePointer?
        guard unsafe sqlite3_blob_open(connection, "main", table, column, row, 1, &blob) == SQLITE_OK else {
            throw unsafe MailSQLError(connection)
        }
        defer { unsafe sqlite3_blob_close(blob) }
        let result = unsafe sqlite3_blob_write(blob, octets, Int32(clamping: octets.count), Int32(clamping: offset))
        guard result == SQLITE_OK else { throw unsafe MailSQLError(connection) }
    }
}

/// A statement that is run again and again.
@safe
final class SQLStatement {
    private let connection: OpaquePointer
    private let statement: OpaquePointer

    fileprivate init(_ sql: String, _ connection: OpaquePointer) throws(MailSQLError) {
        var compiled: OpaquePointer?
        guard unsafe sqlite3_prepare_v2(connection, sql, -1, &compiled, nil) == SQLITE_OK,
            let compiled = unsafe compiled
        else { throw unsafe MailSQLError(connection) }
        unsafe self.connection = connection
        unsafe statement = compiled
    }

    deinit { unsafe sqlite3_finalize(statement) }

    /// Runs it with these values.
    func run(_ values: [SQLValue]) throws(MailSQLError) {
        unsafe sqlite3_reset(statement)
        for (index, value) in values.enumerated() {
            guard bind(value, Int32(clamping: index + 1)) == SQLITE_OK else { throw unsafe MailSQLError(connection) }
        }
        guard unsafe sqlite3_step(statement) == SQLITE_DONE else { throw unsafe MailSQLError(connection) }
    }

    private func bind(_ value: SQLValue, _ index: Int32) -> Int32 {
        switch value {
        case .null: unsafe sqlite3_bind_null(statement, index)
        case .integer(let number): unsafe sqlite3_bind_int64(statement, index, number)
        case .text(let text): unsafe CSQLite_bind_text(statement, index, text, Int32(clamping: text.utf8.count))
        case .zeros(let count): unsafe sqlite3_bind_zeroblob64(statement, index, count)
        }
    }
}
