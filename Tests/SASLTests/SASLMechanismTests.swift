// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

import SASL
import Testing

@Suite struct SASLMechanismTests {
    @Test("secrets in the clear never leave the machine")
    func offered() {
        #expect(SASLMechanism.offered(on: .clear).map(\.name) == [])
        #expect(SASLMechanism.offered(on: .loopback).map(\.name) == ["PLAIN", "LOGIN"])
        #expect(SASLMechanism.offered(on: .tls).map(\.name) == ["PLAIN", "LOGIN"])
    }

    @Test func namesIgnoreCase() {
        #expect(SASLMechanism.named("plain".utf8)?.name == "PLAIN")
        #expect(SASLMechanism.named("Login".utf8)?.name == "LOGIN")
        #expect(SASLMechanism.named("CRAM-MD5".utf8) == nil)
        #expect(SASLMechanism.named("".utf8) == nil)
    }

    @Test("what is bound to TLS needs it, and the rest may go in the clear") func traits() {
        let bound = SASLMechanism("X-PLUS", .needsTLS) { Silent() }
        let safe = SASLMechanism("X") { Silent() }
        let table = [(ChannelSecurity.clear, false, true), (.loopback, false, true), (.tls, true, true)]
        for (channel, boundAllowed, safeAllowed) in table {
            #expect(bound.isAllowed(on: channel) == boundAllowed)
            #expect(safe.isAllowed(on: channel) == safeAllowed)
        }
    }

    @Test func serverFirstTakesNoInitialResponse() {
        let mechanism = SASLMechanism("X", .serverFirst) { Silent() }
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
