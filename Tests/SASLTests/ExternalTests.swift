// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

import ByteTools
import SASL
import Testing

@Suite struct ExternalTests {
    private static let channel = SASLChannel(.tls, identities: ["alice@example.test"])

    @Test(arguments: [
        ("=", SASLStep.verify(.certificate(user: "", identities: ["alice@example.test"]))),
        ("alice@example.test", .verify(.certificate(user: "alice@example.test", identities: ["alice@example.test"]))),
        ("a\0b", .fail(.malformed(.badUserName))), ("a\rb", .fail(.malformed(.badUserName))),
        (String(repeating: "a", count: 257), .fail(.malformed(.badUserName))),
    ])
    func messages(_ message: String, _ step: SASLStep) {
        let response = message == "=" ? Array(message.utf8) : Base64.encode(Array(message.utf8))
        let (_, action) = SASLServerExchange.begin(.external, on: Self.channel, initialResponse: response)
        switch (action, step) {
        case (.verify(let found), .verify(let expected)): #expect(found == expected)
        case (.fail(let found), .fail(let expected)): #expect(found == expected)
        default: Issue.record("\(message) gave \(action)")
        }
    }

    @Test("offered with a certificate, over TLS only") func offered() {
        #expect(SASLMechanism.external.isAllowed(on: Self.channel))
        #expect(!SASLMechanism.external.isAllowed(on: .tls))
        #expect(SASLMechanism.external.lacksCertificate(on: .tls))
        #expect(!SASLMechanism.external.lacksCertificate(on: Self.channel))
        #expect(
            !SASLMechanism.external.lacksCertificate(on: .loopback) && !SASLMechanism.plain.lacksCertificate(on: .tls)
        )
        #expect(!SASLMechanism.external.isAllowed(on: SASLChannel(.loopback, identities: ["alice@example.test"])))
    }

    @Test func `Without an initial response it is asked for`() {
        var (exchange, action) = SASLServerExchange.begin(.external, on: Self.channel)
        #expect(action == .challenge([]))
        #expect(exchange.respond(to: []) == .verify(.certificate(user: "", identities: ["alice@example.test"])))
        #expect(exchange.respond(to: []) == .fail(.malformed(.outOfSequence)))
    }
}
