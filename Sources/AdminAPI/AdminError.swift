// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

package import ByteTools

/// Why an operation was not done.
///
/// `message` says what is wrong and what to do, for the person who asked.
package struct AdminError: Error, Sendable, Equatable, CustomStringConvertible {
    /// What callers switch on; each is one HTTP status and one exit code of the command line.
    package enum Code: String, Sendable, CaseIterable {
        /// The request itself makes no sense.
        case badRequest = "bad-request"
        case forbidden
        case notFound = "not-found"
        case methodNotAllowed = "method-not-allowed"
        /// It is there already, or something else stands in the way.
        case conflict
        case tooLarge = "too-large"
        /// Understood, but the value is not one that may be.
        case invalid
        /// A fault of ours or of the machine.
        case failure
        /// Not now: a part that is needed does not run or does not answer.
        case unavailable
        /// The part that was at it ended on the way; the operation may be asked for again.
        case interrupted
    }

    package let code: Code
    package let message: String

    package init(_ code: Code, _ message: String) {
        self.code = code
        self.message = message
    }

    package var description: String { message }

    /// Reads what `json` writes; `nil` for anything else.
    package init?(json: JSONValue) {
        guard let error = json["error"], let message = error["message"]?.string else { return nil }
        self.init(error["code"]?.string.flatMap(Code.init(rawValue:)) ?? .failure, message)
    }

    package var json: JSONValue { ["error": ["code": .string(code.rawValue), "message": .string(message)]] }
}

extension AdminError.Code {
    package var httpStatus: Int {
        switch self {
        case .badRequest: 400
        case .forbidden: 403
        case .notFound: 404
        case .methodNotAllowed: 405
        case .conflict: 409
        case .tooLarge: 413
        case .invalid: 422
        case .failure: 500
        case .unavailable, .interrupted: 503
        }
    }
}
