// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import IMAPWire
internal import MailStore
internal import MailTypes

/// The mailboxes of an account as a tree, with the levels in between that are no mailboxes themselves.
struct MailboxHierarchy {
    struct Node {
        var name: MailboxName
        /// `nil` for a level that only has mailboxes below it.
        var mailbox: MailboxDescription?
        var hasChildren = false
        /// Whether a subscribed name lies below.
        var hasSubscribedBelow = false

        var exists: Bool { mailbox?.id != nil }
        var isSubscribed: Bool { mailbox?.isSubscribed ?? false }

        /// The row of LIST (RFC 9051 §7.3.1).
        ///
        /// - Parameter isExtended: whether the client knows `\NonExistent`.
        func listing(isExtended: Bool, withSubscription: Bool) -> MailboxListing {
            var attributes: [String] = []
            if !exists { attributes.append(isExtended ? "\\NonExistent" : "\\Noselect") }
            attributes.append(hasChildren ? "\\HasChildren" : "\\HasNoChildren")
            if isSubscribed, withSubscription { attributes.append("\\Subscribed") }
            let uses = mailbox?.specialUse ?? []
            return MailboxListing(attributes: attributes + uses.map(\.rawValue).sorted(), name: name.text)
        }
    }

    /// By name.
    private(set) var nodes: [Node]

    init(_ mailboxes: [MailboxDescription]) {
        var table: [MailboxName: Node] = [:]
        for mailbox in mailboxes { table[mailbox.name] = Node(name: mailbox.name, mailbox: mailbox) }
        for mailbox in mailboxes {
            var level = mailbox.name.parent
            while let name = level {
                var node = table[name] ?? Node(name: name)
                if mailbox.id != nil { node.hasChildren = true }
                if mailbox.isSubscribed { node.hasSubscribedBelow = true }
                table[name] = node
                level = name.parent
            }
        }
        nodes = table.values.sorted { $0.name < $1.name }
    }
}
