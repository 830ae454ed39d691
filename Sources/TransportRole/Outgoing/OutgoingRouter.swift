// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import Locking
package import MailQueue
internal import MailTypes
package import Routing
internal import Runtime
package import SMTPWire
package import Settings

/// Where mail for other domains goes: what the connectors say.
package final class OutgoingRouter: QueueRouter {
    private let current: Lock<RoutingTable>
    private let zone: LocalZone

    package init(_ settings: LiveSettings, zone: LocalZone = .system) {
        let current = Lock(RoutingTable(settings.current))
        self.current = current
        self.zone = zone
        settings.observe { snapshot in
            let table = RoutingTable(snapshot)
            current.withLock { $0 = table }
        }
    }

    /// The connectors as they are now.
    package var table: RoutingTable { current.withLock { $0 } }

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
            let seconds = time / 1000
            guard let opening = route.schedule.nextOpening(from: seconds, zone) else {
                return .waits(SMTPReply(451, .unableToRoute, "The connector \(route.connector.name) has no hours"))
            }
            return .destination(route.key, opensAt: opening > seconds ? opening * 1000 : nil)
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
        return table.decide(
            RouteQuestion(address, from: message.mail.reversePath, size: size, priority: priority)
        )
    }

    private static let nowhere = SMTPReply(550, .otherAddress, "No domain to send it to")
}
