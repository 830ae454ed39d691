// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import ByteTools

/// PLAIN (RFC 4616 §2).
///
/// The authorization identity must be empty or the user's own name: nobody acts for others.
///
/// ```
/// message = [authzid] UTF8NUL authcid UTF8NUL passwd
/// ```
struct PlainServer: SASLServerMechanism {
    private var isOver = false

    mutating func next(_ message: [UInt8]?) -> SASLStep {
        guard !isOver else { return .fail(.malformed(.outOfSequence)) }
        guard let message else { return .challenge([]) }
        isOver = true
        do throws(SASLFailure) {
            return .verify(try Self.proof(from: message))
        } catch {
            return .fail(error)
        }
    }

    private static func proof(from message: [UInt8]) throws(SASLFailure) -> SASLProof {
        let parts = message.split(separator: ASCII.null, maxSplits: 3, omittingEmptySubsequences: false)
        guard parts.count == 3 else { throw .malformed(.notThreeParts) }
        let (authorization, user, password) = (parts[0], parts[1], parts[2])
        let proof = try SASLCredentials.proof(user: user, password: password)
        guard authorization.isEmpty || ASCII.equalIgnoringCase(authorization, user) else { throw .notAuthorized }
        return proof
    }
}

/// The client's side of PLAIN.
package enum PlainClient {
    /// The one message there is, before base64.
    ///
    /// `nil` when a part holds NUL, which the format cannot carry.
    package static func message(
        user: String,
        password: some Collection<UInt8>,
        authorization: String = ""
    ) -> [UInt8]? {
        let parts = [Array(authorization.utf8), Array(user.utf8), Array(password)]
        guard !parts.joined().contains(ASCII.null) else { return nil }
        return Array(parts.joined(separator: [ASCII.null]))
    }
}
