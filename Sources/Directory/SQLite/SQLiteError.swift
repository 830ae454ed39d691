// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import CSQLite

/// What SQLite refused, with its own words.
struct SQLiteError: Error, Sendable, CustomStringConvertible {
    /// The extended result code.
    let code: Int32
    let description: String

    init(code: Int32, message: String) {
        self.code = code
        description = "\(message) (SQLite \(code))"
    }

    /// The error that `connection` reported last.
    ///
    /// Call at once after the failing call, on the same thread.
    init(code: Int32, of connection: OpaquePointer?) {
        let text = unsafe sqlite3_errmsg(connection).map { unsafe String(cString: $0) }
        self.init(code: code, message: text ?? "out of memory")
    }
}
