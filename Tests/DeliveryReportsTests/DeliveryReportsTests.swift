// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

import MailTypes
import SMTPWire
import Testing

@testable import DeliveryReports

@Suite struct DeliveryReportsTests {
    private func report(
        _ recipients: [ReportedRecipient],
        on message: ReportedMessage? = nil
    ) throws -> DeliveryReport {
        let message = try message ?? Samples.message()
        return try #require(DeliveryReports.reports(on: message, recipients, Samples.context()).first)
    }

    @Test func `A failure, octet by octet`() throws {
        let recipient = try Samples.recipient(.failed) {
            $0.reply = SMTPReply(550, .noSuchMailbox, "No such user", "here")
            $0.remoteMTA = "mx.y.example"
            $0.originalRecipient = RecipientCommand.OriginalRecipient(addressType: "rfc822", address: "c@z.example")
            $0.lastAttempt = 1_699_999_999
        }
        let message = try Samples.message {
            $0.envelopeID = "id 7"
            $0.receivedFrom = "client.example"
        }
        let report = try report([recipient], on: message)
        let expected = """
            From: Mail Delivery System <postmaster@example.org>
            To: <a@x.example>
            Date: Tue, 14 Nov 2023 22:13:20 +0000
            Message-ID: <abc123.0@mx.example.org>
            Subject: Your message could not be delivered
            Auto-Submitted: auto-replied
            In-Reply-To: <1@x.example>
            References: <1@x.example>
            MIME-Version: 1.0
            Content-Type: multipart/report; report-type=delivery-status;
             boundary="=_abc123.0.0"

            This is a report in parts (RFC 3464).

            --=_abc123.0.0
            Content-Type: text/plain; charset=us-ascii

            This is the mail system at mx.example.org.

            Your message was not delivered to:

              <b@y.example>
                mx.y.example said:
                550 5.1.1 No such user here

            Further details and the message, or its header, are attached.


            --=_abc123.0.0
            Content-Type: message/delivery-status

            Original-Envelope-Id: id 7
            Reporting-MTA: dns; mx.example.org
            Received-From-MTA: dns; client.example
            Arrival-Date: Tue, 14 Nov 2023 19:26:40 +0000

            Original-Recipient: rfc822; c@z.example
            Final-Recipient: rfc822; b@y.example
            Action: failed
            Status: 5.1.1
            Remote-MTA: dns; mx.y.example
            Diagnostic-Code: smtp; 550 5.1.1 No such user here
            Last-Attempt-Date: Tue, 14 Nov 2023 22:13:19 +0000

            --=_abc123.0.0
            Content-Type: message/rfc822

            Message-ID: <1@x.example>
            Subject: x

            body

            --=_abc123.0.0--

            """
        #expect(report.text.replacing("\r\n", with: "\n") == expected)
        #expect(report.mail.reversePath == .null && report.mail.body == .sevenBit && !report.usesUTF8)
        #expect(report.command.forwardPath.description == "<a@x.example>" && report.command.notify == .never)
    }

    @Test(arguments: [
        (DeliveryAction.failed, "5.1.1", "could not be delivered"), (.delayed, "4.1.1", "is delayed"),
        (.delivered, "2.1.1", "was delivered"), (.relayed, "2.1.1", "was passed on"),
        (.expanded, "2.1.1", "was passed on to several recipients"),
    ])
    func `Each action, its status and its subject`(action: DeliveryAction, status: String, subject: String) throws {
        let report = try report([try Samples.recipient(action) { $0.willRetryUntil = 1_700_100_000 }])
        #expect(report.text.contains("\r\nAction: \(action.rawValue)\r\nStatus: \(status)\r\n"))
        #expect(report.text.contains("\r\nSubject: Your message \(subject)\r\n"))
        #expect(report.text.contains("\r\nWill-Retry-Until: ") == (action == .delayed))
        // RET is about failures.
        #expect(report.text.contains("Content-Type: message/rfc822") == (action == .failed))
        #expect(report.text.contains("Content-Type: text/rfc822-headers") == (action != .failed))
    }

    @Test func `What is held is not said to be tried again`() throws {
        let held = try report([try Samples.recipient(.delayed)])
        #expect(held.text.contains("\r\nIt is held until this server's administrators release it. "))
        #expect(!held.text.contains("Will-Retry-Until"))
        let waiting = try report([try Samples.recipient(.delayed) { $0.willRetryUntil = 1_700_100_000 }])
        #expect(waiting.text.contains("\r\nIt will be tried again until Thu, 16 Nov 2023 02:00:00 +0000. "))
    }

