// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

import MailTypes
import SMTPWire
import Testing

@Suite struct SMTPCommandTests {
    @Test(
        arguments: [
            ("HELO x", .hello(HelloCommand(.helo, name: "x"))),
            ("ehlo [192.0.2.1]", .hello(HelloCommand(.ehlo, name: "[192.0.2.1]"))),
            ("LHLO my pc ", .hello(HelloCommand(.lhlo, name: "my pc"))),
            ("DATA", .data), ("data ", .data), ("RSET", .reset), ("NOOP", .noop), ("NOOP what ever", .noop),
            ("QUIT", .quit),
            ("STARTTLS", .startTLS), ("HELP", .help("")), ("HELP MAIL", .help("MAIL")), ("VRFY bob", .verify("bob")),
            ("EXPN list", .expand("list")),
            ("BDAT 0 LAST", .chunk(ChunkCommand(count: 0, isLast: true))),
            ("bdat 1000", .chunk(ChunkCommand(count: 1000, isLast: false))),
            ("BDAT 9223372036854775807 last", .chunk(ChunkCommand(count: 9_223_372_036_854_775_807, isLast: true))),
            ("AUTH PLAIN", .authenticate(AuthCommand(mechanism: "PLAIN"))),
            ("AUTH plain =", .authenticate(AuthCommand(mechanism: "PLAIN", initialResponse: Array("=".utf8)))),
            (
                "AUTH PLAIN AGEAYg==",
                .authenticate(AuthCommand(mechanism: "PLAIN", initialResponse: Array("AGEAYg==".utf8)))
            ),
            ("ETRN example.com", .remoteQueue(RemoteQueueCommand(scope: .host, name: "example.com"))),
            ("ETRN @example.com", .remoteQueue(RemoteQueueCommand(scope: .hostAndBelow, name: "example.com"))),
            ("ETRN #slow", .remoteQueue(RemoteQueueCommand(scope: .queue, name: "slow"))),
        ] as [(String, SMTPCommand)]
    )
    func `Commands are read`(line: String, command: SMTPCommand) throws {
        #expect(try SMTPCommand.parse(Array(line.utf8)) == command)
        let encoded = command.encoded
        #expect(encoded.suffix(2) == [13, 10])
        #expect(try SMTPCommand.parse(Array(encoded.dropLast(2))) == command)
    }

