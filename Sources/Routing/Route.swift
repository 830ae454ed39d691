// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

package import MailTypes
package import SMTPWire

/// A recipient of a message, as the choice of a connector sees it.
package struct RouteQuestion: Sendable, Hashable {
    package var recipient: MailboxAddress
    package var sender: ReversePath
    /// Octets of the message, when they are known.
    package var size: UInt64?
    /// `nil` while it is not known: then it keeps nobody out.
    package var priority: MessagePriority?
    /// Groups of this server that the sender is a member of, as far as connectors ask for them.
    package var groups: Set<MailboxAddress> = []

    package init(
        _ recipient: MailboxAddress,
        from sender: ReversePath,
        size: UInt64? = nil,
        priority: MessagePriority? = .normal
    ) {
        self.recipient = recipient
        self.sender = sender
        self.size = size
        self.priority = priority
    }
}

/// A connector, applied to one recipient.
package struct Route: Sendable, Hashable {
    package let connector: Connector
    package let nextHop: NextHop
    /// When such a message may leave.
    package let schedule: Schedule
    /// What holds for the recipient's domain.
    package let rule: DomainRule?

    init(_ connector: Connector, _ question: RouteQuestion, _ rule: DomainRule? = nil) {
        var connector = connector
        if let security = rule?.security { connector.security = security }
        self.connector = connector
        self.rule = rule
        if let folder = connector.dropFolder {
            nextHop = .drop(folder)
        } else if connector.smartHosts.isEmpty {
            nextHop = .mx(question.recipient.domain)
        } else {
            nextHop = .smartHosts(connector.smartHosts)
        }
        let isOversize = connector.oversizeAbove.map { (question.size ?? 0) > $0 } ?? false
        schedule = isOversize ? connector.oversizeSchedule : connector.schedule
    }

    /// Equal for messages that may share connections and wait in one queue: `mx:example.org`,
    /// `branch/smart-host:[192.0.2.1]`.
    package var key: String { key(to: nextHop) }

    /// As `key`, with another next hop that stands for this one.
    package func key(to hop: NextHop) -> String {
        connector.name == RoutingTable.directName ? "\(hop)" : "\(connector.name)/\(hop)"
    }
}

/// Where a message for one recipient goes.
package enum RouteDecision: Sendable, Hashable {
    /// By the first; by the others, in turn, as long as those before them cannot be reached.
    case routes([Route])
    /// Nowhere: no connector for this domain takes such a message.
    case refused(SMTPReply)
    /// Nowhere for the time being: the connectors for it are switched off.
    case waits(SMTPReply)
}
