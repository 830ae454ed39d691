// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

/// The server's side of one exchange: a state machine over decoded messages, without I/O.
package protocol SASLServerMechanism: Sendable {
    /// Takes the client's next message, `nil` at the start when it sent no initial response.
    mutating func next(_ message: [UInt8]?) -> SASLStep
}

/// What a mechanism wants next.
package enum SASLStep: Sendable, Hashable {
    /// Octets for the client, not yet in base64; may be empty.
    case challenge([UInt8])
    /// The client has said all it has to say; the directory decides.
    case verify(SASLProof)
    case fail(SASLFailure)
}

/// What the client offers as proof, for the directory to check.
package enum SASLProof: Sendable, Hashable {
    /// `user` is UTF-8 of 1 to 256 octets without control characters, `password` 1 to 1,024 octets without NUL.
    case password(user: String, password: [UInt8])
}

/// Why an exchange ended before anything was checked.
package enum SASLFailure: Error, Sendable, Hashable {
    /// The client sent `*` (RFC 4954 §4, RFC 5034 §4, RFC 9051 §6.2.2): BAD, 501 or -ERR.
    case cancelled
    /// Not base64, or not what the mechanism prescribes: BAD, 501 or -ERR.
    case malformed(StaticReason)
    /// The client asks to act for somebody else, which is not offered: `NO [AUTHORIZATIONFAILED]`, 535, `-ERR [AUTH]`.
    case notAuthorized

    /// What a client may be told of a malformed message.
    package enum StaticReason: String, Sendable, Hashable, CustomStringConvertible {
        case notBase64 = "not base64"
        case tooLong = "response too long"
        case notThreeParts = "not the three parts of PLAIN"
        case badUserName = "user name is empty, too long, or not UTF-8"
        case badPassword = "password is empty, too long, or holds NUL"
        case unexpectedInitialResponse = "this mechanism takes no initial response"
        case outOfSequence = "nothing more was expected"

        package var description: String { rawValue }
    }

    /// For the client, in one phrase.
    package var text: String {
        switch self {
        case .cancelled: "authentication cancelled"
        case .malformed(let reason): reason.rawValue
        case .notAuthorized: "cannot act for another user"
        }
    }
}
