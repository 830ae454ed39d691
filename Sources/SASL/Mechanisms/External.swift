// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

/// EXTERNAL (RFC 4422 appendix A): TLS has asked for the client's certificate, and that is the proof.
///
/// ```
/// initial-response = *( UTF8-char-no-nul )
/// ```
struct ExternalServer: SASLServerMechanism {
    let identities: [String]
    private var isOver = false

    init(identities: [String]) { self.identities = identities }

    mutating func next(_ message: [UInt8]?) -> SASLStep {
        guard !isOver else { return .fail(.malformed(.outOfSequence)) }
        guard let message else { return .challenge([]) }
        isOver = true
        guard message.isEmpty || SASLCredentials.user(message) != nil else { return .fail(.malformed(.badUserName)) }
        return .verify(.certificate(user: String(decoding: message, as: UTF8.self), identities: identities))
    }
}
