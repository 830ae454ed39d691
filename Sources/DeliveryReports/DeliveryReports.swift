// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

// Reports on what became of a message (RFC 3461 to RFC 3464, RFC 6533), as values: nothing is sent from here.
//
// Invariants:
// - Total: any message and any replies give reports, and each recipient is in exactly one of them.
// - The sender of a report is null, and a message whose sender is null has no reports (RFC 5321 §4.5.5).
// - What peers wrote can neither end a line nor a part, nor make a report grow without bound.

internal import ByteTools
package import MailTypes
package import SMTPWire

/// Makes reports.
package enum DeliveryReports {
    /// A message is returned in full up to here; of a larger one the header is.
    package static let originalOctets = 64 << 10
    /// Recipients of one report; more of them make several reports.
    package static let maximumRecipients = 5_000

    /// Whether the sender wants to hear of it (RFC 3461 §4.1).
    ///
    /// A sender who said nothing hears of failures, and of delays, which that section leaves to us.
    package static func isWanted(_ action: DeliveryAction, _ notify: RecipientCommand.Notify?) -> Bool {
        switch notify {
        case .never: return false
        case nil: return action == .failed || action == .delayed
        case .on(let success, let failure, let delay):
            switch action {
            case .failed: return failure
            case .delayed: return delay
            case .delivered, .relayed, .expanded: return success
            }
        }
    }

    /// Reports to the sender, of which each covers some of the recipients in turn; none for the null reverse-path.
    ///
    /// The caller has left out the recipients of whom the sender does not want to hear.
    package static func reports(
        on message: ReportedMessage,
        _ recipients: [ReportedRecipient],
        _ context: ReportContext
    ) -> [DeliveryReport] {
        guard let sender = message.reversePath.address else { return [] }
        return reports(to: sender, isNotice: false, message, recipients, context)
    }

    /// The same for the postmaster: of a message that has no sender to report to, or of a report that did not reach
    /// him.
    ///
    /// The caller makes none on a notice.
    package static func notices(
        to postmaster: MailboxAddress,
        on message: ReportedMessage,
        _ recipients: [ReportedRecipient],
        _ context: ReportContext
    ) -> [DeliveryReport] {
        reports(to: postmaster, isNotice: true, message, recipients, context)
    }

    private static func reports(
        to address: MailboxAddress,
        isNotice: Bool,
        _ message: ReportedMessage,
        _ recipients: [ReportedRecipient],
        _ context: ReportContext
    ) -> [DeliveryReport] {
        stride(from: 0, to: recipients.count, by: maximumRecipients).map { start in
            let range = start..<min(start + maximumRecipients, recipients.count)
            let writer = ReportWriter(
                to: address,
                isNotice: isNotice,
                message,
                Array(recipients[range]),
                context,
                number: start / maximumRecipients
            )
            return DeliveryReport(
                recipient: address,
                usesUTF8: writer.usesUTF8,
                octets: writer.octets(),
                covers: range
            )
        }
    }
}

/// A finished report.
package struct DeliveryReport: Sendable, Hashable {
    package let recipient: MailboxAddress
    /// Whether it must be sent with SMTPUTF8 (RFC 6533 §5).
    package let usesUTF8: Bool
    /// Header and body, lines ended by CRLF.
    package let octets: [UInt8]
    /// Which of the recipients it was made for it is about.
    package let covers: Range<Int>

    /// Begins its transaction: the sender is null, so that nobody answers it.
    package var mail: MailCommand {
        var mail = MailCommand(.null)
        mail.size = UInt64(octets.count)
        mail.usesUTF8 = usesUTF8
        mail.body = octets.contains { $0 >= 0x80 } ? .eightBit : .sevenBit
        return mail
    }

    /// Its one recipient, about whom nobody wants to hear (RFC 3461 §4.1).
    package var command: RecipientCommand {
        var command = RecipientCommand(.address(recipient))
        command.notify = .never
        return command
    }
}
