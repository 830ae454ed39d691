// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

import ByteTools
import IMAPServer
import Locking
import Runtime
import SASL
import Testing

private let before = "IMAP4rev1 IMAP4rev2 SASL-IR LITERAL+ ID ENABLE AUTH=PLAIN AUTH=LOGIN"

private func base64(_ text: String) -> String { String(decoding: Base64.encode(Array(text.utf8)), as: UTF8.self) }

@Suite("Log-on", .timeLimit(.minutes(20)))
struct LogOnTests {
    @Test("Greeting, CAPABILITY, NOOP, ID and LOGOUT before log-on")
    func stranger() async throws {
        try await Dialogue().run { client in
            try await client.talk(
                """
                S: * OK [CAPABILITY \(before)] Martlet ready
                C: a CAPABILITY
                S: * CAPABILITY \(before)
                S: a OK CAPABILITY completed
                C: b noop
                S: b OK NOOP completed
                C: c ID ("name" "test" "os" NIL)
                S: * ID ("name" "Martlet" "version" "test")
                S: c OK ID completed
                C: d SELECT INBOX
                S: d BAD SELECT needs a log-on first
                C: e FOO
                S: e BAD Unknown command FOO
                C: f STARTTLS
                S: f BAD STARTTLS: not offered here, there is no certificate
                C: g LOGOUT
                S: * BYE Logging out
                S: g OK LOGOUT completed
                """
            )
            #expect(try await client.connection.readLine(maximum: 100) == nil)
        }
    }

    @Test(
        "Ways to log on",
        arguments: [
            "a LOGIN alice@example.test secret",
            "a LOGIN \"alice@example.test\" \"secret\"",
            "a LOGIN {18+}\r\nalice@example.test {6+}\r\nsecret",
            "a LOGIN alice@example.test \"pässword\"",
            "a AUTHENTICATE PLAIN \(base64("\0alice@example.test\0secret"))",
            "a authenticate plain \(base64("alice@example.test\0alice@example.test\0secret"))",
        ]
    )
    func logsOn(command: String) async throws {
        try await Dialogue().run { client in
            _ = try await client.receive()
            try await client.send(command + "\r\n")
            try await client.talk(
                """
                S: a OK [CAPABILITY \(CapabilityList.afterLogOn(IMAPConfiguration()).joined(separator: " "))] Logged on as alice@example.test
                C: b LOGIN x y
                S: b BAD LOGIN is valid before log-on only
                C: c NOOP
                S: c OK NOOP completed
                """
            )
        }
    }

    @Test("Log-on in steps: literals that wait, and SASL challenges")
    func steps() async throws {
        try await Dialogue().run { client in
            _ = try await client.receive()
            try await client.talk(
                """
                C: a LOGIN {18}
                S: + Ready for 18 octets
                C: alice@example.test {5}
                S: + Ready for 5 octets
                C: wrong
                S: a NO [AUTHENTICATIONFAILED] Wrong user name or password
                C: b AUTHENTICATE LOGIN
                S: + \(base64("Username:"))
                C: \(base64("alice@example.test"))
                S: + \(base64("Password:"))
                C: *
                S: b BAD AUTHENTICATE: authentication cancelled
                C: c AUTHENTICATE PLAIN
                S: + ...
                C: !!!
                S: c BAD AUTHENTICATE: not base64
                C: d AUTHENTICATE PLAIN =
                S: d BAD AUTHENTICATE: not the three parts of PLAIN
                C: e AUTHENTICATE CRAM-MD5
                S: e NO [CANNOT] No such mechanism; CAPABILITY has those there are
                C: f AUTHENTICATE PLAIN \(base64("bob\0alice@example.test\0secret"))
                S: f NO [AUTHORIZATIONFAILED] cannot act for another user
                C: g LOGIN blocked@example.test x
                S: g NO [AUTHORIZATIONFAILED] This account may not use IMAP
                C: h LOGIN slow@example.test x
                S: h NO [UNAVAILABLE] Log-on is not possible at the moment; try again
                C: i LOGIN "" ""
                S: i NO [AUTHENTICATIONFAILED] Wrong user name or password
                C: j LOGIN alice@example.test secret
                S: j OK [CAPABILITY ...
                """
            )
        }
    }

    @Test("An account that is in use is answered INUSE, and the client may try again")
    func busy() async throws {
        let dialogue = Dialogue()
        dialogue.store.refusals.withLock { $0 = 1 }
        try await dialogue.run { client in
            _ = try await client.receive()
            try await client.talk(
                """
                C: a LOGIN alice@example.test secret
                S: a NO [INUSE] The account is in use elsewhere
                C: b LOGIN alice@example.test secret
                S: b OK [CAPABILITY ...
                """
            )
        }
    }