    private static let long = String(repeating: "x", count: 70)

    private static func blanks(_ count: Int) -> String { String(repeating: " ", count: count) }

    /// What was said to us is said back as it was (RFC 3461 §4.4), within the length of a line.
    @Test(arguments: [
        ("a  b", "Field: a  b\r\n"), (" a b ", "Field:  a b\r\n"), ("", "Field:\r\n"), ("   ", "Field:\r\n"),
        ("\(long)   y", "Field: \(long)\r\n   y\r\n"),
        ("\(long)\(blanks(2_000))y", "Field: \(long)\r\n\(blanks(60))y\r\n"),
    ])
    func `Blanks within a value stay`(value: String, field: String) {
        #expect(FieldText(usesUTF8: false).field("Field", value) == field)
    }

    @Test(arguments: [
        (RecipientCommand.Notify?.none, "failed delayed"), (.some(.never), ""),
        (.some(.on(success: true, failure: false, delay: false)), "delivered relayed expanded"),
        (.some(.on(success: false, failure: true, delay: false)), "failed"),
        (.some(.on(success: false, failure: false, delay: true)), "delayed"),
    ])
    func `What a sender wants to hear of`(notify: RecipientCommand.Notify?, actions: String) {
        let wanted = DeliveryAction.allCases.filter { DeliveryReports.isWanted($0, notify) }.map(\.rawValue)
        #expect(wanted.joined(separator: " ") == actions)
    }

    @Test func `The null sender is sacred`() throws {
        let message = try Samples.message(from: "")
        let recipients = [try Samples.recipient(.failed)]
        #expect(DeliveryReports.reports(on: message, recipients, try Samples.context()).isEmpty)
        let postmaster = try Samples.address("postmaster@example.org")
        let notices = DeliveryReports.notices(to: postmaster, on: message, recipients, try Samples.context())
        #expect(notices.count == 1)
        #expect(notices[0].text.contains("Auto-Submitted: auto-generated"))
        #expect(notices[0].text.contains("Subject: Postmaster notice: A message could not be delivered"))
        #expect(!notices[0].text.contains("In-Reply-To"))
        #expect(notices[0].mail.reversePath == .null)
    }

    @Test(arguments: [
        (MailCommand.Return?.none, 1_000, "message/rfc822"), (.some(.full), 1_000, "message/rfc822"),
        (.some(.headers), 1_000, "text/rfc822-headers"), (.some(.full), 70_000, "text/rfc822-headers"),
    ])
    func `How much of the message comes back`(returns: MailCommand.Return?, size: Int, type: String) throws {
        let text = Samples.original + String(repeating: "x", count: size)
        let message = try Samples.message(text) { $0.returns = returns }
        let report = try report([try Samples.recipient(.failed)], on: message)
        #expect(report.text.contains("Content-Type: \(type)\r\n\r\nMessage-ID: <1@x.example>\r\nSubject: x\r\n"))
        #expect(report.text.contains("xxxx") == (type == "message/rfc822"))
        #expect(report.octets.count < 10_000)
    }

    @Test func `A message of which only a part is known comes back as its header`() throws {
        let message = try Samples.message { $0.size += 1 }
        #expect(try report([try Samples.recipient(.failed)], on: message).text.contains("text/rfc822-headers"))
    }

    @Test func `Many recipients make several reports, each recipient in one (F-71)`() throws {
        let count = 2 * DeliveryReports.maximumRecipients + 1
        let recipients = try (0..<count).map { try Samples.recipient(.failed, "u\($0)@y.example") }
        let reports = DeliveryReports.reports(on: try Samples.message(), recipients, try Samples.context())
        #expect(reports.map(\.covers) == [0..<5_000, 5_000..<10_000, 10_000..<10_001])
        for (number, report) in reports.enumerated() {
            #expect(report.text.contains("Message-ID: <abc123.\(number)@"))
            let finals = report.text.split(separator: "\r\n").count { $0.hasPrefix("Final-Recipient: ") }
            #expect(finals == report.covers.count)
        }
        #expect(reports[0].text.contains("  and 4900 more, listed in the attached details\r\n"))
        #expect(reports[2].text.contains("<u10000@y.example>"))
    }

    // MARK: UTF-8

