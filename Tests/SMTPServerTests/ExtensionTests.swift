// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

import Locking
import MailTypes
import Runtime
import SASL
import SMTPServer
import SMTPWire
import Testing

/// Takes mail for every domain.
struct AnyRelay: RelayPolicy {
    func admission(of recipient: RecipientCommand, in transaction: MailTransaction) async -> RecipientResolution {
        .relay
    }
}

/// Keeps what was asked for.
final class RecordingQueues: QueueStarter {
    let asked = Lock<[RemoteQueueCommand]>([])

    func start(_ command: RemoteQueueCommand) async -> QueueStart {
        asked.withLock { $0.append(command) }
        return command.name == "none" ? .started(messages: 0) : command.name == "?" ? .unknown : .started(messages: 3)
    }
}

@Suite(.timeLimit(.minutes(20))) struct ExtensionTests {
    private static let logOn = SubmissionTests.logOn

    @Test(arguments: [
        "BY=120;N", "BY=120;R", "HOLDFOR=60", "HOLDUNTIL=2020-01-31T08:00:00Z", "MT-PRIORITY=4", "REQUIRETLS",
        "SOLICIT=net.example:ADV", "RET=HDRS", "ENVID=x", "AUTH=<>",
    ])
    func `A parameter whose extension is not offered is an unknown one`(parameter: String) async throws {
        let said = try await TestServer().run("EHLO x\r\nMAIL FROM:<a@b> \(parameter)\r\nQUIT\r\n")
        #expect(said.contains("\r\n555 5.5.4 Parameter "))
    }

    @Test(arguments: [
        ("BY=120;N", "250 2.1.0"), ("BY=10;R", "555 5.5.4"), ("BY=-10;N", "250 2.1.0"), ("HOLDFOR=60", "250 2.1.0"),
        ("HOLDFOR=999999999", "501 5.5.4"), ("HOLDUNTIL=2999-01-31T08:00:00Z", "501 5.5.4"),
        ("HOLDUNTIL=2020-01-31T08:00:00Z", "250 2.1.0"), ("MT-PRIORITY=-9", "250 2.1.0"),
        ("MT-PRIORITY=5", "250 2.3.6 4 is"), ("SOLICIT=net.example:ADV", "555 5.5.4"),
    ])
    func `On submission times and priorities are taken, within bounds`(parameter: String, answer: String) async throws {
        let test = TestServer(.submission, settings: ["smtp/highest-priority": "4"], relay: AnyRelay())
        let said = try await test.run("\(Self.logOn)MAIL FROM:<alice@example.test> \(parameter)\r\nQUIT\r\n")
        #expect(said.contains("\r\n\(answer)"))
        #expect(said.contains("250-FUTURERELEASE 31536000 20") && said.contains("250-DELIVERBY 60\r\n"))
        #expect(said.contains("250-MT-PRIORITY MIXER\r\n") && said.contains("250-LIMITS RCPTMAX=1000 MAILMAX=1000"))
        #expect(!said.contains("REQUIRETLS") && !said.contains("NO-SOLICITING"))
    }

    @Test func `What was asked for reaches the sink`() async throws {
        let test = TestServer(.submission, relay: AnyRelay())
        try await test.run(
            "\(Self.logOn)MAIL FROM:<alice@example.test> BY=300;R HOLDFOR=60 MT-PRIORITY=7\r\n"
                + "RCPT TO:<bob@example.test>\r\nDATA\r\nx: y\r\n\r\nx\r\n.\r\nQUIT\r\n"
        )
        let mail = try #require(test.sink.transactions.withLock { $0.first?.mail })
        #expect(mail.deliverBy == MailCommand.DeliverBy(seconds: 300, mode: .giveBack))
        #expect(mail.release == .after(seconds: 60) && mail.transferPriority == 7)
        #expect(test.messages.first?.content.contains("\r\n\tpriority 7;\r\n") ?? false)
    }

    // MARK: BINARYMIME

    private static func binary(_ content: String) -> String {
        "EHLO x\r\nMAIL FROM:<a@b> BODY=BINARYMIME\r\nRCPT TO:<bob@example.test>\r\n"
            + "BDAT \(content.utf8.count) LAST\r\n\(content)QUIT\r\n"
    }

    @Test func `Binary content comes in as it is, by BDAT`() async throws {
        let content = "Subject: x\r\n\r\na\nb\rc\u{0}\n.\n\r\n.\r\n"
        let test = TestServer()
        #expect(try await test.codes(Self.binary(content)) == "220 250 250 250 250 221")
        #expect(test.messages.first?.body == content)
    }

    @Test func `Nor by DATA, nor with a header that has no lines`() async throws {
        let test = TestServer()
        let script = "EHLO x\r\nMAIL FROM:<a@b> BODY=BINARYMIME\r\nRCPT TO:<bob@example.test>\r\nDATA\r\nQUIT\r\n"
        let said = try await test.run(script)
        #expect(said.contains("250-BINARYMIME\r\n") && said.contains("\r\n503 5.5.1 BODY=BINARYMIME needs BDAT"))
        #expect(try await test.codes(Self.binary("a: b\nc: d\r\n\r\nx\r\n")) == "220 250 250 250 550 221")
        #expect(test.messages.isEmpty)
    }

    // MARK: REQUIRETLS

    @Test func `REQUIRETLS is offered over TLS, where mail goes on from here`() async throws {
        let session = { (channel: SASLChannel, relays: Bool, service: SMTPService) in
            var limits = SMTPLimits()
            limits.offersReports = relays
            return SMTPSession(
                service,
                limits: limits,
                hostName: "mx",
                peer: "192.0.2.1",
                channel: channel,
                canStartTLS: true
            )
        }
        for service in [SMTPService.receive, .submission] {
            #expect(session(.tls, true, service).extensions.contains("REQUIRETLS"))
            #expect(!session(.loopback, true, service).extensions.contains("REQUIRETLS"))
            #expect(!session(.tls, false, service).extensions.contains("REQUIRETLS"))
        }
        #expect(!session(.tls, true, .lmtp).extensions.contains("REQUIRETLS"))
    }

    // MARK: NO-SOLICITING

    @Test func `Labels that are not wanted are refused in MAIL and in the header`() async throws {
        let test = TestServer(settings: ["smtp/no-soliciting": "net.example:ADV"])
        let said = try await test.run(
            "EHLO x\r\nMAIL FROM:<a@b> SOLICIT=org.example:X,NET.example:adv\r\nMAIL FROM:<a@b> SOLICIT=org.example:X\r\n"
                + "RCPT TO:<bob@example.test>\r\nDATA\r\nSolicitation: org.example:X,\r\n net.example:ADV\r\n\r\nx\r\n.\r\n"
                + "MAIL FROM:<a@b>\r\nRCPT TO:<bob@example.test>\r\nDATA\r\nSolicitation: org.example:X\r\n\r\nx\r\n.\r\nQUIT\r\n"
        )
        #expect(said.contains("250-NO-SOLICITING net.example:ADV\r\n"))
        #expect(TestServer.codes(in: said) == "220 250 550 250 250 354 550 250 250 354 250 221")
        #expect(said.contains("550 5.7.1 No soliciting here: "))
        #expect(test.messages.count == 1)
    }

    // MARK: VRFY, EXPN, ETRN, HELP

    @Test(arguments: [
        ("nobody", "252 502 252"), ("users", "252 502 252"), ("everybody", "250 250 550"),
    ])
    func `Who is told about addresses`(disclosure: String, codes: String) async throws {
        let test = TestServer(settings: ["smtp/verify": disclosure, "smtp/expand": disclosure])
        let script =
            "EHLO x\r\nVRFY alice@example.test\r\nEXPN <alice@example.test>\r\nVRFY nobody@example.test\r\nQUIT\r\n"
        #expect(try await test.codes(script) == "220 250 \(codes) 221")
    }

    @Test func `Users are told when they have logged on`() async throws {
        let test = TestServer(.submission, settings: ["smtp/verify": "users", "smtp/expand": "users"])
        let said = try await test.run(
            "\(Self.logOn)EHLO x\r\nVRFY alice@example.test\r\nEXPN alice@example.test\r\nVRFY alice\r\n"
                + "VRFY a@far.example\r\nVRFY <a@b> x\r\nEXPN gone@example.test\r\nQUIT\r\n"
        )
        #expect(said.contains("250-VRFY\r\n250-EXPN\r\n"))
        #expect(TestServer.codes(in: said) == "220 250 235 250 250 250 553 252 553 550 221")
        #expect(said.contains("250 2.1.5 <alice@example.test>\r\n"))
    }

    @Test func `Addresses of one message may stand for so many others only`() throws {
        var session = SMTPSession(
            .receive,
            limits: SMTPLimits(),
            hostName: "mx",
            peer: "192.0.2.1",
            channel: .clear,
            canStartTLS: false
        )
        _ = session.check(.hello(HelloCommand(.ehlo, name: "x")))
        let members = try (0..<9000).map {
            ExpandedRecipient(address: try #require(MailboxAddress("m\($0)@far.test")))
        }
        for _ in 0..<2 {
            _ = session.begin(MailCommand(.null))
            let codes = try (0..<4).map { number in
                let path = ForwardPath.address(try #require(MailboxAddress("big+\(number)@example.test")))
                return session.add(RecipientCommand(path), .expand(members)).code
            }
            #expect(codes == [250, 250, 452, 452])
            let one = ForwardPath.address(try #require(MailboxAddress("one@example.test")))
            #expect(session.add(RecipientCommand(one), .expand([members[0]])).code == 250)
            session.endTransaction()
        }
    }

    @Test func `ETRN is for networks that are named`() async throws {
        let queues = RecordingQueues()
        let closed = TestServer(queues: queues)
        let script = "EHLO x\r\nETRN example.org\r\nETRN @none\r\nETRN #?\r\nMAIL FROM:<a@b>\r\nETRN x\r\nQUIT\r\n"
        let refused = try await closed.run(script)
        #expect(!refused.contains("250-ETRN") && TestServer.codes(in: refused) == "220 250 502 502 502 250 502 221")
        #expect(queues.asked.withLock { $0.isEmpty })
        var limits = SMTPLimits()
        limits.mayStartQueues = true
        var session = SMTPSession(
            .receive,
            limits: limits,
            hostName: "mx",
            peer: "192.0.2.1",
            channel: .clear,
            canStartTLS: false
        )
        let command = RemoteQueueCommand(scope: .host, name: "example.org")
        #expect(session.check(.remoteQueue(command)) == .reply(SMTPReply(503, .badSequence, "Say EHLO first")))
        _ = session.check(.hello(HelloCommand(.ehlo, name: "x")))
        #expect(session.check(.remoteQueue(command)) == .startQueue(command))
        #expect(session.extensions.contains("ETRN"))
    }

    @Test func `Which clients may use ETRN`() throws {
        var limits = SMTPLimits()
        limits.queueNetworks = ["192.0.2.0/24"].compactMap(IPNetwork.init)
        limits.trustedNetworks = ["2001:db8::/32"].compactMap(IPNetwork.init)
        for (host, may) in [("192.0.2.1", true), ("192.0.3.1", false), ("2001:db8::9", true), ("::1", false)] {
            limits.apply(to: try #require(SocketAddress(host: host, port: 9)))
            #expect(limits.mayStartQueues == may)
        }
        limits.apply(to: .unix)
        #expect(!limits.isTrusted && !limits.mayStartQueues)
    }

    @Test func `HELP names what there is`() async throws {
        let said = try await TestServer().run("EHLO x\r\nHELP\r\nHELP mail\r\nHELP ETRN\r\nHELP nonsense\r\nQUIT\r\n")
        #expect(TestServer.codes(in: said) == "220 250 214 214 504 504 221")
        #expect(said.contains("214 2.0.0 MAIL FROM:<address>"))
    }
}
