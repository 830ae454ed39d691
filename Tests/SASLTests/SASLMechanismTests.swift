// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

import SASL
import Testing

@Suite struct SASLMechanismTests {
    @Test("secrets in the clear never leave the machine")
    func offered() {
        func names(_ channel: SASLChannel) -> [String] {
            SASLMechanism.offered(among: SASLMechanism.all, on: channel).map(\.name)
        }
        let unbound = ["SCRAM-SHA-256", "SCRAM-SHA-1", "PLAIN", "LOGIN", "OAUTHBEARER", "XOAUTH2"]
        #expect(names(.clear) == [])
        #expect(names(.loopback) == unbound)
        #expect(names(.tls) == unbound)
        #expect(
            names(SASLChannel(.tls, bindings: ["tls-exporter": [1]])) == [
                "SCRAM-SHA-256-PLUS", "SCRAM-SHA-256", "SCRAM-SHA-1-PLUS", "SCRAM-SHA-1", "PLAIN", "LOGIN",
                "OAUTHBEARER", "XOAUTH2",
            ]
        )
    }

    @Test func namesIgnoreCase() {
        #expect(SASLMechanism.named("plain".utf8)?.name == "PLAIN")
        #expect(SASLMechanism.named("Login".utf8)?.name == "LOGIN")
        #expect(SASLMechanism.named("CRAM-MD5".utf8) == nil)
        #expect(SASLMechanism.named("".utf8) == nil)
    }

    @Test("what is bound to TLS needs it, and the rest may go in the clear") func traits() {
        let bound = SASLMechanism("X-PLUS", .needsTLS) { _ in Silent() }
        let safe = SASLMechanism("X") { _ in Silent() }
        let table = [(SASLChannel.clear, false, true), (.loopback, false, true), (.tls, true, true)]
        for (channel, boundAllowed, safeAllowed) in table {
            #expect(bound.isAllowed(on: channel) == boundAllowed)
            #expect(safe.isAllowed(on: channel) == safeAllowed)
        }
    }

    @Test func serverFirstTakesNoInitialResponse() {
        let mechanism = SASLMechanism("X", .serverFirst) { _ in Silent() }
        #expect(
            SASLServerExchange.begin(mechanism, initialResponse: Array("AAAA".utf8)).action
                == .fail(.malformed(.unexpectedInitialResponse))
        )
        #expect(SASLServerExchange.begin(mechanism).action == .challenge([]))
    }

    private struct Silent: SASLServerMechanism {
        mutating func next(_ message: [UInt8]?) -> SASLStep { .challenge([]) }
    }
}