    @Test func `Who sent in UTF-8 gets UTF-8 (RFC 6533)`() throws {
        let message = try Samples.message(from: "ä@x.example", "Subject: ü\r\n\r\nx\r\n") { $0.usesUTF8 = true }
        let recipient = try Samples.recipient(.failed, "ö@y.example") {
            $0.originalRecipient = RecipientCommand.OriginalRecipient(addressType: "utf-8", address: "é@y.example")
            $0.reply = SMTPReply(550, nil, "unbekannter Empfänger")
        }
        let report = try report([recipient], on: message)
        #expect(report.usesUTF8 && report.mail.usesUTF8 && report.mail.body == .eightBit)
        for line in [
            "To: <ä@x.example>", "Content-Type: message/global-delivery-status", "Content-Type: message/global",
            "Original-Recipient: utf-8; é@y.example", "Final-Recipient: utf-8; ö@y.example",
            "Diagnostic-Code: smtp; 550 unbekannter Empfänger", "Content-Type: text/plain; charset=utf-8",
            "Content-Transfer-Encoding: 8bit",
        ] { #expect(report.text.contains("\r\n\(line)\r\n"), "\(line)") }
    }

    @Test func `Who did not gets ASCII`() throws {
        let recipient = try Samples.recipient(.failed, "ö@y.example") {
            $0.originalRecipient = RecipientCommand.OriginalRecipient(addressType: "utf-8", address: "é\\+@y.example")
            $0.reply = SMTPReply(550, nil, "unbekannter Empfänger")
        }
        let report = try report([recipient])
        #expect(!report.usesUTF8 && report.mail.body == .sevenBit)
        for line in [
            "Original-Recipient: utf-8; \\x{E9}\\x{5C}\\x{2B}@y.example", "Final-Recipient: utf-8; \\x{F6}@y.example",
            "Diagnostic-Code: smtp; 550 unbekannter Empf?nger",
        ] { #expect(report.text.contains("\r\n\(line)\r\n"), "\(line)") }
    }

    // MARK: Hostile input

    @Test func `What peers wrote ends no line and no part (F-17)`() throws {
        let evil = "x\r\nAction: delivered\r\n\r\n--=_abc123.0.0--\r\nBcc: z\u{0}\u{1B}[2J"
        let recipient = try Samples.recipient(.failed) {
            $0.reply = SMTPReply(550, nil, evil, String(repeating: "y", count: 100_000))
            $0.remoteMTA = evil
            $0.explanation = evil
            $0.originalRecipient = RecipientCommand.OriginalRecipient(addressType: evil, address: evil)
        }
        let message = try Samples.message(evil) {
            $0.envelopeID = evil
            $0.receivedFrom = evil
            $0.returns = .full
        }
        let report = try report([recipient], on: message)
        let lines = report.text.split(separator: "\r\n", omittingEmptySubsequences: false)
        #expect(lines.count { $0.hasPrefix("Action: ") && $0 != "Action: delivered" } == 1)
        #expect(lines.allSatisfy { $0.utf8.count <= 998 })
        #expect(!report.octets.contains(0) && !report.octets.contains(0x1B))
        #expect(!report.text.replacing("\r\n", with: "").contains(where: { $0 == "\r" || $0 == "\n" }))
        #expect(report.octets.count < 20_000)
    }

    @Test func `A message that knows the delimiter gets another`() throws {
        let message = try Samples.message("Subject: x\r\n\r\n--=_abc123.0.0--\r\n--=_abc123.0.1\r\n")
        let report = try report([try Samples.recipient(.failed)], on: message)
        #expect(report.text.contains("boundary=\"=_abc123.0.2\""))
    }

    @Test func `Any octets as the message`() throws {
        var generator = SystemRandomNumberGenerator()
        let alphabet: [UInt8] = [0, 10, 13, 32, 45, 58, 65, 0x80, 0xC3, 0xFF]
        for turn in 0..<300 {
            let octets = (0..<turn).map { _ in alphabet.randomElement(using: &generator) ?? 0 }
            let message = try Samples.message(octets: octets) { $0.usesUTF8 = turn % 2 == 0 }
            let report = try report([try Samples.recipient(.failed)], on: message)
            #expect(report.text.hasSuffix("\r\n--=_abc123.0.0--\r\n"))
            #expect(!report.octets.contains(0))
        }
        let endless = try Samples.message(octets: [UInt8](repeating: 0x78, count: 1_000_000))
        #expect(try report([try Samples.recipient(.failed)], on: endless).octets.count < 5_000)
    }
}
