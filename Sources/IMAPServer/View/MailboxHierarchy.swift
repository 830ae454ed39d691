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
        /// What lies below it.
        var below: Below = []

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

    /// What the selection options of LIST ask for.
    struct Below: OptionSet {
        let rawValue: UInt8

        static let subscribed = Below(rawValue: 1)
        static let specialUse = Below(rawValue: 2)
        /// One that is both.
        static let subscribedSpecialUse = Below(rawValue: 4)

        init(rawValue: UInt8) { self.rawValue = rawValue }

        init(_ mailbox: MailboxDescription) {
            self = mailbox.isSubscribed ? .subscribed : []
            guard !mailbox.specialUse.isEmpty else { return }
            formUnion(mailbox.isSubscribed ? [.specialUse, .subscribedSpecialUse] : .specialUse)
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
                node.below.formUnion(Below(mailbox))
                table[name] = node
                level = name.parent
            }
        }
        nodes = table.values.sorted { $0.name < $1.name }
    }
}
