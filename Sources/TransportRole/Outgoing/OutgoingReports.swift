// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import DeliveryReports
package import Directory
package import MailQueue
internal import MailTypes
internal import SMTPWire

/// Writes the reports of the queue (RFC 3461, RFC 3464), and finds out where their recipients are.
package struct OutgoingReports: ReportWriter {
    private let directory: AccountDirectory
    private let hostName: String
    private let now: @Sendable () -> Int64

    /// - Parameter now: seconds since 1970.
    package init(_ directory: AccountDirectory, hostName: String, now: @escaping @Sendable () -> Int64) {
        self.directory = directory
        self.hostName = hostName
        self.now = now
    }

    package func drafts(_ request: ReportRequest) async -> [ReportDraft]? {
        let wanted = request.recipients.indices.filter { index in
            let recipient = request.recipients[index]
            guard let action = DeliveryAction(rawValue: recipient.action.rawValue) else { return false }
            // Nobody hears of a report's fate but postmaster, when it cannot be delivered.
            if request.message.origin == .report { return action == .failed }
            // RFC 2852 §4: whoever set a time is told who does not know of it.
            if action == .relayed, request.message.mail.deliverBy != nil { return recipient.command.notify != .never }
            return DeliveryReports.isWanted(action, recipient.command.notify)
        }
        guard !wanted.isEmpty, request.message.origin != .notice else { return [] }
        let found = await postmaster()
        guard !found.isUnknown, let postmaster = found.postmaster else { return found.isUnknown ? nil : [] }
        var drafts: [ReportDraft] = []
        // The members of a group are its owner's business, the others the sender's.
        for sender in Set(wanted.map { request.recipients[$0].sender }) {
            let own = wanted.filter { request.recipients[$0].sender == sender }
            guard let made = await self.drafts(request, own, to: sender, postmaster) else { return nil }
            drafts += made
        }
        return drafts
    }

    /// Reports on some of the recipients, which have one sender; `owner` in place of the message's.
    private func drafts(
        _ request: ReportRequest,
        _ wanted: [Int],
        to owner: MailboxAddress?,
        _ postmaster: Postmaster
    ) async -> [ReportDraft]? {
        let sender = owner.map { ReversePath.address($0) } ?? request.message.mail.reversePath
        var message = ReportedMessage(
            from: sender,
            arrival: request.arrival / 1000,
            size: request.size,
            beginning: request.beginning
        )
        if owner == nil {
            message.envelopeID = request.message.mail.envelopeID
            message.returns = request.message.mail.reportContent
        }
        // RFC 8689 §5: of what needs TLS the content does not go back, and the report needs it, too.
        if request.message.mail.requiresTLS { message.returns = .headers }
        message.usesUTF8 = request.message.mail.usesUTF8
        message.deliverBy = request.message.mail.deliverBy.map { request.arrival / 1000 + $0.seconds }
        message.futureRelease = request.message.mail.release
        message.receivedFrom = request.message.receivedFrom
        let recipients = wanted.map { Self.reported(request.recipients[$0], request) }
        let context = ReportContext(
            reportingMTA: hostName,
            postmaster: postmaster.address,
            now: now(),
            // One message may be reported on several times in one second.
            messageID: "\(request.id).\(String(UInt64.random(in: .min ... .max), radix: 36))"
        )
        switch await target(of: sender, postmaster) {
        case .later: return nil
        case .sender(let commands):
            let reports = DeliveryReports.reports(on: message, recipients, context)
            return reports.map { draft($0, commands, .report, wanted, requiresTLS: request.message.mail.requiresTLS) }
        case .postmaster:
            // Delays of mail that nobody sent are nobody's business.
            guard recipients.contains(where: { $0.action == .failed }), !postmaster.commands.isEmpty else { return [] }
            let notices = DeliveryReports.notices(to: postmaster.address, on: message, recipients, context)
            return notices.map { draft($0, postmaster.commands, .notice, wanted) }
        }
    }

    private func draft(
        _ report: DeliveryReport,
        _ commands: [RecipientCommand],
        _ origin: QueueOrigin,
        _ wanted: [Int],
        requiresTLS: Bool = false
    ) -> ReportDraft {
        var mail = report.mail
        (mail.size, mail.trace) = (nil, .random())
        mail.requiresTLS = requiresTLS
        var message = QueuedMessage(mail, commands.map { QueuedRecipient($0, destination: "") })
        message.origin = origin
        return ReportDraft(message, octets: report.octets, covers: report.covers.map { wanted[$0] })
    }

    private static func reported(_ delivery: ReportedDelivery, _ request: ReportRequest) -> ReportedRecipient {
        let action = DeliveryAction(rawValue: delivery.action.rawValue) ?? .failed
        let severity: Severity =
            switch action {
            case .failed: .permanent
            case .delayed: .transient
            case .delivered, .relayed, .expanded: .success
            }
        let status = delivery.status.reply.status ?? .other
        var recipient = ReportedRecipient(
            action,
            delivery.command.forwardPath,
            status: EnhancedStatusCode(severity, status)
        )
        recipient.originalRecipient = delivery.command.originalRecipient
        if delivery.status.isPeersReply {
            recipient.reply = delivery.status.reply
            recipient.remoteMTA = delivery.status.host
        } else {
            recipient.explanation = delivery.status.reply.lines.first
        }
        if delivery.wasTried { recipient.lastAttempt = delivery.status.time / 1000 }
        if action == .delayed, !request.isFrozen { recipient.willRetryUntil = request.expiry / 1000 }
        return recipient
    }

    // MARK: Whom to tell

    private struct Postmaster {
        var address: MailboxAddress
        var commands: [RecipientCommand]
    }

    private enum Target {
        case sender([RecipientCommand])
        case postmaster
        case later
    }

    /// Where the sender is; postmaster stands in for one that is null or not to be found here.
    private func target(
        of sender: ReversePath,
        _ postmaster: Postmaster
    ) async -> Target {
        guard let address = sender.address else { return .postmaster }
        switch await directory.resolve(.address(address)) {
        case .accounts(let accounts): return .sender(Self.commands(accounts))
        case .expanded(let expansion): return .sender(Self.commands(expansion))
        case .notLocal:
            var command = RecipientCommand(.address(address))
            command.notify = .never
            return .sender([command])
        case .unknown, .disabled: return .postmaster
        case .temporary: return .later
        }
    }

    /// Who reports; unknown when the directory cannot say now.
    ///
    /// A server without accounts reports all the same, under a name that nobody reads.
    private func postmaster() async -> (postmaster: Postmaster?, isUnknown: Bool) {
        switch await directory.resolve(.postmaster) {
        case .accounts(let accounts):
            return (accounts.first.map { Postmaster(address: $0.address, commands: Self.commands(accounts)) }, false)
        case .expanded(let expansion):
            let address = expansion.members.first?.place.address
            return (address.map { Postmaster(address: $0, commands: Self.commands(expansion)) }, false)
        case .temporary: return (nil, true)
        case .unknown, .disabled, .notLocal:
            return (MailboxAddress("postmaster@\(hostName)").map { Postmaster(address: $0, commands: []) }, false)
        }
    }

    private static func commands(_ expansion: Expansion) -> [RecipientCommand] {
        expansion.members.flatMap { member in
            switch member.place {
            case .account(let recipient): return commands([recipient])
            case .remote(let address):
                var command = RecipientCommand(.address(address))
                command.notify = .never
                return [command]
            }
        }
    }

    private static func commands(_ accounts: [LocalRecipient]) -> [RecipientCommand] {
        accounts.map { recipient in
            var command = RecipientCommand(.address(recipient.address))
            command.account = recipient.account
            command.delivery = .random()
            command.notify = .never
            return command
        }
    }
}
