// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

/// The server's side of one exchange: a state machine over decoded messages, without I/O.
package protocol SASLServerMechanism: Sendable {
    /// Takes the client's next message, `nil` at the start when it sent no initial response.
    mutating func next(_ message: [UInt8]?) -> SASLStep

    /// Takes the directory's answer to what `next` asked it.
    ///
    /// Unless a mechanism says otherwise, that is the end.
    mutating func take(_ answer: SASLAnswer) -> SASLStep
}

extension SASLServerMechanism {
    package mutating func take(_ answer: SASLAnswer) -> SASLStep {
        if case .outcome(let outcome) = answer { .done(outcome) } else { .done(.unavailable) }
    }
}

/// What a mechanism wants next.
package enum SASLStep: Sendable, Hashable {
    /// Octets for the client, not yet in base64; may be empty.
    case challenge([UInt8])
    /// Ask the directory, and tell the mechanism what it said.
    case verify(SASLProof)
    /// The exchange is over.
    case done(AuthenticationOutcome)
    case fail(SASLFailure)
}

/// What the client offers as proof, or needs for giving one; for the directory.
///
/// `user` is UTF-8 of 1 to 256 octets without control characters.
package enum SASLProof: Sendable, Hashable {
    /// `password` is 1 to 1,024 octets without NUL.
    case password(user: String, password: [UInt8])
    /// With what the password of a user is salted; answered alike for users there are not.
    case scramParameters(user: String, hash: SCRAMHash)
    case scram(SCRAMProof)
    /// TLS has proved the client to be one of `identities`; `user` is who it wants to be, empty for whoever that is.
    case certificate(user: String, identities: [String])
    /// `token` is 1 to 8,192 octets of visible ASCII; `user` is who the client says it is for, empty when it does not.
    case token(user: String, token: String)

    package var user: String {
        switch self {
        case .password(let user, _), .scramParameters(let user, _), .certificate(let user, _),
            .token(let user, _):
            user
        case .scram(let proof): proof.user
        }
    }
}

/// What the directory says to a `SASLProof`.
package enum SASLAnswer: Sendable, Hashable {
    case outcome(AuthenticationOutcome)
    /// To `scramParameters`.
    case scramParameters(salt: [UInt8], iterations: UInt32)
    /// To `scram`, when the proof is right: `signature` proves to the client that this server knows its password, too.
    case scram(AuthenticatedUser, signature: [UInt8])
}

/// Why an exchange ended before anything was checked.
package enum SASLFailure: Error, Sendable, Hashable {
    /// The client sent `*` (RFC 4954 §4, RFC 5034 §4, RFC 9051 §6.2.2): BAD, 501 or -ERR.
    case cancelled
    /// Not base64, or not what the mechanism prescribes: BAD, 501 or -ERR.
    case malformed(StaticReason)
    /// The client asks to act for somebody else, which is not offered: `NO [AUTHORIZATIONFAILED]`, 535, `-ERR [AUTH]`.
    case notAuthorized
    /// What the client took for this connection's TLS is another's, or it was told that there is no channel binding:
    /// somebody may stand between (RFC 5802 §6). `NO [AUTHENTICATIONFAILED]`, 535, `-ERR [AUTH]`.
    case channelBinding

    /// What a client may be told of a malformed message.
    package enum StaticReason: String, Sendable, Hashable, CustomStringConvertible {
        case notBase64 = "not base64"
        case tooLong = "response too long"
        case notThreeParts = "not the three parts of PLAIN"
        case badUserName = "user name is empty, too long, or not UTF-8"
        case badPassword = "password is empty, too long, or holds NUL"
        case unexpectedInitialResponse = "this mechanism takes no initial response"
        case outOfSequence = "nothing more was expected"
        case notSCRAM = "not a message of SCRAM"
        case mandatoryExtension = "SCRAM extension not known"
        case bindingType = "channel binding type not known"
        case notBearer = "not a message with a bearer token"
        case badNonce = "the nonce is another one"

        package var description: String { rawValue }
    }

    /// For the client, in one phrase.
    package var text: String {
        switch self {
        case .cancelled: "authentication cancelled"
        case .malformed(let reason): reason.rawValue
        case .notAuthorized: "cannot act for another user"
        case .channelBinding: "channel binding does not match"
        }
    }
}