    @Test(arguments: [
        ("", 500), ("X", 500), ("MAILFROM:<a@b>", 500), (" NOOP", 500), ("\u{0}\u{1}", 500), ("GET / HTTP/1.1", 500),
        ("DATA now", 501), ("RSET x", 501), ("QUIT x", 501), ("STARTTLS x", 501), ("HELO", 501), ("EHLO  ", 501),
        ("VRFY", 501), ("EXPN ", 501), ("BDAT", 501), ("BDAT -1", 501), ("BDAT 1LAST", 501), ("BDAT 5 FIRST", 501),
        ("BDAT 99999999999999999999", 501), ("AUTH", 501), ("AUTH PLAIN AA== x", 501),
        ("AUTH PLAIN\u{e9} AA==", 501), ("AUTH PLAIN \u{e9}", 501), ("NOOP\u{e9}", 500),
        ("AUTH AVERYLONGMECHANISMNAME", 501), ("ETRN", 501), ("MAIL", 501), ("MAIL TO:<a@b>", 501),
        ("RCPT FROM:<a@b>", 501),
        ("MAIL FROM:a@b", 501), ("MAIL FROM:<a@b", 501), ("MAIL FROM:<a>", 501), ("MAIL FROM:<@b>", 501),
        ("MAIL FROM:<a@>", 501), ("MAIL FROM:<a@b>x", 501), ("MAIL FROM:<a@b c>", 501), ("MAIL FROM:<a@b@c>", 501),
        ("MAIL FROM:<\"a@b>", 501), ("MAIL FROM:<\"a\"b@c>", 501), ("MAIL FROM:<a@[1.2.3.4>", 501),
        ("MAIL FROM:< >", 501),
        ("MAIL FROM:<@a,b:c@d>", 501), ("MAIL FROM:<@a b@c>", 501), ("MAIL FROM:<a\r@b>", 501),
        ("MAIL FROM:<\"a\n\"@b>", 501),
        ("RCPT TO:<>", 501), ("RCPT TO:<postmasterx>", 501), ("RCPT TO:postmaster", 501), ("RCPT TO:<a@-b>", 501),
        ("MAIL FROM:<a@b> SIZE", 501), ("MAIL FROM:<a@b> SIZE=x", 501), ("MAIL FROM:<a@b> SIZE=1 SIZE=2", 501),
        ("MAIL FROM:<a@b> BODY=9BIT", 501), ("MAIL FROM:<a@b> SMTPUTF8=1", 501), ("MAIL FROM:<a@b> =1", 501),
        ("MAIL FROM:<a@b> AUTH=+zz", 501), ("MAIL FROM:<a@b> RET=NONE", 501), ("MAIL FROM:<a@b> SIZE=", 501),
        ("RCPT TO:<a@b> NOTIFY=NEVER,DELAY", 501), ("RCPT TO:<a@b> ORCPT=x", 501),
        ("MAIL FROM:<a@b> BY=120", 501), ("MAIL FROM:<a@b> BY=0;R", 501), ("MAIL FROM:<a@b> BY=-1;R", 501),
        ("MAIL FROM:<a@b> BY=1234567890;N", 501), ("MAIL FROM:<a@b> BY=1;X", 501), ("MAIL FROM:<a@b> BY=1;NX", 501),
        ("MAIL FROM:<a@b> BY=;N", 501), ("MAIL FROM:<a@b> BY=+;N", 501), ("MAIL FROM:<a@b> HOLDFOR=0", 501),
        ("MAIL FROM:<a@b> HOLDFOR=-1", 501), ("MAIL FROM:<a@b> HOLDFOR=1 HOLDUNTIL=2030-01-31T08:00:00Z", 501),
        ("MAIL FROM:<a@b> HOLDUNTIL=2030-02-31T08:00:00Z", 501), ("MAIL FROM:<a@b> HOLDUNTIL=tomorrow", 501),
        ("MAIL FROM:<a@b> HOLDUNTIL=2030-01-31T08:00:00", 501), ("MAIL FROM:<a@b> MT-PRIORITY=10", 501),
        ("MAIL FROM:<a@b> MT-PRIORITY=-", 501), ("MAIL FROM:<a@b> MT-PRIORITY", 501),
        ("MAIL FROM:<a@b> SOLICIT=ADV", 501), ("MAIL FROM:<a@b> SOLICIT=a:b,", 501), ("MAIL FROM:<a@b> SOLICIT", 501),
        ("RCPT TO:<a@b> XMARTLET-ACCOUNT=-1", 501), ("RCPT TO:<a@b> XMARTLET-DELIVERY=00", 501),
        ("RCPT TO:<a@b> XMARTLET-SENT=1", 501),
        ("MAIL FROM:<a@b> FOO", 555), ("MAIL FROM:<a@b> FOO=1 SIZE=1", 555), ("RCPT TO:<a@b> SIZE=1", 555),
    ])
    func `What is no command has its own reply`(line: String, code: Int) {
        let error = #expect(throws: SMTPSyntaxError.self) { try SMTPCommand.parse(Array(line.utf8)) }
        #expect(error.map { Int($0.reply.code) } == code)
        #expect(error?.reply.enhancedStatusCode != nil)
    }

    @Test(arguments: [
        ("<>", "<>"), ("<a@b>", "<a@b>"), ("<A.b+c@Example.COM>", "<A.b+c@example.com>"),
        ("<\"a b\"@c>", "<\"a b\"@c>"), ("<\"a\\\"b\"@c>", "<\"a\\\"b\"@c>"), ("<\"plain\"@c>", "<plain@c>"),
        ("<a..b@c>", "<\"a..b\"@c>"), ("<@r1,@r2:a@b>", "<a@b>"), ("<a@[192.0.2.1]>", "<a@[192.0.2.1]>"),
        ("<a@[IPv6:2001:db8::1]>", "<a@[ipv6:2001:db8::1]>"), ("<\"a@b\"@c>", "<\"a@b\"@c>"),
        ("<user%far@near>", "<user%far@near>"), ("<über@exämple.de>", "<über@exämple.de>"), ("<\"\\ü\"@c>", "<ü@c>"),
        ("<prvs=1234=a@b>", "<prvs=1234=a@b>"),
    ])
    func `Paths`(written: String, read: String) throws {
        guard case .mail(let mail) = try SMTPCommand.parse(Array("MAIL FROM:\(written)".utf8)) else {
            Issue.record("no MAIL")
            return
        }
        #expect(mail.reversePath.description == read)
        guard written != "<>", case .recipient(let rcpt) = try SMTPCommand.parse(Array("rcpt to: \(written)".utf8))
        else { return }
        #expect(rcpt.forwardPath.description == read)
    }

    @Test func `Postmaster needs no domain`() throws {
        for line in ["RCPT TO:<Postmaster>", "RCPT TO:<POSTMASTER>"] {
            #expect(try SMTPCommand.parse(Array(line.utf8)) == .recipient(RecipientCommand(.postmaster)))
        }
    }

