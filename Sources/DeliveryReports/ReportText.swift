// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import MailTypes

/// The part of a report that people read.
struct ReportText {
    /// Recipients of one kind that are listed; a program reads them all.
    private static let maximumListed = 100

    let text: FieldText
    let message: ReportedMessage
    let recipients: [ReportedRecipient]
    let context: ReportContext
    let isNotice: Bool

    /// The worst first: what a message with several results is called after.
    private var actions: [DeliveryAction] {
        DeliveryAction.allCases.filter { action in recipients.contains { $0.action == action } }
    }

    var subject: String {
        let subject =
            switch actions.first {
            case .failed, nil: "Your message could not be delivered"
            case .delayed: "Your message is delayed"
            case .delivered: "Your message was delivered"
            case .relayed: "Your message was passed on"
            case .expanded: "Your message was passed on to several recipients"
            }
        return isNotice ? "Postmaster notice: " + subject.replacing("Your", with: "A") : subject
    }

    func lines() -> String {
        var lines = ["This is the mail system at \(text.word(context.reportingMTA)).", ""]
        if isNotice { lines += notice() + [""] }
        for action in actions { lines += section(action) }
        if actions.contains(.failed) {
            lines += ["Further details and the message, or its header, are attached.", ""]
        }
        return lines.map { $0 + "\r\n" }.joined()
    }

    private func notice() -> [String] {
        switch message.reversePath {
        case .null: ["The message below is a report itself, or one to which no answer is wanted."]
        case .address(let address): ["No report could be sent to the sender, <\(text.plain(address.description))>."]
        }
    }

    private func section(_ action: DeliveryAction) -> [String] {
        let concerned = recipients.filter { $0.action == action }
        var lines = Self.opening(action) + [""]
        for recipient in concerned.prefix(Self.maximumListed) {
            lines.append("  " + text.shown(recipient.finalRecipient))
            lines += reason(recipient).map { "    " + $0 }
        }
        if concerned.count > Self.maximumListed {
            lines.append("  and \(concerned.count - Self.maximumListed) more, listed in the attached details")
        }
        lines.append("")
        if action == .delayed {
            lines += [Self.outlook(concerned), ""]
        }
        return lines
    }

    private static func outlook(_ delayed: [ReportedRecipient]) -> String {
        guard let end = delayed.compactMap(\.willRetryUntil).max() else {
            return "It is held until this server's administrators release it. You need not send it again."
        }
        return "It will be tried again until \(StatusFields.date(end)). You need not send it again."
    }

    private static func opening(_ action: DeliveryAction) -> [String] {
        switch action {
        case .failed: ["Your message was not delivered to:"]
        case .delayed: ["Your message has not been delivered yet to:"]
        case .delivered: ["Your message was delivered to:"]
        case .relayed:
            [
                "Your message was passed on to a server that sends no reports of its own,",
                "so that this is the last you hear of it, for:",
            ]
        case .expanded: ["Your message was passed on to those for whom this address stands:"]
        }
    }

    private func reason(_ recipient: ReportedRecipient) -> [String] {
        guard recipient.action == .failed || recipient.action == .delayed else { return [] }
        if let reply = recipient.reply {
            let host = recipient.remoteMTA.map { "\(text.word($0)) said:" } ?? "The server said:"
            return [host, text.plain(text.diagnostic(reply), maximum: 900)]
        }
        return recipient.explanation.map { [text.plain($0, maximum: 900)] } ?? []
    }
}
