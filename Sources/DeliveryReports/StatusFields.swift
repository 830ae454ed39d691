// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import MailTypes
internal import SMTPWire

/// The part of a report that programs read (RFC 3464 §2).
struct StatusFields {
    let text: FieldText
    let message: ReportedMessage
    let recipients: [ReportedRecipient]
    let context: ReportContext

    // delivery-status-content = per-message-fields 1*( CRLF per-recipient-fields )    RFC 3464 §2.1
    func lines() -> String {
        perMessage() + recipients.map { "\r\n" + perRecipient($0) }.joined()
    }

    private func perMessage() -> String {
        var fields = ""
        if let id = message.envelopeID { fields += text.field("Original-Envelope-Id", text.plain(id)) }
        fields += text.field("Reporting-MTA", "dns; " + text.word(context.reportingMTA))
        if let name = message.receivedFrom { fields += text.field("Received-From-MTA", "dns; " + text.word(name)) }
        fields += text.field("Arrival-Date", Self.date(message.arrival))
        if let time = message.deliverBy { fields += text.field("Deliver-By-Date", Self.date(time)) }
        switch message.futureRelease {
        case .after(let seconds): fields += text.field("Future-Release-Request", "for;\(seconds)")
        case .at(let date): fields += text.field("Future-Release-Request", "until;\(date.utcText)")
        case nil: break
        }
        return fields
    }

    private func perRecipient(_ recipient: ReportedRecipient) -> String {
        var fields = ""
        if let original = recipient.originalRecipient {
            fields += text.field("Original-Recipient", text.typed(original))
        }
        fields += text.field("Final-Recipient", text.typed(recipient.finalRecipient))
        fields += text.field("Action", recipient.action.rawValue)
        fields += text.field("Status", "\(recipient.agreedStatus)")
        if let remote = recipient.remoteMTA { fields += text.field("Remote-MTA", "dns; " + text.word(remote)) }
        if let reply = recipient.reply { fields += text.field("Diagnostic-Code", "smtp; " + text.diagnostic(reply)) }
        if let date = recipient.lastAttempt { fields += text.field("Last-Attempt-Date", Self.date(date)) }
        if let date = recipient.willRetryUntil, recipient.action == .delayed {
            fields += text.field("Will-Retry-Until", Self.date(date))
        }
        return fields
    }

    static func date(_ seconds: Int64) -> String { MailDate(secondsSince1970: seconds).headerText }
}

extension ReportedRecipient {
    var agreedStatus: EnhancedStatusCode {
        let severity: Severity =
            switch action {
            case .failed: .permanent
            case .delayed: .transient
            case .delivered, .relayed, .expanded: .success
            }
        return EnhancedStatusCode(severity, status.status)
    }
}
