// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import IMAPWire
internal import MailStore
internal import MailTypes

/// What has happened to an account between two looks at it, as far as a client wants to know it (RFC 5465 §5).
struct AccountDifference {
    private let wanted: Notifications
    private let now: AccountOverview
    private let selected: MailboxID?
    private let enabled: EnabledExtensions
    /// The counts that are told of each mailbox where they are others.
    private var counts: [MailboxID: [StatusItem]] = [:]

    private var before: AccountOverview { wanted.known }

    /// - Parameter selected: the mailbox that is told of in another way.
    init(_ wanted: Notifications, _ now: AccountOverview, selected: MailboxID?, _ enabled: EnabledExtensions) {
        self.wanted = wanted
        self.now = now
        self.selected = selected
        self.enabled = enabled
        let replaced = Set(wanted.known.mailboxes.lazy.filter { now.mailboxes[$0.key] == nil }.map(\.value.name))
        for (id, mailbox) in now.mailboxes where id != selected {
            let items = items(of: mailbox, id, wasReplaced: replaced.contains(mailbox.name))
            if !items.isEmpty { counts[id] = items }
        }
    }

    private func events(of name: MailboxName) -> WatchedEvents {
        wanted.events(of: name, isSubscribed: now.subscriptions.contains(name))
    }
}

// MessageNew, MessageExpunge, FlagChange.
extension AccountDifference {
    /// By name.
    var changedMailboxes: [MailboxID] {
        counts.keys.sorted { (now.mailboxes[$0]?.name.text ?? "") < (now.mailboxes[$1]?.name.text ?? "") }
    }

    func items(of id: MailboxID) -> [StatusItem] { counts[id] ?? [] }

    private func items(
        of mailbox: AccountOverview.Mailbox,
        _ id: MailboxID,
        wasReplaced: Bool
    ) -> [StatusItem] {
        let (status, old) = (mailbox.status, before.mailboxes[id]?.status)
        guard old != status else { return [] }
        let events = events(of: mailbox.name)
        guard events.contains(.messages) else { return [] }
        let modSeq: [StatusItem] = enabled.contains(.condstore) ? [.highestModSeq] : []
        guard let old else {
            // One with another UIDVALIDITY in the place of one that the client knows, or one that is not empty.
            return wasReplaced || status.messages > 0 ? [.messages, .uidNext, .uidValidity] + modSeq : []
        }
        var items: [StatusItem] = []
        if old.messages != status.messages || old.uidNext != status.uidNext { items = [.messages, .uidNext] + modSeq }
        guard events.contains(.flags), old.highestModSeq != status.highestModSeq else { return items }
        if old.unseen != status.unseen { items.append(.unseen) }
        if !items.contains(.highestModSeq) { items += modSeq }
        // Without mod-sequences, and where as many are unseen as before, there is nothing to be told.
        return items.isEmpty ? [] : items + [.uidValidity]
    }
}

// MailboxName, SubscriptionChange.
extension AccountDifference {
    /// By name.
    var listings: [Response] {
        // With the name that each had before, where it has another now.
        var rows: [MailboxName: MailboxName?] = [:]
        addMade(to: &rows)
        addRenamed(to: &rows)
        addSubscriptions(to: &rows)
        guard !rows.isEmpty else { return [] }
        let hierarchy = hierarchy
        let nodes = Dictionary(hierarchy.nodes.map { ($0.name, $0) }, uniquingKeysWith: { first, _ in first })
        return rows.sorted { $0.key < $1.key }.map { name, old in
            let node = nodes[name] ?? MailboxHierarchy.Node(name: name)
            var row = node.listing(isExtended: true, withSubscription: true)
            row.oldName = old?.text
            return .list(row)
        }
    }

