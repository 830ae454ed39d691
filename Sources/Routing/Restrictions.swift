// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import ByteTools
package import MailTypes
internal import SMTPWire

/// Who is meant among senders: `ann@example.org`, `<>`, domains as in an address space, or `group:staff@example.org`.
package enum SenderPattern: Sendable, Hashable, CustomStringConvertible {
    case null
    case address(MailboxAddress)
    case domain(AddressPattern)
    /// Members of a group of this server: `group:staff@example.org`.
    case group(MailboxAddress)

    package init?(_ text: String) {
        if text == "<>" {
            self = .null
        } else if text.hasPrefix(Self.groupPrefix) {
            guard let address = MailboxAddress(String(text.dropFirst(Self.groupPrefix.utf8.count))) else { return nil }
            self = .group(address)
        } else if text.contains("@") {
            guard let address = MailboxAddress(text) else { return nil }
            self = .address(address)
        } else {
            guard let pattern = AddressPattern(text) else { return nil }
            self = .domain(pattern)
        }
    }

    private static let groupPrefix = "group:"

    func matches(_ question: RouteQuestion) -> Bool {
        switch (self, question.sender) {
        case (.null, .null): true
        case (.address(let own), .address(let other)):
            own.domain == other.domain && own.localPart.folded == other.localPart.folded
        case (.domain(let pattern), .address(let other)): pattern.matches(other.domain)
        case (.group(let group), .address): question.groups.contains(group)
        default: false
        }
    }

    package var description: String {
        switch self {
        case .null: "<>"
        case .address(let address): "\(address)"
        case .domain(let pattern): "\(pattern)"
        case .group(let address): "\(Self.groupPrefix)\(address)"
        }
    }
}

/// How urgent a message is said to be, by its Importance, Priority or X-Priority field.
package enum MessagePriority: String, Sendable, Hashable, CaseIterable {
    case low
    case normal
    case urgent
}

/// What a connector takes.
package struct Restrictions: Sendable, Hashable {
    /// None: everybody.
    package var allowedSenders: [SenderPattern] = []
    package var deniedSenders: [SenderPattern] = []
    /// Octets; `nil` for no bound.
    package var maximumSize: UInt64?
    /// None: all.
    package var priorities: Set<MessagePriority> = []

    package init() {}

    /// Why the connector does not take such a message; `nil` when it does.
    func refusal(_ question: RouteQuestion) -> SMTPReply? {
        // Reports are nobody's, and never held back for who sent them.
        if question.sender != .null {
            if deniedSenders.contains(where: { $0.matches(question) }) {
                return SMTPReply(550, .notAuthorized, "This sender may not send there")
            }
            if !allowedSenders.isEmpty, !allowedSenders.contains(where: { $0.matches(question) }) {
                return SMTPReply(550, .notAuthorized, "This sender may not send there")
            }
        }
        if let maximumSize, let size = question.size, size > maximumSize {
            return SMTPReply(552, .messageTooBig, "Messages that go there have at most \(maximumSize) octets")
        }
        if let priority = question.priority, !priorities.isEmpty, !priorities.contains(priority) {
            return SMTPReply(550, .notAuthorized, "Messages of this priority do not go there")
        }
        return nil
    }
}
