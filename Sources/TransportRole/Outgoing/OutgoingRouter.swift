// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import Locking
package import MailQueue
package import MailTypes
package import Routing
internal import Runtime
package import SMTPWire
package import Settings

/// Where mail for other domains goes: what the connectors say.
package final class OutgoingRouter: QueueRouter {
    /// What the settings say.
    private struct State: Sendable {
        var table: RoutingTable
        /// By rules for domains.
        var retries: [String: RetryList]
        var lifetimes: [String: Duration]

        init(_ settings: SettingsSnapshot) {
            table = RoutingTable(settings)
            (retries, lifetimes) = ([:], [:])
            for rule in table.rules {
                let texts = settings[QueueSettings.destinationRetry, instance: rule.name]
                retries[rule.name] = RetryList(settingText: texts.joined(separator: ", "))
                let lifetime = settings[QueueSettings.destinationExpire, instance: rule.name]
                if lifetime > .zero { lifetimes[rule.name] = lifetime }
            }
        }
    }

    private let current: Lock<State>
    private let zone: LocalZone
    /// Domains that have the same servers.
    package let sites = SharedSites()
    /// Who is in the groups that connectors ask for.
    private let memberships = Lock<[MailboxAddress: Set<MailboxAddress>]>([:])

    package init(_ settings: LiveSettings, zone: LocalZone = .system) {
        let current = Lock(State(settings.current))
        self.current = current
        self.zone = zone
        settings.observe { snapshot in
            let state = State(snapshot)
            current.withLock { $0 = state }
        }
    }

    /// The connectors as they are now.
    package var table: RoutingTable { current.withLock { $0.table } }

    /// Finds out who is in the groups that connectors ask for; to be called now and then.
    package func learnGroups(_ members: (MailboxAddress) async -> Set<MailboxAddress>?) async {
        let groups = table.groups
        var found: [MailboxAddress: Set<MailboxAddress>] = [:]
        for group in groups {
            // While the directory cannot say, what was known holds.
            found[group] = await members(group) ?? memberships.withLock { $0[group] }
        }
        memberships.withLock { $0 = found }
    }

    /// The groups that somebody is in, of those that connectors ask for.
    package func groups(of sender: ReversePath) -> Set<MailboxAddress> {
        guard let address = sender.address else { return [] }
        let folded = MailboxAddress(folding: address)
        return memberships.withLock { Set($0.filter { $0.value.contains(folded) }.keys) }
    }

    package func terms(of destination: String) -> DestinationTerms {
        let state = current.withLock { $0 }
        var rest = destination[...]
        var terms = DestinationTerms(isHeld: false)
        if let slash = destination.firstIndex(of: "/") {
            let connector = state.table[String(destination[..<slash])]
            terms.connections = connector?.connections
            terms.isHeld = connector?.isHeld ?? false
            terms.hours = connector?.hours ?? ""
            rest = destination[destination.index(after: slash)...]
        }
        guard rest.hasPrefix("mx:"), let domain = Domain(String(rest.dropFirst(3))),
            let rule = state.table.rule(for: domain)
        else { return terms }
        terms.connections = rule.connections ?? terms.connections
        terms.retry = state.retries[rule.name]
        terms.expire = state.lifetimes[rule.name]
        return terms
    }

    /// Where messages that go by a route wait: with those for other domains of the same servers.
    func key(of route: Route) -> String {
        guard case .mx(let domain) = route.nextHop, let leader = sites.leader(of: domain) else { return route.key }
        return route.key(to: .mx(leader))
    }

    package func isOpen(_ route: Route) -> Bool { route.schedule.isOpen(at: WallClock.seconds, zone) }

    /// Names of destinations are the keys of routes: `mx:example.org`, `branch/smart-host:relay.example`.
    package func route(
        _ recipient: RecipientCommand,
        of message: QueuedMessage,
        size: UInt64,
        at time: Int64
    ) -> QueueRoute {
        switch decide(recipient, of: message, size: size) {
        case .refused(let reply): return .refused(reply)
        case .waits(let reply): return .waits(reply)
        case .routes(let routes):
            guard let route = routes.first else { return .refused(Self.nowhere) }
            if route.connector.isHeld { return .held(route.key) }
            let key = key(of: route)
            let seconds = time / 1000
            guard let opening = route.schedule.nextOpening(from: seconds, zone) else {
                return .waits(SMTPReply(451, .unableToRoute, "The connector \(route.connector.name) has no hours"))
            }
            return .destination(key, opensAt: opening > seconds ? opening * 1000 : nil)
        }
    }

    func decide(_ recipient: RecipientCommand, of message: QueuedMessage, size: UInt64) -> RouteDecision {
        guard case .address(let address) = recipient.forwardPath else { return .refused(Self.nowhere) }
        let priority: MessagePriority =
            switch message.priority {
            case .low: .low
            case .normal: .normal
            case .urgent: .urgent
            }
        var question = RouteQuestion(address, from: message.mail.reversePath, size: size, priority: priority)
        question.groups = groups(of: message.mail.reversePath)
        return table.decide(question)
    }

    private static let nowhere = SMTPReply(550, .otherAddress, "No domain to send it to")
}

extension MailboxAddress {
    /// As it is compared: case of the local part counts for nothing.
    init(folding address: MailboxAddress) {
        self.init(localPart: LocalPart(address.localPart.folded) ?? address.localPart, domain: address.domain)
    }
}
