// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import IMAPWire
internal import MailTypes

/// The mailboxes that a client means, whichever they are at the moment (RFC 5465 §6, RFC 7377 §2.2).
struct MailboxScope {
    private let source: MailboxSource
    /// Those that it names and that a mailbox can have.
    private let names: Set<MailboxName>

    init(_ source: MailboxSource) {
        self.source = source
        switch source {
        case .selected, .inboxes, .personal, .subscribed: names = []
        case .subtree(let names), .subtreeOne(let names), .mailboxes(let names):
            self.names = Set(names.compactMap { MailboxName($0) })
        }
    }

    /// - Parameter isOwn: false for mailboxes of other users.
    func includes(
        _ name: MailboxName,
        isSubscribed: Bool,
        selected: MailboxName?,
        isOwn: Bool = true
    ) -> Bool {
        switch source {
        case .selected: name == selected
        case .inboxes: name.isInbox
        case .personal: isOwn
        case .subscribed: isSubscribed
        case .subtree: isBelow(name)
        case .subtreeOne: names.contains(name) || name.parent.map(names.contains) ?? false
        case .mailboxes: names.contains(name)
        }
    }

    private func isBelow(_ name: MailboxName) -> Bool {
        var level: MailboxName? = name
        while let above = level {
            if names.contains(above) { return true }
            level = above.parent
        }
        return false
    }
}
