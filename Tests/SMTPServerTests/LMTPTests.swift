// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

import Locking
import MailTypes
import SMTPServer
import Testing

@Suite(.timeLimit(.minutes(20))) struct LMTPTests {
    @Test func `One reply for each recipient`() async throws {
        let test = TestServer(.lmtp)
        let script =
            "LHLO x\r\nMAIL FROM:<a@b>\r\nRCPT TO:<alice@example.test>\r\nRCPT TO:<nobody@example.test>\r\n"
            + "RCPT TO:<452@example.test>\r\nRCPT TO:<bob@example.test>\r\nDATA\r\nx: y\r\n\r\n.\r\nQUIT\r\n"
        #expect(try await test.codes(script) == "220 250 250 250 550 250 250 354 250 452 250 221")
        #expect(
            try #require(test.messages.first).content.hasPrefix("Received: from x (localhost)")
        )
    }

    @Test func `EHLO is for SMTP`() async throws {
        #expect(try await TestServer(.lmtp).codes("EHLO x\r\nHELO x\r\nQUIT\r\n") == "220 500 500 221")
    }

    @Test func `From elsewhere it is received, not yet delivered`() async throws {
        let test = TestServer(.lmtp)
        try await test.run(
            "LHLO far.example\r\nMAIL FROM:<>\r\nRCPT TO:<alice@example.test>\r\nDATA\r\nx: y\r\n.\r\nQUIT\r\n"
        )
        let content = try #require(test.messages.first).content
        #expect(content.hasPrefix("Received: from far.example"))
        #expect(content.contains("with LMTP id ") && content.hasSuffix("x: y\r\n"))
        #expect(!content.contains("Return-Path"))
    }

    @Test func `The transport brings account, delivery and trace, and any octets`() async throws {
        let test = TestServer(.internalLMTP)
        let content = "Received: from x\r\n\r\nbare\nlf\r"
        try await test.run(
            "LHLO x\r\nMAIL FROM:<a@b> XMARTLET-TRACE=abc123\r\nRCPT TO:<who@ever.example> XMARTLET-ACCOUNT=42"
                + " XMARTLET-DELIVERY=0000000000000001000000000000000a\r\n"
                + "BDAT \(content.utf8.count) LAST\r\n\(content)QUIT\r\n"
        )
        #expect(
            try #require(test.messages.first).content
                == "Return-Path: <a@b>\r\nDelivered-To: who@ever.example\r\n\(content)"
        )
        let transaction = try #require(test.sink.transactions.withLock { $0.first })
        #expect(transaction.trace.text == "abc123")
        #expect(transaction.recipients.first?.deliveryID == DeliveryID(high: 1, low: 10))
        #expect(transaction.recipients.first?.deliveries.map(\.account) == [AccountID(42)])
    }

    @Test func `What the transport sends is not measured again`() async throws {
        let settings = ["smtp/maximum-message-size": "64KiB", "smtp/maximum-transactions": "1"]
        let test = TestServer(.internalLMTP, settings: settings)
        let mail =
            "MAIL FROM:<>\r\nRCPT TO:<alice@example.test>\r\nBDAT 70000 LAST\r\n"
            + String(repeating: "x", count: 70_000)
        #expect(try await test.codes("LHLO x\r\n\(mail)\(mail)QUIT\r\n") == "220 250 250 250 250 250 250 250 221")
    }
}
