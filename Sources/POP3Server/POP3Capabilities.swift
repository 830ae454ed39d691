// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

package import POP3Wire
package import SASL

/// What CAPA answers, from the connection as it is now (RFC 2449 §5).
package struct POP3Capabilities: Sendable {
    package var channel: SASLChannel
    /// Whether STLS would work now: before log-on, in the clear, with a certificate.
    package var offersTLS: Bool
    /// What the directory can check.
    package var mechanisms: [SASLMechanism]
    /// Seconds; 0 for none.
    package var loginDelay: Int64

    package init(
        channel: SASLChannel,
        offersTLS: Bool,
        mechanisms: [SASLMechanism] = SASLMechanism.passwords,
        loginDelay: Int64 = 0
    ) {
        self.channel = channel
        self.offersTLS = offersTLS
        self.mechanisms = mechanisms
        self.loginDelay = loginDelay
    }

    package var all: [POP3Capability] {
        var all: [POP3Capability] = [
            .top, .uidl, .responseCodes, .authResponseCode, .pipelining, .expireNever, .lang, .utf8,
        ]
        let mechanisms = SASLMechanism.offered(among: mechanisms, on: channel).map(\.name)
        if channel.security.hidesSecrets { all.append(.user) }
        if !mechanisms.isEmpty { all.append(.sasl(mechanisms)) }
        if offersTLS { all.append(.stls) }
        if loginDelay > 0 { all.append(.loginDelay(loginDelay)) }
        return all + [.implementation("Martlet")]
    }
}
