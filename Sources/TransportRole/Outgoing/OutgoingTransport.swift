// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

package import MailQueue
package import MailTypes
package import ProtocolTrace
package import Resolver
package import Routing
internal import Runtime
package import SMTPClient
internal import SMTPWire
package import Settings

/// Takes queued mail to where it goes: accounts of this server, and other servers.
package struct OutgoingTransport: DeliveryTransport {
    private let local: LocalQueueDelivery
    private let outbound: SMTPOutbound
    private let resolver: any MailHostResolver
    private let router: OutgoingRouter
    private let vault: CredentialVault
    private let settings: LiveSettings
    private let hostName: String
    private let traces: ProtocolTraces?
    /// Connections on which held mail is fetched.
    private let onDemand: OnDemandSessions
    private let ownAddresses: OwnAddresses

    package init(
        lmtp: LMTPClient,
        socket: @escaping @Sendable (AccountID) -> String?,
        outbound: SMTPOutbound,
        resolver: any MailHostResolver,
        router: OutgoingRouter,
        vault: CredentialVault,
        settings: LiveSettings,
        hostName: String,
        traces: ProtocolTraces? = nil,
        onDemand: OnDemandSessions = OnDemandSessions(),
        ownAddresses: OwnAddresses = OwnAddresses()
    ) {
        self.ownAddresses = ownAddresses
        self.traces = traces
        local = LocalQueueDelivery(client: lmtp, socket: socket)
        self.outbound = outbound
        self.resolver = resolver
        self.router = router
        self.vault = vault
        self.settings = settings
        self.hostName = hostName
        self.onDemand = onDemand
    }

    package func deliver(
        _ batch: DeliveryBatch,
        willSendEnd: @escaping @Sendable ([Int]) async -> Bool
    ) async -> DeliveryResult {
        if batch.destination == MailQueue.localDestination { return await local.deliver(batch) }
        let commands = batch.recipients.map { batch.message.recipients[$0].command }
        var outcomes = [DeliveryOutcome?](repeating: nil, count: commands.count)
        var groups: [(parcel: Parcel, members: [Int])] = []
        for (index, command) in commands.enumerated() {
            switch ways(for: command, batch) {
            case .failure(let end): outcomes[index] = end.outcome
            case .success(let ways):
                // Together goes who has the same ways: the servers of one domain are not those of another.
                let recipient = batch.message.recipients[batch.recipients[index]]
                let parcel = Parcel(ways: ways, sender: recipient.sender, forwarder: recipient.forwarder)
                if let group = groups.firstIndex(where: { $0.parcel == parcel }) {
                    groups[group].members.append(index)
                } else {
                    groups.append((parcel, [index]))
                }
            }
        }
        var failures: [String] = []
        var isDamaged = false
        var attempts: [String] = []
        for (parcel, members) in groups {
            let result = await deliver(batch, members, members.map { commands[$0] }, parcel) { waiting in
                await willSendEnd(waiting.map { members[$0] })
            }
            for (member, outcome) in zip(members, result.outcomes) { outcomes[member] = outcome }
            if let failure = result.destinationFailure, isAbout(batch.destination, parcel) { failures.append(failure) }
            isDamaged = isDamaged || result.contentIsDamaged
            attempts += result.attempts
        }
        var all = DeliveryResult(
            outcomes.map { $0 ?? Self.closed.outcome },
            destinationFailure: !groups.isEmpty && failures.count == groups.count ? failures.last : nil,
            contentIsDamaged: isDamaged
        )
        all.attempts = attempts
        return all
    }

    /// Whether a failure says something about the destination, where mail for other domains waits, too: not when the
    /// hosts of this domain cannot be found, or turned out to be others.
    private func isAbout(_ destination: String, _ parcel: Parcel) -> Bool {
        parcel.ways.first.map { router.key(of: $0) == destination } ?? true
    }

    /// What recipients have in common that one transaction can be for.
    private struct Parcel: Hashable {
        var ways: [Route]
        var sender: MailboxAddress?
        var forwarder: MailboxAddress?

        /// MAIL for them.
        ///
        /// An envelope id is between the message's sender and us; the owner of a group never gave it.
        func mail(_ mail: MailCommand) -> MailCommand {
            var mail = mail
            mail.trace = nil
            guard let sender else { return mail }
            (mail.reversePath, mail.envelopeID, mail.reportContent) = (.address(sender), nil, nil)
            return mail
        }

        /// What is not ASCII is left out, for not every server takes such a header: there the count of Received fields
        /// ends a loop.
        var head: [UInt8] {
            let head = forwarder.map { Array("Delivered-To: \($0)\r\n".utf8) } ?? []
            return head.allSatisfy { $0 < 0x80 } ? head : []
        }
    }

    /// What the connectors say of a recipient who goes nowhere now.
    private struct DeadEnd: Error {
        var outcome: DeliveryOutcome
    }

    /// The ways for a recipient by the settings as they are now, which need not be those by which it was queued.
    private func ways(for recipient: RecipientCommand, _ batch: DeliveryBatch) -> Result<[Route], DeadEnd> {
        switch router.decide(recipient, of: batch.message, size: batch.content.size) {
        case .refused(let reply): return .failure(DeadEnd(outcome: DeliveryOutcome(.bounced, reply)))
        case .waits(let reply): return .failure(DeadEnd(outcome: DeliveryOutcome(.deferred, reply)))
        case .routes(let routes):
            let ways = Self.ways(routes, destination: batch.destination, isOpen: router.isOpen)
            return ways.isEmpty ? .failure(Self.closed) : .success(ways)
        }
    }

    private static let closed = DeadEnd(
        outcome: DeliveryOutcome(.deferred, SMTPReply(451, .unableToRoute, "The connector's hours are over"))
    )

    /// The routes that are open: the one that the batch waited for, then the others that may stand in for it.
    static func ways(_ routes: [Route], destination: String, isOpen: (Route) -> Bool) -> [Route] {
        let own = routes.first { $0.key == destination } ?? routes.first
        let others = routes.filter { $0 != own && !$0.connector.isHeld }
        return ([own].compactMap(\.self) + others).filter(isOpen)
    }

    /// By the first way on which somebody can be talked to.
    ///
    /// - Parameter members: positions of the recipients in the batch.
    private func deliver(
        _ batch: DeliveryBatch,
        _ members: [Int],
        _ commands: [RecipientCommand],
        _ parcel: Parcel,
        _ willSendEnd: @escaping @Sendable ([Int]) async -> Bool
    ) async -> DeliveryResult {
        var result = DeliveryResult([])
        var attempts: [String] = []
        for route in parcel.ways {
            if case .drop(let folder) = route.nextHop {
                result = await DropFolder(path: folder).deliver(
                    batch,
                    members.map { batch.recipients[$0] },
                    to: commands,
                    from: parcel.mail(batch.message.mail).reversePath,
                    behind: parcel.head
                )
                guard result.destinationFailure != nil else { break }
                continue
            }
            result = await deliver(batch, commands, parcel, by: route, willSendEnd)
            attempts += result.attempts
            guard result.destinationFailure != nil else { break }
        }
        result.attempts = attempts
        return result
    }

    private func deliver(
        _ batch: DeliveryBatch,
        _ commands: [RecipientCommand],
        _ parcel: Parcel,
        by route: Route,
        _ willSendEnd: @escaping @Sendable ([Int]) async -> Bool
    ) async -> DeliveryResult {
        if route.connector.isHeld, !route.connector.relayUsers.isEmpty {
            // Nobody but who asks for it gets it: without them it goes no other way.
            guard let line = await onDemand.take(route.connector.name) else { return Self.uncalledFor(commands.count) }
            return await deliver(batch, commands, parcel, over: line, willSendEnd)
        }
        let port = UInt16(clamping: settings.current[RoutingSettings.port])
        let hosts = OutgoingHosts(
            route.nextHop,
            port: port,
            resolver: resolver,
            ownName: hostName,
            ownAddresses: ownAddresses,
            needsProof: batch.message.mail.requiresTLS,
            sites: router.sites,
            terms: "\(route.connector.name)/\(route.rule?.name ?? "")"
        )
        guard let first = await hosts.next() else { return Self.result(of: hosts, commands.count) }
        guard let options = await options(route) else {
            let text = "The password of connector \(route.connector.name) cannot be used"
            let outcome = DeliveryOutcome(.deferred, SMTPReply(451, .badCredentials, text))
            return DeliveryResult(
                [DeliveryOutcome](repeating: outcome, count: commands.count),
                destinationFailure: text
            )
        }
        let mail = parcel.mail(batch.message.mail)
        let content = OutgoingContent(batch.content, behind: parcel.head)
        var isFirst = true
        let result = await outbound.send(
            OutboundMessage(mail, commands, content),
            via: options,
            observer: OutgoingObserver(
                traces: traces,
                names: Self.domains(of: commands),
                about: "message \(batch.id)",
                willSendEnd
            )
        ) {
            defer { isFirst = false }
            return isFirst ? first : await hosts.next()
        }
        var delivered = DeliveryResult(
            result.recipients.map { outcome in
                var found = DeliveryOutcome(outcome)
                let last = result.attempts.last { $0.host == outcome.host }
                found.tls = last?.tls.map { "\($0.version) \($0.cipher)" }
                return found
            },
            destinationFailure: result.destinationFailed ? result.attempts.last?.description ?? "no host answers" : nil,
            contentIsDamaged: content.isDamaged
        )
        delivered.attempts = result.attempts.map(\.description)
        return delivered
    }

    private static func domains(of commands: [RecipientCommand]) -> [String] {
        let found = commands.compactMap { command in
            if case .address(let address) = command.forwardPath { "\(address.domain)" } else { nil as String? }
        }
        return Array(Set(found))
    }

    private static func uncalledFor(_ count: Int) -> DeliveryResult {
        let reply = SMTPReply(450, StatusDetail(4, 0), "Waits to be fetched (ATRN)")
        return DeliveryResult([DeliveryOutcome](repeating: DeliveryOutcome(.notTried, reply), count: count))
    }

    /// Over the connection of somebody who asked for it (RFC 2645 §4).
    ///
    /// What happens to the connection says nothing of the destination, which is whoever calls next. Once it is gone,
    /// nothing more is tried on it.
    private func deliver(
        _ batch: DeliveryBatch,
        _ commands: [RecipientCommand],
        _ parcel: Parcel,
        over line: OnDemandSessions.Line,
        _ willSendEnd: @escaping @Sendable ([Int]) async -> Bool
    ) async -> DeliveryResult {
        let content = OutgoingContent(batch.content, behind: parcel.head)
        let result = await outbound.send(
            OutboundMessage(parcel.mail(batch.message.mail), commands, content),
            via: line.options,
            hosts: [line.host],
            observer: OutgoingObserver(
                traces: traces,
                names: Self.domains(of: commands),
                about: "message \(batch.id)",
                willSendEnd
            )
        )
        if outbound.hasConnection(line.host, line.options) {
            onDemand.giveBack(line)
        } else {
            onDemand.close(line)
        }
        guard !result.lacksConnection else { return Self.uncalledFor(commands.count) }
        return DeliveryResult(result.recipients.map(DeliveryOutcome.init), contentIsDamaged: content.isDamaged)
    }

    /// How a connector's hosts are talked to; `nil` when its password is needed and cannot be had.
    private func options(_ route: Route) async -> SMTPOutboundOptions? {
        let connector = route.connector
        var options = SMTPOutboundOptions(heloName: connector.heloName ?? hostName)
        options.timeouts = SMTPTimeouts(settings.current)
        options.signedEightBit = settings.current[OutboundContentSettings.signedEightBit]
        if let maximum = route.rule?.messagesPerConnection { options.maximumMessagesPerConnection = maximum }
        if let maximum = route.rule?.recipientsPerMessage { options.maximumRecipients = maximum }
        options.security = connector.security
        options.implicitTLS = connector.usesImplicitTLS
        options.sourceIPv4 = connector.sourceIPv4.flatMap { SocketAddress(host: $0, port: 0) }
        options.sourceIPv6 = connector.sourceIPv6.flatMap { SocketAddress(host: $0, port: 0) }
        guard let user = connector.user else { return options }
        guard let password = await vault.password(of: connector.name) else { return nil }
        options.credentials = SMTPCredentials(user: user, password: password)
        return options
    }

    /// What it means that there is nobody to talk to.
    private static func result(of hosts: OutgoingHosts, _ count: Int) -> DeliveryResult {
        let outcome: DeliveryOutcome
        var failure: String?
        if hosts.lacksProof {
            let text = "REQUIRETLS support required; DNSSEC does not vouch for where the domain's mail goes"
            outcome = DeliveryOutcome(.bounced, SMTPReply(550, .requireTLSNeeded, text))
        } else if hosts.leadsHere {
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
