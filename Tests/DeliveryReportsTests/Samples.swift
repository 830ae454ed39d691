// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

import DeliveryReports
import MailTypes
import SMTPWire
import Testing

/// Messages and recipients to report on.
enum Samples {
    static let original = "Message-ID: <1@x.example>\r\nSubject: x\r\n\r\nbody\r\n"

    static func address(_ text: String) throws -> MailboxAddress { try #require(MailboxAddress(text)) }

    static func context() throws -> ReportContext {
        ReportContext(
            reportingMTA: "mx.example.org",
            postmaster: try address("postmaster@example.org"),
            now: 1_700_000_000,
            messageID: "abc123"
        )
    }

    static func message(
        from sender: String = "a@x.example",
        _ text: String = original,
        _ change: (inout ReportedMessage) -> Void = { _ in }
    ) throws -> ReportedMessage {
        try message(from: sender, octets: Array(text.utf8), change)
    }

    static func message(
        from sender: String = "a@x.example",
        octets: [UInt8],
        _ change: (inout ReportedMessage) -> Void = { _ in }
    ) throws -> ReportedMessage {
        var message = ReportedMessage(
            from: sender.isEmpty ? .null : .address(try address(sender)),
            arrival: 1_699_990_000,
            size: UInt64(octets.count),
            beginning: octets
        )
        change(&message)
        return message
    }

    static func recipient(
        _ action: DeliveryAction,
        _ address: String = "b@y.example",
        _ change: (inout ReportedRecipient) -> Void = { _ in }
    ) throws -> ReportedRecipient {
        let status = EnhancedStatusCode(.permanent, .noSuchMailbox)
        var recipient = ReportedRecipient(action, .address(try self.address(address)), status: status)
        change(&recipient)
        return recipient
    }
}

extension DeliveryReport {
    var text: String { String(decoding: octets, as: UTF8.self) }
}