    @Test func `Parameters of MAIL`() throws {
        let line =
            "MAIL FROM:<a@b> SIZE=123 body=8bitmime SMTPUTF8 AUTH=e+3Dmc2@x RET=HDRS ENVID=a+2Bb REQUIRETLS"
            + " XMARTLET-TRACE=abc123  "
        var mail = MailCommand(.address(try #require(MailboxAddress("a@b"))))
        mail.size = 123
        mail.body = .eightBit
        mail.usesUTF8 = true
        mail.submitter = .address("e=mc2@x")
        mail.reportContent = .headers
        mail.envelopeID = "a+b"
        mail.requiresTLS = true
        mail.trace = TraceID("abc123")
        #expect(try SMTPCommand.parse(Array(line.utf8)) == .mail(mail))
        #expect(try SMTPCommand.parse(Array(SMTPCommand.mail(mail).encoded.dropLast(2))) == .mail(mail))
    }

    @Test(arguments: [
        "BY=120;N", "BY=-5;NT", "BY=999999999;R", "BY=60;RT", "HOLDFOR=86400", "HOLDUNTIL=2030-01-31T08:00:00Z",
        "MT-PRIORITY=-9", "MT-PRIORITY=4", "SOLICIT=net.example:ADV,org.example:ADV:ADLT",
        "BY=7;N HOLDFOR=1 MT-PRIORITY=0 SOLICIT=a:b",
    ])
    func `Times, priorities and labels are written as they are read`(parameters: String) throws {
        let line = Array("MAIL FROM:<a@b> \(parameters)".utf8)
        #expect(try SMTPCommand.parse(line).encoded.dropLast(2).elementsEqual(line))
    }

    @Test func `A time to release a message at, in any zone`() throws {
        for text in ["2030-01-31T08:00:00Z", "2030-01-31t09:30:00.25+01:30", "2030-01-31T03:00:00-05:00"] {
            guard case .mail(let mail) = try SMTPCommand.parse(Array("MAIL FROM:<> HOLDUNTIL=\(text)".utf8)) else {
                return
            }
            #expect(mail.release == .at(MailDate(secondsSince1970: 1_896_076_800)))
        }
    }

    @Test func `A size beyond 64 bits is the largest there is`() throws {
        let command = try SMTPCommand.parse(Array("MAIL FROM:<> SIZE=99999999999999999999".utf8))
        guard case .mail(let mail) = command else { return }
        #expect(mail.size == .max)
    }

    @Test func `Parameters of RCPT`() throws {
        let line =
            "RCPT TO:<a@b> NOTIFY=success,DELAY ORCPT=rfc822;x+40y=z XMARTLET-ACCOUNT=7"
            + " XMARTLET-DELIVERY=000000000000000100000000000000ff XMARTLET-SENT"
        var rcpt = RecipientCommand(.address(try #require(MailboxAddress("a@b"))))
        rcpt.notify = .on(success: true, failure: false, delay: true)
        rcpt.originalRecipient = .init(addressType: "rfc822", address: "x@y=z")
        rcpt.account = AccountID(7)
        rcpt.delivery = DeliveryID(high: 1, low: 255)
        rcpt.isSentCopy = true
        #expect(try SMTPCommand.parse(Array(line.utf8)) == .recipient(rcpt))
        #expect(try SMTPCommand.parse(Array(SMTPCommand.recipient(rcpt).encoded.dropLast(2))) == .recipient(rcpt))
    }

    @Test func `Whatever is read is written so that it reads the same`() throws {
        let parts = [
            "MAIL FROM:<a@b>", "MAIL FROM:<>", "XCLIENT", "RCPT TO:<a@b>", " BY=", " HOLDFOR=", " HOLDUNTIL=",
            " SOLICIT=",
            " MT-PRIORITY=", " ADDR=", " NAME=", " PORT=", " ORCPT=rfc822;", " ENVID=", "-", "+", "+41", "+C3+A9", ";",
            "N",
            "RT", "12", "0", "9", "Z", ":", ",", ".", "a:b", "IPV6:", "[UNAVAILABLE]", "2030-01-31T08:00:00", "+01:30",
            "0000-01-01T00:00:00", "9999-12-31T23:59:60", "ALICE", "é", " ", "=", "\u{7F}",
        ]
        var readable = 0
        for _ in 0..<30_000 {
            let text = (0..<Int.random(in: 1...6)).map { _ in parts.randomElement() ?? "" }.joined()
            guard let command = try? SMTPCommand.parse(Array(text.utf8)) else { continue }
            readable += 1
            let written = command.encoded.dropLast(2)
            #expect(try SMTPCommand.parse(Array(written)) == command, "\(text)")
        }
        #expect(readable > 10)
    }

    @Test func `No line can trap`() {
        var generator = SystemRandomNumberGenerator()
        let starts = ["MAIL FROM:<", "RCPT TO:<", "BDAT ", "AUTH ", "EHLO ", "MAIL FROM:<a@b> ", "RCPT TO:<\"", ""]
        for _ in 0..<4000 {
            let noise = (0..<Int.random(in: 0..<40, using: &generator)).map { _ in
                UInt8.random(in: 0...255, using: &generator)
            }
            _ = try? SMTPCommand.parse(Array((starts.randomElement() ?? "").utf8) + noise)
        }
    }
}
