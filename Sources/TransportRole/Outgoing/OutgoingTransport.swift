// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

package import MailQueue
package import MailTypes
package import Resolver
internal import Runtime
package import SMTPClient
internal import SMTPWire
package import Settings

/// Takes queued mail to where it goes: accounts of this server, and other servers.
package struct OutgoingTransport: DeliveryTransport {
    private let local: LocalQueueDelivery
    private let outbound: SMTPOutbound
    private let resolver: any MailHostResolver
    private let settings: LiveSettings
    private let hostName: String

    package init(
        lmtp: LMTPClient,
        socket: @escaping @Sendable (AccountID) -> String?,
        outbound: SMTPOutbound,
        resolver: any MailHostResolver,
        settings: LiveSettings,
        hostName: String
    ) {
        local = LocalQueueDelivery(client: lmtp, socket: socket)
        self.outbound = outbound
        self.resolver = resolver
        self.settings = settings
        self.hostName = hostName
    }

    package func deliver(
        _ batch: DeliveryBatch,
        willSendEnd: @escaping @Sendable ([Int]) async -> Bool
    ) async -> DeliveryResult {
        if batch.destination == MailQueue.localDestination { return await local.deliver(batch) }
        let snapshot = settings.current
        let commands = batch.recipients.map { batch.message.recipients[$0].command }
        var domain: Domain?
        if case .address(let address)? = commands.first?.forwardPath { domain = address.domain }
        let hosts = OutgoingHosts(snapshot, resolver: resolver, domain: domain, ownName: hostName)
        guard let first = await hosts.next() else { return Self.result(of: hosts, commands.count) }
        var options = SMTPOutboundOptions(heloName: hostName)
        options.security = snapshot[OutgoingSettings.security]
        if batch.message.mail.requiresTLS, options.security != .verify { options.security = .require }
        var mail = batch.message.mail
        mail.trace = nil
        let content = OutgoingContent(batch.content)
        var isFirst = true
        let result = await outbound.send(
            OutboundMessage(mail, commands, content),
            via: options,
            observer: EndOfMessage(willSendEnd)
        ) {
            defer { isFirst = false }
            return isFirst ? first : await hosts.next()
        }
        return DeliveryResult(
            result.recipients.map(DeliveryOutcome.init),
            destinationFailure: result.destinationFailed ? result.attempts.last?.description ?? "no host answers" : nil,
            contentIsDamaged: content.isDamaged
        )
    }

    /// What it means that there is nobody to talk to.
    private static func result(of hosts: OutgoingHosts, _ count: Int) -> DeliveryResult {
        let outcome: DeliveryOutcome
        var failure: String?
        if hosts.leadsHere {
            outcome = DeliveryOutcome(
                .bounced,
                SMTPReply(554, .routingLoop, "The domain's mail comes to this server, which does not know it")
            )
        } else if let found = hosts.failure, let severity = Severity(rawValue: UInt8(found.replyCode / 100)) {
            let reply = SMTPReply(
                severity,
                digits: UInt8(found.replyCode % 100),
                found.status.status,
                lines: [found.reason]
            )
            outcome = DeliveryOutcome(found.isPermanent ? .bounced : .deferred, reply)
            failure = found.isPermanent ? nil : found.reason
        } else {
            failure = "there is no host to talk to"
            outcome = DeliveryOutcome(.deferred, SMTPReply(451, .badConnection, "There is no host to talk to"))
        }
        return DeliveryResult([DeliveryOutcome](repeating: outcome, count: count), destinationFailure: failure)
    }
}

/// Tells the queue that the end of a message is about to leave.
private final class EndOfMessage: OutboundObserver {
    private let willSendEnd: @Sendable ([Int]) async -> Bool

    init(_ willSendEnd: @escaping @Sendable ([Int]) async -> Bool) { self.willSendEnd = willSendEnd }

    func willSendEndOfData(_ recipients: [Int], to host: SMTPHost) async -> Bool { await willSendEnd(recipients) }
}

extension DeliveryOutcome {
    fileprivate init(_ outcome: RecipientOutcome) {
        let kind: Kind =
            switch outcome.kind {
            case .delivered: .delivered
            case .deferred: .deferred
            case .bounced: .bounced
            case .inDoubt: .inDoubt
            }
        self.init(
            kind,
            outcome.reply,
            isPeersReply: outcome.isPeersReply,
            host: outcome.host?.name,
            peerReports: outcome.peerReports
        )
    }
}