    @Test("Commands sent behind LOGIN without waiting are answered after it")
    func pipelined() async throws {
        try await Dialogue().run { client in
            _ = try await client.receive()
            try await client.send("a LOGIN alice@example.test secret\r\nb SELECT INBOX\r\nc NOOP\r\nd LOGOUT\r\n")
            #expect(try await client.responses(to: "a").last?.hasPrefix("OK") == true)
            #expect(try await client.responses(to: "b").last == "OK [READ-WRITE] SELECT completed")
            #expect(try await client.responses(to: "c") == ["OK NOOP completed"])
            #expect(try await client.responses(to: "d") == ["BYE Logging out", "OK LOGOUT completed"])
        }
    }

    @Test("STARTTLS, and what is offered inside")
    func startTLS() async throws {
        try await withTLS { server, clientContext in
            var dialogue = Dialogue()
            dialogue.configuration.tls = server
            try await dialogue.run { client in
                try await client.talk(
                    """
                    S: * OK [CAPABILITY IMAP4rev1 IMAP4rev2 SASL-IR LITERAL+ ID ENABLE STARTTLS AUTH=PLAIN AUTH=LOGIN] Martlet ready
                    C: a STARTTLS
                    S: a OK Begin TLS now
                    """
                )
                try await client.connection.connectTLS(clientContext, serverName: "localhost")
                try await client.talk(
                    """
                    C: b CAPABILITY
                    S: * CAPABILITY \(before)
                    S: b OK CAPABILITY completed
                    C: c STARTTLS
                    S: c BAD STARTTLS: TLS is in use already
                    C: d LOGIN alice@example.test secret
                    S: d OK [CAPABILITY ...
                    """
                )
            }
        }
    }

    @Test("Octets in the clear behind STARTTLS end the connection")
    func injection() async throws {
        try await withTLS { server, _ in
            var dialogue = Dialogue()
            dialogue.configuration.tls = server
            try await dialogue.run { client in
                _ = try await client.receive()
                try await client.send("a STARTTLS\r\nb LOGIN alice@example.test secret\r\n")
                #expect(try await client.receive() == "a OK Begin TLS now")
                #expect(try await client.connection.readLine(maximum: 100) == nil)
            }
        }
    }

    @Test("Too many failures, commands or octets end the connection with BYE")
    func budgets() async throws {
        var dialogue = Dialogue()
        dialogue.configuration.failedLogOns = 2
        try await dialogue.run { client in
            _ = try await client.receive()
            try await client.talk(
                """
                C: a LOGIN x y
                S: a NO [AUTHENTICATIONFAILED] ...
                C: b LOGIN x y
                S: b NO [AUTHENTICATIONFAILED] ...
                S: * BYE Too many failed log-ons before log-on
                """
            )
        }
        #expect(dialogue.events.names == ["imap.logon.failed", "imap.logon.failed", "imap.connection.cut"])
        try await Dialogue().run { client in
            _ = try await client.receive()
            try await client.send(String(repeating: "a NOOP\r\n", count: 100))
            for _ in 0..<100 { #expect(try await client.receive() == "a OK NOOP completed") }
            #expect(try await client.receive() == "* BYE Too many commands before log-on")
        }
        try await Dialogue().run { client in
            _ = try await client.receive()
            try await client.send(String(repeating: String(repeating: "x", count: 100_000) + "\r\n", count: 21))
            for _ in 0..<21 { #expect(try await client.receive() == "* BAD Line of more than 12800 octets") }
            #expect(try await client.receive() == "* BYE Too many octets before log-on")
        }
    }

    @Test("A client that says nothing is sent away in time")
    func timeOut() async throws {
        var dialogue = Dialogue()
        dialogue.configuration.preAuthenticationTime = .milliseconds(50)
        try await dialogue.run { client in
            _ = try await client.receive()
            #expect(try await client.receive() == "* BYE Log-on took too long")
        }
    }

    @Test(
        "What is offered follows from the state of the connection",
        arguments: [SASLChannel.clear, .loopback, .tls]
    )
    func capabilities(channel: SASLChannel) {
        for offersTLS in [false, true] {
            let list = CapabilityList.beforeLogOn(on: channel, offersTLS: offersTLS)
            #expect(list.contains("STARTTLS") == offersTLS)
            #expect(list.contains("LOGINDISABLED") == (channel == .clear))
            #expect(list.contains("AUTH=PLAIN") == (channel != .clear))
        }
    }
}
