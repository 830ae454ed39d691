// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

import ByteTools
import SASL
import Testing

@Suite struct PlainTests {
    typealias Action = SASLServerExchange.Action

    static func password(_ user: String, _ secret: String) -> Action {
        .verify(.password(user: user, password: Array(secret.utf8)))
    }

    static let messages: [(message: String, action: Action)] = [
        ("\0alice\0secret", password("alice", "secret")),
        ("alice\0alice\0secret", password("alice", "secret")),
        ("Alice@Example.test\0alice@example.test\0p", password("alice@example.test", "p")),
        ("\0ali\u{0308}ce\0pa\u{00df}", password("ali\u{0308}ce", "pa\u{00df}")),
        ("bob\0alice\0secret", .fail(.notAuthorized)),
        ("", .fail(.malformed(.notThreeParts))),
        ("alice", .fail(.malformed(.notThreeParts))),
        ("\0alice", .fail(.malformed(.notThreeParts))),
        ("\0alice\0se\0cret", .fail(.malformed(.notThreeParts))),
        ("\0alice\0\0\0\0\0", .fail(.malformed(.notThreeParts))),
        ("\0\0secret", .fail(.malformed(.badUserName))),
        ("\0alice\0", .fail(.malformed(.badPassword))),
        ("\0al\rice\0secret", .fail(.malformed(.badUserName))),
        ("\0" + String(repeating: "u", count: 256) + "\0p", password(String(repeating: "u", count: 256), "p")),
        ("\0" + String(repeating: "u", count: 257) + "\0p", .fail(.malformed(.badUserName))),
        ("\0u\0" + String(repeating: "p", count: 1024), password("u", String(repeating: "p", count: 1024))),
        ("\0u\0" + String(repeating: "p", count: 1025), .fail(.malformed(.badPassword))),
    ]

    @Test("with and without an initial response", arguments: messages)
    func message(_ message: String, _ expected: Action) {
        let text = Base64.encode(Array(message.utf8))
        #expect(
            SASLServerExchange.begin(.plain, initialResponse: text.isEmpty ? Array("=".utf8) : text).action == expected
        )

        var (exchange, first) = SASLServerExchange.begin(.plain)
        #expect(first == .challenge([]))
        #expect(exchange.respond(to: text) == expected)
    }

    @Test func userNameThatIsNotUTF8() {
        let message: [UInt8] = [0, 0xFF, 0xFE, 0, 0x70]
        #expect(
            SASLServerExchange.begin(.plain, initialResponse: Base64.encode(message)).action
                == .fail(.malformed(.badUserName))
        )
    }

    @Test("a password is octets: Latin-1 passes") func passwordInLatin1() {
        let message: [UInt8] = [0, 0x75, 0, 0xE9]
        #expect(
            SASLServerExchange.begin(.plain, initialResponse: Base64.encode(message)).action
                == .verify(.password(user: "u", password: [0xE9]))
        )
    }

    @Test("lines that are not base64", arguments: ["%", "AGE", "A", "AGFsaWNl AHNlY3JldA==", "====", "AA=A", " "])
    func notBase64(_ line: String) {
        var (exchange, _) = SASLServerExchange.begin(.plain)
        let action = exchange.respond(to: Array(line.utf8))
        guard case .fail(.malformed) = action else {
            Issue.record("\(line) gave \(action)")
            return
        }
    }

    @Test func cancelled() {
        var (exchange, _) = SASLServerExchange.begin(.plain)
        #expect(exchange.respond(to: Array("*".utf8)) == .fail(.cancelled))
    }

    @Test func lineTooLong() {
        var (exchange, _) = SASLServerExchange.begin(.plain)
        let line = [UInt8](repeating: 0x41, count: SASLServerExchange.maximumLineOctets + 1)
        #expect(exchange.respond(to: line) == .fail(.malformed(.tooLong)))
    }

    @Test func nothingAfterTheEnd() {
        var (exchange, _) = SASLServerExchange.begin(.plain, initialResponse: Base64.encode(Array("\0a\0b".utf8)))
        #expect(exchange.respond(to: Base64.encode(Array("\0a\0b".utf8))) == .fail(.malformed(.outOfSequence)))
    }

    @Test func clientMessageIsReadByTheServer() throws {
        let message = try #require(PlainClient.message(user: "jörg@example.test", password: Array("p w".utf8)))
        #expect(
            SASLServerExchange.begin(.plain, initialResponse: Base64.encode(message)).action
                == Self.password("jörg@example.test", "p w")
        )
        #expect(PlainClient.message(user: "a\0b", password: [1]) == nil)
    }

    @Test("any octets are an answer, never a trap") func noise() {
        var generator = SystemRandomNumberGenerator()
        for _ in 0..<2000 {
            let count = Int.random(in: 0...80, using: &generator)
            let octets = (0..<count).map { _ in Bool.random() ? 0 : UInt8.random(in: 0...255, using: &generator) }
            for mechanism in SASLMechanism.all {
                var (exchange, _) = SASLServerExchange.begin(mechanism, initialResponse: Base64.encode(octets))
                _ = exchange.respond(to: octets)
                _ = exchange.respond(to: Base64.encode(octets))
            }
        }
    }
}
