// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

/// A whole exchange, from the command that begins it to its outcome; the protocol only carries lines.
package struct SASLLogOn: Sendable {
    /// How it ended.
    package enum Ending: Sendable, Hashable {
        case outcome(AuthenticationOutcome)
        case failure(SASLFailure)
    }

    package let ending: Ending
    /// Who the client said it is; empty when it did not come to that.
    package let user: String

    /// Runs the exchange.
    ///
    /// `respond` is given a challenge in base64, sends it as the protocol's continuation, and returns the client's next
    /// line, without its line end, of at most `SASLServerExchange.maximumLineOctets`. What it throws ends the exchange.
    package static func run<Failure: Error>(
        _ mechanism: SASLMechanism,
        initialResponse: [UInt8]?,
        from peer: SASLPeer,
        against authenticator: any Authenticator,
        respond: (_ challenge: [UInt8]) async throws(Failure) -> [UInt8]
    ) async throws(Failure) -> SASLLogOn {
        var user = ""
        var (exchange, action) = SASLServerExchange.begin(
            mechanism,
            on: peer.channel,
            initialResponse: initialResponse
        )
        while true {
            switch action {
            case .challenge(let text): action = exchange.respond(to: try await respond(text))
            case .verify(let proof):
                user = proof.user
                action = exchange.take(await authenticator.answer(proof, from: peer))
            case .done(let outcome): return SASLLogOn(ending: .outcome(outcome), user: user)
            case .fail(let failure): return SASLLogOn(ending: .failure(failure), user: user)
            }
        }
    }
}
