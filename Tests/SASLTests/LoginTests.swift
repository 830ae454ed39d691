// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

import ByteTools
import SASL
import Testing

@Suite struct LoginTests {
    private let user = Base64.encode(Array("alice@example.test".utf8))
    private let secret = Base64.encode(Array("secret".utf8))
    private let asksUser = SASLServerExchange.Action.challenge(Array("VXNlcm5hbWU6".utf8))
    private let asksPassword = SASLServerExchange.Action.challenge(Array("UGFzc3dvcmQ6".utf8))
    private let verifies = SASLServerExchange.Action.verify(
        .password(user: "alice@example.test", password: Array("secret".utf8))
    )

    @Test func twoChallenges() {
        var (exchange, action) = SASLServerExchange.begin(.login)
        #expect(action == asksUser)
        #expect(exchange.respond(to: user) == asksPassword)
        #expect(exchange.respond(to: secret) == verifies)
        #expect(exchange.respond(to: secret) == .fail(.malformed(.outOfSequence)))
    }

    @Test func userAsInitialResponse() {
        var (exchange, action) = SASLServerExchange.begin(.login, initialResponse: user)
        #expect(action == asksPassword)
        #expect(exchange.respond(to: secret) == verifies)
    }

    @Test func emptyParts() {
        var (exchange, _) = SASLServerExchange.begin(.login)
        #expect(exchange.respond(to: []) == .fail(.malformed(.badUserName)))
        (exchange, _) = SASLServerExchange.begin(.login, initialResponse: user)
        #expect(exchange.respond(to: []) == .fail(.malformed(.badPassword)))
    }

    @Test func cancelledAtThePassword() {
        var (exchange, _) = SASLServerExchange.begin(.login, initialResponse: user)
        #expect(exchange.respond(to: Array("*".utf8)) == .fail(.cancelled))
    }
}