    private var hierarchy: MailboxHierarchy {
        var all: [MailboxName: MailboxDescription] = Dictionary(
            now.mailboxes.map { id, mailbox in
                let row = MailboxDescription(
                    name: mailbox.name,
                    id: id,
                    isSubscribed: now.subscriptions.contains(mailbox.name),
                    specialUse: mailbox.specialUse,
                    hasChildren: false
                )
                return (mailbox.name, row)
            },
            uniquingKeysWith: { first, _ in first }
        )
        for name in now.subscriptions where all[name] == nil {
            all[name] = MailboxDescription(name: name, id: nil, isSubscribed: true, specialUse: [], hasChildren: false)
        }
        return MailboxHierarchy(Array(all.values))
    }

    /// One that is made or deleted, and the one above it (RFC 5465 §5.4).
    private func addMade(to rows: inout [MailboxName: MailboxName?]) {
        let made = now.mailboxes.filter { before.mailboxes[$0.key] == nil }
        let deleted = before.mailboxes.filter { now.mailboxes[$0.key] == nil }
        for name in Set(made.values.map(\.name)).union(deleted.values.map(\.name)) {
            for affected in [name, name.parent].compactMap(\.self) where isTold(affected) {
                rows.updateValue(rows[affected] ?? nil, forKey: affected)
            }
        }
    }

    private func isTold(_ name: MailboxName) -> Bool {
        events(of: name).contains(.names) && !wanted.own.includes(name)
    }

    /// Not those that lie below another that is renamed (RFC 5465 §5.4).
    private func addRenamed(to rows: inout [MailboxName: MailboxName?]) {
        var renamed: [MailboxName: MailboxName] = [:]
        for (id, mailbox) in now.mailboxes {
            if let old = before.mailboxes[id]?.name, old != mailbox.name { renamed[old] = mailbox.name }
        }
        for (old, new) in renamed where !isBelowRenamed(old, new, renamed) {
            guard events(of: new).union(events(of: old)).contains(.names), !wanted.own.includes(new) else { continue }
            rows.updateValue(old, forKey: new)
        }
    }

    private func isBelowRenamed(
        _ old: MailboxName,
        _ new: MailboxName,
        _ renamed: [MailboxName: MailboxName]
    ) -> Bool {
        var level = old.parent
        while let above = level {
            if let target = renamed[above], old.moved(from: above, to: target) == new { return true }
            level = above.parent
        }
        return false
    }

    private func addSubscriptions(to rows: inout [MailboxName: MailboxName?]) {
        for name in now.subscriptions.symmetricDifference(before.subscriptions) {
            let isSubscribed = now.subscriptions.contains(name)
            // The mailbox belongs to those that are subscribed either before or now.
            guard wanted.events(of: name, isSubscribed: true).contains(.subscriptions),
                wanted.own.subscriptions[name] != isSubscribed
            else { continue }
            rows.updateValue(rows[name] ?? nil, forKey: name)
        }
    }
}

// MailboxMetadataChange, ServerMetadataChange.
extension AccountDifference {
    /// The server's first, then by name.
    var annotations: [Response] {
        var responses: [Response] = []
        if wanted.listensToServer {
            let entries = changed(before.annotations, now.annotations, nil)
            if !entries.isEmpty { responses.append(.metadataChanged(mailbox: "", entries)) }
        }
        for (id, mailbox) in now.mailboxes.sorted(by: { $0.value.name < $1.value.name }) {
            let old = before.mailboxes[id]?.annotations ?? [:]
            guard old != mailbox.annotations, events(of: mailbox.name).contains(.annotations) else { continue }
            let entries = changed(old, mailbox.annotations, mailbox.name)
            if !entries.isEmpty { responses.append(.metadataChanged(mailbox: mailbox.name.text, entries)) }
        }
        return responses
    }

    private func changed(_ old: Annotations, _ new: Annotations, _ name: MailboxName?) -> [String] {
        Set(old.keys).union(new.keys).sorted().filter { entry in
            old[entry] != new[entry] && !wanted.own.includes(entry, of: name, new[entry])
        }
    }
}
