// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

package import MailTypes

/// A protocol that a person logs on to; accounts can have each switched off.
package enum MailService: String, Sendable, Hashable, CaseIterable {
    case imap
    case pop3
    case submission
}

/// Who has been proved to be there.
package struct AuthenticatedUser: Sendable, Hashable {
    package var account: AccountID
    /// The account's primary address.
    package var name: MailboxAddress

    package init(account: AccountID, name: MailboxAddress) {
        self.account = account
        self.name = name
    }
}

/// What came of a proof.
package enum AuthenticationOutcome: Sendable, Hashable {
    case success(AuthenticatedUser)
    /// Unknown user or wrong secret: which of the two is never told (`NO [AUTHENTICATIONFAILED]`, `535 5.7.8`).
    case invalidCredentials
    /// The account may not use this service, or is disabled (`NO [AUTHORIZATIONFAILED]`).
    case notPermitted
    /// The directory did not answer in time (`NO [UNAVAILABLE]`, `454 4.7.0`).
    case unavailable
}

/// Checks secrets against the directory.
///
/// Composition supplies it to the protocols.
package protocol Authenticator: Sendable {
    /// Checks a password. `user` is what the client sent, taken as UTF-8; a full address, or a local part when one
    /// domain is the default. Slow on purpose (password hashing), and runs off the event loop.
    func authenticate(
        user: String,
        password: [UInt8],
        service: MailService,
        peer: String
    ) async -> AuthenticationOutcome

    /// Answers what a mechanism asks. A log-on that fails is counted and reported here.
    func answer(_ proof: SASLProof, from peer: SASLPeer) async -> SASLAnswer

    /// The mechanisms that can succeed now, whatever the connection is, in the order in which they are advertised.
    func mechanisms() async -> [SASLMechanism]
}

extension Authenticator {
    /// For an authenticator that knows passwords and nothing else.
    package func answer(_ proof: SASLProof, from peer: SASLPeer) async -> SASLAnswer {
        guard case .password(let user, let password) = proof else { return .outcome(.unavailable) }
        return .outcome(
            await authenticate(user: user, password: password, service: peer.service, peer: peer.address)
        )
    }

    package func mechanisms() async -> [SASLMechanism] { SASLMechanism.passwords }
}
