// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import Events
internal import MailTypes
internal import Runtime
internal import SASL
internal import SMTPWire

extension SMTPDialogue {
    /// Keeps for tracking that a message came to its end, and what was answered.
    ///
    /// - Parameter recipients: those that the answer is for.
    func track(
        _ answer: SMTPReply,
        _ transaction: MailTransaction,
        _ recipients: some Collection<TransactionRecipient>,
        _ reception: MessageReception
    ) {
        server.services.events.track(
            entry(.receive, answer, transaction, recipients.map { "\($0.forwardPath)" }, reception)
        )
    }

    /// Keeps for tracking that RCPT was refused.
    func trackRefusal(of recipient: RecipientCommand, _ answer: SMTPReply) {
        guard let transaction = session.transaction, server.service != .internalLMTP else { return }
        server.services.events.track(entry(.recipient, answer, transaction, ["\(recipient.forwardPath)"], nil))
    }

    private func entry(
        _ stage: TrackingEntry.Stage,
        _ answer: SMTPReply,
        _ transaction: MailTransaction,
        _ recipients: [String],
        _ reception: MessageReception?
    ) -> TrackingEntry {
        let outcome = answer.isPositive ? "accepted" : answer.severity == .permanent ? "refused" : "deferred"
        var entry = TrackingEntry(stage, outcome, trace: transaction.trace.text)
        entry.messageID = reception?.messageID ?? ""
        entry.sender = "\(transaction.reversePath)"
        entry.recipients = recipients
        entry.reply = answer.wholeText
        entry.peer = connection.peer.description
        entry.user = transaction.user.map { "\($0.name)" } ?? ""
        entry.octets = reception?.contentOctets ?? 0
        if let hello = transaction.hello { entry.details["helo"] = hello }
        if let tls = connection.tls { entry.details["tls"] = "\(tls.version) \(tls.cipher)" }
        entry.details["service"] = "\(server.service)"
        return entry
    }
}
