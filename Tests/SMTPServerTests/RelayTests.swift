// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

import Locking
import MailTypes
import Runtime
import SASL
import SMTPServer
import SMTPWire
import Testing

/// Takes mail for every domain but one.
private struct OpenRelay: RelayPolicy {
    func admission(of recipient: RecipientCommand, in transaction: MailTransaction) async -> RecipientResolution {
        guard case .address(let address) = recipient.forwardPath, address.domain.text != "closed.example" else {
            return .refused(SMTPReply(451, .notAccepting, "Not now"))
        }
        return .relay
    }
}

@Suite(.timeLimit(.minutes(20))) struct RelayTests {
    private static let logOn = "EHLO x\r\nAUTH PLAIN AGFsaWNlQGV4YW1wbGUudGVzdABzZWNyZXQ=\r\n"

    @Test func `Who has logged on may send to other servers`() async throws {
        let test = TestServer(.submission, relay: OpenRelay())
        let codes = try await test.codes(
            Self.logOn + "MAIL FROM:<alice@example.test>\r\nRCPT TO:<a@far.example>\r\nRCPT TO:<a@closed.example>\r\n"
                + "RCPT TO:<bob@example.test>\r\nDATA\r\nFrom: alice@example.test\r\n\r\nx\r\n.\r\nQUIT\r\n"
        )
        #expect(codes == "220 250 235 250 250 451 250 354 250 221")
        let recipients = test.sink.transactions.withLock { $0.first?.recipients ?? [] }
        #expect(recipients.map(\.isRelayed) == [true, false])
    }

    @Test(arguments: [
        (SMTPService.receive, "", "550"), (.receive, "192.0.2.0/24", "550"), (.lmtp, "0.0.0.0/0", "550"),
    ])
    func `Nobody else may, but for networks that are named`(
        service: SMTPService,
        networks: String,
        code: String
    ) async throws {
        let settings = networks.isEmpty ? [:] : ["smtp/relay-networks": networks]
        let test = TestServer(service, settings: settings, relay: OpenRelay())
        let hello = service == .lmtp ? "LHLO" : "EHLO"
        let codes = try await test.codes("\(hello) x\r\nMAIL FROM:<a@b>\r\nRCPT TO:<a@far.example>\r\nQUIT\r\n")
        #expect(codes == "220 250 250 \(code) 221")
    }

    @Test func `A network that is named may relay`() {
        var limits = SMTPLimits()
        limits.relayNetworks = ["192.0.2.0/24", "2001:db8::/32"].compactMap(IPNetwork.init)
        let session = SMTPSession(
            .receive,
            limits: limits,
            hostName: "mx",
            peer: "192.0.2.1",
            channel: .clear,
            canStartTLS: false
        )
        for (address, may) in [("192.0.2.7", true), ("192.0.3.7", false), ("2001:db8::1", true), ("::1", false)] {
            #expect(SocketAddress(host: address, port: 9).map { session.mayRelay(from: $0) } == may)
        }
        #expect(!session.mayRelay(from: .unix))
    }

    @Test func `Reports are offered, and what is asked of them is kept`() async throws {
        let test = TestServer(relay: OpenRelay())
        let said = try await test.run(
            "EHLO x\r\nMAIL FROM:<a@b> RET=HDRS ENVID=id+2B1\r\nRCPT TO:<alice@example.test> NOTIFY=SUCCESS,DELAY "
                + "ORCPT=rfc822;carol+40far.example\r\nRCPT TO:<bob@example.test> NOTIFY=NEVER\r\nDATA\r\nx\r\n.\r\nQUIT\r\n"
        )
        #expect(said.contains("250-DSN\r\n"))
        let transaction = try #require(test.sink.transactions.withLock { $0.first })
        #expect(transaction.mail.reportContent == .headers && transaction.mail.envelopeID == "id+1")
        #expect(transaction.recipients.map(\.notify) == [.on(success: true, failure: false, delay: true), .never])
        #expect(transaction.recipients.first?.originalRecipient?.address == "carol@far.example")
        #expect(transaction.hello == "x")
    }

    @Test(arguments: [
        ("Priority: Urgent\r\n", "urgent"), ("priority: non-urgent \r\n", "non-urgent"), ("X: y\r\n", nil),
    ])
    func `The sink is told how urgent a message is`(field: String, priority: String?) async throws {
        let test = TestServer()
        try await test.run(
            "EHLO x\r\nMAIL FROM:<a@b>\r\nRCPT TO:<alice@example.test>\r\nDATA\r\n\(field)\r\nx\r\n.\r\nQUIT\r\n"
        )
        #expect(test.sink.transactions.withLock { $0.first?.priority } == priority)
    }

    @Test func `Without a queue behind it, neither is there`() async throws {
        let test = TestServer(.submission)
        let said = try await test.run(
            Self.logOn + "MAIL FROM:<alice@example.test>\r\nRCPT TO:<a@far.example>\r\nQUIT\r\n"
        )
        #expect(!said.contains("DSN"))
        #expect(TestServer.codes(in: said) == "220 250 235 250 550 221")
    }
}
