// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

import SMTPServer
import Settings
import Testing

@Suite(.timeLimit(.minutes(20))) struct ReceiveTests {
    static let message = "From: <x@far.example>\r\nSubject: hi\r\n\r\nHello\r\n..dot\r\n"

    @Test func `A message comes in as it was sent`() async throws {
        let test = TestServer()
        let said = try await test.run(
            "EHLO far.example\r\nMAIL FROM:<x@far.example> SIZE=60\r\nRCPT TO:<Alice@example.test>\r\nDATA\r\n"
                + "Subject: hi\r\n\r\nHello\r\n...dot\r\n.\r\nQUIT\r\n"
        )
        #expect(TestServer.codes(in: said) == "220 250 250 250 354 250 221")
        #expect(said.contains("250-PIPELINING\r\n") && said.contains("250 HELP\r\n") && !said.contains("AUTH"))
        #expect(said.contains("250 2.1.5 ") && said.contains("250 2.0.0 Accepted, id "))
        let message = try #require(test.messages.first)
        #expect(message.sender == "<x@far.example>" && message.recipients == ["<Alice@example.test>"])
        #expect(message.body == "Subject: hi\r\n\r\nHello\r\n..dot\r\n")
        #expect(
            message.content.hasPrefix("Received: from far.example (localhost)\r\n\tby mx.example.test with ESMTP id ")
        )
        #expect(message.content.contains("\r\n\tfor <Alice@example.test>;\r\n\t"))
        #expect(test.events.all == ["smtp.message.accepted"])
    }

    @Test(arguments: [1, 2, 3, 7, 64])
    func `Pipelined commands in any pieces`(piece: Int) async throws {
        let test = TestServer()
        let script =
            "EHLO a\r\nMAIL FROM:<>\r\nRCPT TO:<alice@example.test>\r\nRCPT TO:<nobody@example.test>\r\n"
            + "RCPT TO:<bob@example.test>\r\nDATA\r\na: b\r\n\r\n..\r\n.\r\nMAIL FROM:<y@z>\r\nRCPT TO:<bob@example.test>\r\n"
            + "BDAT 5\r\nx: y\rBDAT 3 LAST\r\n\n\r\nRSET\r\nQUIT\r\n"
        #expect(try await test.codes(script, piece: piece) == "220 250 250 250 550 250 354 250 250 250 250 250 250 221")
        #expect(test.messages.map(\.body) == ["a: b\r\n\r\n.\r\n", "x: y\r\n\r\n"])
        #expect(test.messages.first?.recipients == ["<alice@example.test>", "<bob@example.test>"])
    }

    @Test(arguments: [
        ("MAIL FROM:<a@b>\r\n", "503"), ("EHLO x\r\nRCPT TO:<alice@example.test>\r\n", "250 503"),
        ("EHLO x\r\nDATA\r\n", "250 503"), ("EHLO x\r\nMAIL FROM:<a@b>\r\nDATA\r\n", "250 250 554"),
        ("EHLO x\r\nMAIL FROM:<a@b>\r\nMAIL FROM:<a@b>\r\n", "250 250 503"), ("LHLO x\r\n", "500"),
        ("EHLO x\r\nSTARTTLS\r\n", "250 502"), ("EHLO x\r\nAUTH PLAIN AGEAYg==\r\n", "250 502"), ("FOO\r\n", "500"),
        ("VRFY bob\r\nEXPN x\r\nHELP\r\nETRN x\r\nNOOP x\r\nRSET\r\n", "252 502 214 502 250 250"),
        ("EHLO x\r\nMAIL FROM:<a@b> SIZE=99999999999\r\n", "250 552"),
        ("EHLO x\r\nMAIL FROM:<a@b> BODY=BINARYMIME\r\n", "250 250"),
        ("EHLO x\r\nMAIL FROM:<a@b> RET=FULL\r\n", "250 555"),
        ("EHLO x\r\nMAIL FROM:<a@b> REQUIRETLS\r\n", "250 555"), ("EHLO x\r\nMAIL FROM:<a@b> AUTH=<>\r\n", "250 555"),
        ("EHLO x\r\nMAIL FROM:<a@b> XMARTLET-TRACE=abc\r\n", "250 555"),
        ("EHLO x\r\nMAIL FROM:<a@b>\r\nRCPT TO:<alice@example.test> NOTIFY=NEVER\r\n", "250 250 555"),
        ("EHLO x\r\nMAIL FROM:<a@b>\r\nRCPT TO:<alice@example.test> XMARTLET-ACCOUNT=1\r\n", "250 250 555"),
        ("EHLO x\r\nMAIL FROM:<a@b>\r\nRCPT TO:<alice@example.test> XMARTLET-SENT\r\n", "250 250 555"),
        ("EHLO x\r\nMAIL FROM:<é@b>\r\n", "250 553"), ("EHLO x\r\nMAIL FROM:<é@b> SMTPUTF8\r\n", "250 250"),
        ("EHLO x\r\nMAIL FROM:<a@b>\r\nRCPT TO:<bücher@example.test>\r\n", "250 250 553"),
        ("EHLO x\r\nMAIL FROM:<a@b> SMTPUTF8\r\nRCPT TO:<bücher@example.test>\r\n", "250 250 250"),
        ("EHLO x\nNOOP\r\n", "500 250"), ("EHLO x\r\nBDAT 3\r\nabcNOOP\r\n", "250 503 250"),
        ("EHLO x\r\nMAIL FROM:<a@b>\r\nRCPT TO:<alice@example.test>\r\nBDAT 2\r\na:DATA\r\n", "250 250 250 250 503"),
        (
            "EHLO x\r\nMAIL FROM:<a@b>\r\nRCPT TO:<alice@example.test>\r\nBDAT 0\r\nRCPT TO:<bob@example.test>\r\n",
            "250 250 250 250 503"
        ),
    ])
    func `Replies to what is out of place`(script: String, codes: String) async throws {
        let test = TestServer()
        #expect(try await test.codes(script + "QUIT\r\n") == "220 \(codes) 221")
        #expect(test.messages.isEmpty)
    }

    /// Row F-65.
    @Test(arguments: [
        ("alice@far.example", "550 5.7.1"), ("\"alice@far.example\"@example.test", "550 5.1.1"),
        ("alice%far.example@example.test", "550 5.1.1"), ("far.example!alice@example.test", "550 5.1.1"),
        ("@example.test:alice@far.example", "550 5.7.1"),
        ("@far.example,@example.test:alice@example.test", "250 2.1.5"),
        ("alice@[127.0.0.1]", "550 5.7.1"), ("alice@example.test.far.example", "550 5.7.1"),
        ("postmasters", "501 5.1.3"),
        ("Postmaster", "250 2.1.5"), ("alice", "501 5.1.3"), ("alice@example.test@far.example", "501 5.1.3"),
        ("nobody@example.test", "550 5.1.1"), ("gone@example.test", "550 5.2.1"), ("full@example.test", "552 5.2.2"),
        ("slow@example.test", "451 4.3.0"), ("", "501 5.1.3"),
    ])
    func `Nothing is relayed`(path: String, reply: String) async throws {
        let said = try await TestServer().run(
            "EHLO x\r\nMAIL FROM:<alice@example.test>\r\nRCPT TO:<\(path)>\r\nQUIT\r\n"
        )
        #expect(said.split(separator: "\r\n").dropLast().last?.hasPrefix(reply) == true, "\(said)")
    }

    @Test func `One answer for many recipients`() async throws {
        func answer(_ recipients: [String]) async throws -> String {
            let rcpts = recipients.map { "RCPT TO:<\($0)@example.test>\r\n" }.joined()
            let said = try await TestServer().run("EHLO x\r\nMAIL FROM:<>\r\n\(rcpts)DATA\r\n\r\n.\r\nQUIT\r\n")
            return said.split(separator: "\r\n").dropLast().last.map { String($0.prefix(3)) } ?? ""
        }
        #expect(try await answer(["alice", "bob"]) == "250")
        #expect(try await answer(["alice", "451"]) == "451")
        #expect(try await answer(["550", "451"]) == "451")
        #expect(try await answer(["550", "alice"]) == "554")
        #expect(try await answer(["552"]) == "552")
    }

    @Test func `Limits`() async throws {
        let small = TestServer(settings: ["smtp/1/maximum-message-size": "64KiB", "smtp/1/maximum-recipients": "100"])
        let start = "EHLO x\r\nMAIL FROM:<>\r\nRCPT TO:<bob@example.test>\r\n"
        let large = String(repeating: String(repeating: "x", count: 998) + "\r\n", count: 70)
        #expect(
            try await small.codes("\(start)DATA\r\n\(large).\r\nNOOP\r\nQUIT\r\n") == "220 250 250 250 354 552 250 221"
        )
        #expect(
            try await small.codes("\(start)BDAT 70000\r\n\(large)BDAT 2 LAST\r\n\r\nRSET\r\nQUIT\r\n")
                == "220 250 250 250 552 503 250 221"
        )
        #expect(try await small.codes("\(start)BDAT 999999\r\n").hasSuffix("552"))
        let many = (0..<101).map { "RCPT TO:<\(300 + $0)@example.test>\r\n" }.joined()
        #expect(try await small.codes("EHLO x\r\nMAIL FROM:<>\r\n\(many)QUIT\r\n").hasSuffix("250 452 221"))
        let long = "NOOP \(String(repeating: "x", count: 100_000))\r\n"
        #expect(try await small.codes("\(long)NOOP\r\nQUIT\r\n") == "220 500 250 221")
        #expect(small.messages.isEmpty)
        #expect(try await small.codes(String(repeating: "FOO\r\n", count: 30)).hasSuffix("500 421"))
        #expect(try await small.codes(String(repeating: "NOOP\r\n", count: 300)).hasSuffix("250 421"))
        let hops = String(repeating: "Received: x\r\n", count: 51)
        #expect(try await small.run("\(start)DATA\r\n\(hops)\r\n.\r\nQUIT\r\n").contains("554 5.4.6"))
        #expect(small.events.all.contains("smtp.message.loop"))
        #expect(
            try await small.codes(
                "EHLO x\r\nMAIL FROM:<nospace@x>\r\nRCPT TO:<bob@example.test>\r\nDATA\r\na\r\n.\r\nQUIT\r\n"
            ).hasSuffix("354 452 221")
        )
    }

    @Test func `A header section without end is refused`() async throws {
        let test = TestServer()
        let field = "x: " + String(repeating: "y", count: 60_000) + "\r\n"
        let script =
            "EHLO x\r\nMAIL FROM:<>\r\nRCPT TO:<bob@example.test>\r\nDATA\r\n" + String(repeating: field, count: 20)
            + ".\r\nQUIT\r\n"
        #expect(try await test.codes(script).hasSuffix("354 552 221"))
    }

    @Test func `Settings of the instance hold`() {
        let texts = [
            "smtp/command-timeout": "20s", "smtp/1/command-timeout": "10s", "smtp/1/bare-newline": "normalize",
        ]
        let limits = SMTPLimits(SettingsSnapshot(texts: texts), instance: "1")
        #expect(limits.commandTimeout == .seconds(10) && limits.bareNewline == .normalize)
        #expect(SMTPLimits(SettingsSnapshot(texts: texts), instance: "2").commandTimeout == .seconds(20))
    }

    @Test func `Noise is answered and outlived`() async throws {
        let test = TestServer()
        var noise: [UInt8] = []
        for n in 0..<5000 { noise.append(UInt8(truncatingIfNeeded: n &* 167 &+ n / 256)) }
        let said = try await test.run(noise + Array("\r\nQUIT\r\n".utf8))
        #expect(said.hasPrefix("220 ") && (said.contains("221 ") || said.contains("421 ")))
    }
}
