// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import CSQLite

/// A value on its way into a statement.
enum SQLiteValue: Sendable, Hashable, ExpressibleByStringLiteral, ExpressibleByIntegerLiteral, ExpressibleByNilLiteral {
    case null
    case integer(Int64)
    case text(String)

    init(stringLiteral value: String) { self = .text(value) }
    init(integerLiteral value: Int64) { self = .integer(value) }
    init(nilLiteral: ()) { self = .null }

    init(_ value: Int64?) { self = value.map(SQLiteValue.integer) ?? .null }
    init(_ value: String?) { self = value.map(SQLiteValue.text) ?? .null }
    init(_ value: Bool) { self = .integer(value ? 1 : 0) }
}

/// One compiled statement, and the row it stands on.
///
/// Finalized when it goes; used on its connection's thread only.
@safe
struct PreparedStatement: ~Copyable {
    private let connection: OpaquePointer
    private let statement: OpaquePointer

    /// Compiles `sql`, which is one statement.
    init(_ sql: String, on connection: OpaquePointer) throws(SQLiteError) {
        var compiled: OpaquePointer?
        let result = unsafe sqlite3_prepare_v2(connection, sql, -1, &compiled, nil)
        guard result == SQLITE_OK, let compiled = unsafe compiled else {
            throw unsafe SQLiteError(code: result, of: connection)
        }
        unsafe self.connection = connection
        unsafe statement = compiled
    }

    deinit { unsafe sqlite3_finalize(statement) }

    /// Binds values to the parameters, from the first.
    func bind(_ values: [SQLiteValue]) throws(SQLiteError) {
        for (index, value) in values.enumerated() { try bind(value, at: Int32(clamping: index + 1)) }
    }

    /// Goes to the next row; false when there is none.
    func step() throws(SQLiteError) -> Bool {
        let result = unsafe sqlite3_step(statement)
        switch result {
        case SQLITE_ROW: return true
        case SQLITE_DONE: return false
        default: throw unsafe SQLiteError(code: sqlite3_extended_errcode(connection), of: connection)
        }
    }

    func isNull(_ column: Int32) -> Bool { unsafe sqlite3_column_type(statement, column) == SQLITE_NULL }
    func integer(_ column: Int32) -> Int64 { unsafe sqlite3_column_int64(statement, column) }
    func bool(_ column: Int32) -> Bool { integer(column) != 0 }
    func optionalInteger(_ column: Int32) -> Int64? { isNull(column) ? nil : integer(column) }

    /// The column as text; what is not UTF-8 in it is replaced, NULL is empty.
    func text(_ column: Int32) -> String { optionalText(column) ?? "" }

    func optionalText(_ column: Int32) -> String? {
        guard let octets = unsafe sqlite3_column_text(statement, column) else { return nil }
        let count = unsafe Int(sqlite3_column_bytes(statement, column))
        return unsafe String(decoding: UnsafeBufferPointer(start: octets, count: count), as: UTF8.self)
    }

    private func bind(_ value: SQLiteValue, at index: Int32) throws(SQLiteError) {
        let result: Int32 =
            switch value {
            case .null: unsafe sqlite3_bind_null(statement, index)
            case .integer(let number): unsafe sqlite3_bind_int64(statement, index, number)
            case .text(let text):
                unsafe CSQLite_bind_text(statement, index, text, Int32(clamping: text.utf8.count))
            }
        guard result == SQLITE_OK else { throw unsafe SQLiteError(code: result, of: connection) }
    }
}
