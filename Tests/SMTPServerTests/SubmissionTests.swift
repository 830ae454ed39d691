// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

import ByteTools
import MailTypes
import Runtime
import SASL
import SMTPServer
import SMTPWire
import Testing

@Suite(.timeLimit(.minutes(20))) struct SubmissionTests {
    static func plain(_ user: String, _ password: String) -> String {
        String(decoding: Base64.encode(Array("\u{0}\(user)\u{0}\(password)".utf8)), as: UTF8.self)
    }

    static func base64(_ text: String) -> String { String(decoding: Base64.encode(Array(text.utf8)), as: UTF8.self) }

    static let logOn = "EHLO x\r\nAUTH PLAIN \(plain("alice@example.test", "secret"))\r\n"

    @Test(arguments: [
        ("AUTH PLAIN \(plain("alice@example.test", "secret"))", "235"),
        ("AUTH PLAIN\r\n\(plain("alice@example.test", "secret"))", "334 235"),
        ("AUTH LOGIN\r\n\(base64("alice@example.test"))\r\n\(base64("secret"))", "334 334 235"),
        ("AUTH LOGIN \(base64("alice@example.test"))\r\n\(base64("secret"))", "334 235"),
        ("AUTH PLAIN \(plain("alice@example.test", "wrong"))", "535"), ("AUTH PLAIN \(plain("a@b", "off"))", "535"),
        ("AUTH PLAIN \(plain("a@b", "down"))", "454"), ("AUTH PLAIN !!!", "501"), ("AUTH PLAIN =", "501"),
        ("AUTH LOGIN\r\n*", "334 501"), ("AUTH CRAM-MD5", "504"), ("AUTH", "501"),
        ("AUTH PLAIN \(plain("alice@example.test", "secret"))\r\nAUTH PLAIN", "235 503"),
        ("AUTH LOGIN\r\n\(String(repeating: "A", count: 20_000))", "334 500"),
    ])
    func `The ways to log on`(script: String, codes: String) async throws {
        #expect(try await TestServer(.submission).codes("EHLO x\r\n\(script)\r\nQUIT\r\n") == "220 250 \(codes) 221")
    }

    @Test func `Three failures end the connection`() async throws {
        let wrong = "AUTH PLAIN \(Self.plain("a@b", "wrong"))\r\n"
        let test = TestServer(.submission)
        #expect(try await test.codes("EHLO x\r\n\(wrong)\(wrong)\(wrong)NOOP\r\n") == "220 250 535 535 421")
        #expect(test.events.all.filter { $0 == "smtp.authentication.failed" }.count == 3)
    }

    @Test func `Nothing without logging on`() async throws {
        let said = try await TestServer(.submission).run("EHLO x\r\nMAIL FROM:<alice@example.test>\r\nQUIT\r\n")
        #expect(said.contains("250-AUTH PLAIN LOGIN\r\n") && said.contains("530 5.7.0 Log on first"))
    }

    @Test func `A submitted message is made complete`() async throws {
        let test = TestServer(.submission)
        let mail = "MAIL FROM:<alice@example.test>\r\nRCPT TO:<bob@example.test>\r\nDATA\r\n"
        try await test.run(
            "\(Self.logOn)\(mail)From: Alice <alice@example.test>\r\n\r\nx\r\n.\r\n"
                + "\(mail)Message-Id: <1@x>\r\nDate: Mon, 7 Feb 1994 21:52:25 -0800\r\n\r\nx\r\n.\r\nQUIT\r\n"
        )
        let (bare, whole) = (try #require(test.messages.first), try #require(test.messages.last))
        #expect(bare.content.contains("with ESMTPA id "))
        #expect(
            bare.body.hasPrefix("Date: ") && bare.body.contains("\r\nMessage-ID: <")
                && bare.body.contains("@mx.example.test>\r\n")
        )
        #expect(bare.body.hasSuffix("From: Alice <alice@example.test>\r\n\r\nx\r\n"))
        #expect(whole.body == "Message-Id: <1@x>\r\nDate: Mon, 7 Feb 1994 21:52:25 -0800\r\n\r\nx\r\n")
    }

    @Test(arguments: [
        ("alice@example.test", "From: alice@example.test", "250 250 354 250"),
        ("", "From: alice@example.test", "250 250 354 250"),
        ("bob@example.test", "From: alice@example.test", "550 503 503 500 500 500"),
        ("slow@example.test", "From: alice@example.test", "451 503 503 500 500 500"),
        ("alice@example.test", "From: Alice <bob@example.test>", "250 250 354 550"),
        ("alice@example.test", "From: alice@example.test, bob@example.test", "250 250 354 550"),
        ("alice@example.test", "from: alice@example.test\r\nFrom: bob@example.test", "250 250 354 550"),
        ("alice@example.test", "From: alice@example.test\r\nfrom: alice@example.test", "250 250 354 550"),
        ("alice@example.test", "From: Boss: ;", "250 250 354 550"), ("alice@example.test", "From:", "250 250 354 550"),
        ("alice@example.test", "From: \(authors(64))", "250 250 354 250"),
        ("alice@example.test", "From: \(authors(64)), bob@example.test", "250 250 354 550"),
        ("alice@example.test", "Subject: no author", "250 250 354 250"),
    ])
    func `Users write under their own addresses`(sender: String, field: String, codes: String) async throws {
        let script = "MAIL FROM:<\(sender)>\r\nRCPT TO:<bob@example.test>\r\nDATA\r\n\(field)\r\n\r\n.\r\nQUIT\r\n"
        let said = try await TestServer(.submission).codes(Self.logOn + script)
        #expect(said == "220 250 235 \(codes) 221")
    }

    private static func authors(_ count: Int) -> String {
        [String](repeating: "alice@example.test", count: count).joined(separator: ",\r\n ")
    }

    @Test(arguments: [
        (" \r\nFrom: bob@example.test\r\n\r\nx", ""), ("garbage\r\nFrom: bob@example.test\r\n\r\nx", ""),
        (": x\r\nFrom: bob@example.test\r\n\r\nx", ""),
        ("Subject: y\r\nno field\r\nFrom: bob@example.test\r\n\r\nx", "Subject: y\r\n"),
    ])
    func `What was not looked at as a field is none`(content: String, header: String) async throws {
        let test = TestServer(.submission)
        let mail = "MAIL FROM:<alice@example.test>\r\nRCPT TO:<bob@example.test>\r\nDATA\r\n"
        try await test.run("\(Self.logOn)\(mail)\(content)\r\n.\r\nQUIT\r\n")
        let body = try #require(test.messages.first).body
        let end = try #require(body.firstRange(of: "\r\n\r\n"))
        #expect(!body[..<end.lowerBound].contains("bob"))
        #expect("\(body[end.upperBound...])" == content.dropFirst(header.count) + "\r\n")
        // What comes from elsewhere stays as it is.
        let receiving = TestServer()
        try await receiving.run("EHLO x\r\n\(mail)\(content)\r\n.\r\nQUIT\r\n")
        #expect(try #require(receiving.messages.first).content.hasSuffix("\r\n\(content)\r\n"))
    }

    @Test func `Our field names no address that is not ASCII`() async throws {
        let test = TestServer()
        try await test.run(
            "EHLO x\r\nMAIL FROM:<a@b.test> SMTPUTF8\r\nRCPT TO:<bücher@example.test>\r\nDATA\r\nA: b\r\n\r\nx\r\n.\r\nQUIT\r\n"
        )
        #expect(try #require(test.messages.first).content.utf8.allSatisfy { $0 < 0x80 })
    }

    @Test func `In the clear over a network, nobody logs on`() throws {
        var session = SMTPSession(
            .submission,
            limits: SMTPLimits(),
            hostName: "mx",
            peer: "192.0.2.1",
            channel: .clear,
            canStartTLS: true
        )
        _ = session.check(.hello(HelloCommand(.ehlo, name: "x")))
        #expect(session.extensions.contains("STARTTLS") && !session.extensions.contains { $0.hasPrefix("AUTH") })
        guard case .reply(let auth) = session.check(.authenticate(AuthCommand(mechanism: "PLAIN"))) else {
            Issue.record("AUTH went on")
            return
        }
        #expect(auth.code == 538)
        guard case .reply(let mail) = session.check(.mail(MailCommand(.null))) else { return }
        #expect(mail.code == 530 && mail.lines.first?.contains("STARTTLS") == true)
        session.tlsEstablished()
        #expect(session.hello == nil && !session.extensions.contains("STARTTLS"))
        #expect(session.extensions.contains("AUTH PLAIN LOGIN"))
    }

    @Test func `STARTTLS, then log on and send`() async throws {
        try await withCertificate { context, trust in
            let test = TestServer(.submission, tls: context)
            let server = test.server
            try await EventLoop.run { loop in
                try await Connection.withPeer(loop: loop, peer: { await server.serve($0) }) { client in
                    client.write("EHLO x\r\n")
                    while let line = try await client.readLine(maximum: 512), !line.bytes.starts(with: "250 ".utf8) {}
                    client.write("STARTTLS\r\n")
                    #expect(try await client.readLine(maximum: 512)?.bytes.starts(with: "220".utf8) == true)
                    try await client.connectTLS(trust, serverName: "localhost")
                    client.write(
                        Self.logOn
                            + "MAIL FROM:<alice@example.test>\r\nRCPT TO:<bob@example.test>\r\nDATA\r\n\r\nx\r\n.\r\nQUIT\r\n"
                    )
                    var codes: [String] = []
                    while let line = try await client.readLine(maximum: 512) {
                        if line.bytes.dropFirst(3).first == 0x20 {
                            codes.append(String(decoding: line.bytes.prefix(3), as: UTF8.self))
                        }
                    }
                    #expect(codes.joined(separator: " ") == "250 235 250 250 354 250 221")
                }
            }
            let content = try #require(test.messages.first).content
            #expect(content.contains("with ESMTPSA (TLSv1.3) id ") && content.contains("\r\n\ttls TLS_"))
        }
    }

    @Test func `Commands behind STARTTLS in the clear end the connection`() async throws {
        try await withCertificate { context, _ in
            let test = TestServer(.submission, tls: context)
            let said = try await test.run("EHLO x\r\nSTARTTLS\r\nMAIL FROM:<evil@example.test>\r\n")
            #expect(TestServer.codes(in: said) == "220 250 421")
            #expect(test.events.all == ["smtp.tls.injection"])
        }
    }

    @Test func `Implicit TLS greets behind the handshake`() async throws {
        try await withCertificate { context, trust in
            let server = TestServer(.submission, tls: context, implicitTLS: true).server
            try await EventLoop.run { loop in
                try await Connection.withPeer(loop: loop, peer: { await server.serve($0) }) { client in
                    try await client.connectTLS(trust, serverName: "localhost")
                    #expect(try await client.readLine(maximum: 512)?.bytes.starts(with: "220 ".utf8) == true)
                    client.write("EHLO x\r\nSTARTTLS\r\nQUIT\r\n")
                    var last: [UInt8] = []
                    while let line = try await client.readLine(maximum: 512) {
                        #expect(!line.bytes.elementsEqual("250-STARTTLS".utf8))
                        last = line.bytes
                    }
                    #expect(last.starts(with: "221".utf8))
                }
            }
        }
    }
}
