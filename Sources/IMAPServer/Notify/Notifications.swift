// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import IMAPWire
internal import Locking
internal import MailStore
internal import MailTypes

/// Kinds of events that a client listens to.
struct WatchedEvents: OptionSet {
    let rawValue: UInt8

    /// Messages that come and go.
    static let messages = WatchedEvents(rawValue: 1)
    static let flags = WatchedEvents(rawValue: 2)
    static let names = WatchedEvents(rawValue: 4)
    static let subscriptions = WatchedEvents(rawValue: 8)
    static let annotations = WatchedEvents(rawValue: 16)
    /// Annotations of the server.
    static let serverAnnotations = WatchedEvents(rawValue: 32)
}

extension WatchedEvents {
    init(_ events: [NotifyEvent]) {
        self = events.reduce(into: []) { found, event in
            switch event {
            case .messageNew, .messageExpunge: found.insert(.messages)
            case .flagChange: found.insert(.flags)
            case .mailboxName: found.insert(.names)
            case .subscriptionChange: found.insert(.subscriptions)
            case .mailboxMetadataChange: found.insert(.annotations)
            case .serverMetadataChange: found.insert(.serverAnnotations)
            case .other: break
            }
        }
    }
}

/// What a client has said with NOTIFY (RFC 5465 §3.1), and what it has been told since.
struct Notifications {
    enum SelectedMailbox {
        /// It stays as the client knows it, whatever happens.
        case frozen
        /// All is told at once, expunges too.
        case immediate
        /// Expunges are told where a command permits it.
        case delayed
    }

    private(set) var selected = SelectedMailbox.frozen
    /// Whether flags of the selected mailbox are told.
    private(set) var tellsFlags = false
    /// What is told of messages that are new in it.
    private(set) var items: [FetchItem] = []
    private var groups: [(scope: MailboxScope, events: WatchedEvents)] = []
    /// The other mailboxes as the client knows them.
    var known = AccountOverview()
    /// What the client itself has done since.
    var own = OwnChanges()
    /// Whether anything has happened since it was looked at.
    let news = Lock(false)
    var watch: MailboxWatch?
    /// Of the selected mailbox, where it is another user's.
    var sharedWatch: MailboxWatch?

    /// Empty for NONE.
    init(_ groups: [NotifyGroup] = []) {
        for group in groups where !group.events.isEmpty {
            let events = WatchedEvents(group.events)
            switch group.filter {
            case .others(let source): self.groups.append((MailboxScope(source), events))
            case .selected: listen(.immediate, group.events)
            case .selectedDelayed: listen(.delayed, group.events)
            }
        }
    }

    private mutating func listen(_ mode: SelectedMailbox, _ events: [NotifyEvent]) {
        selected = mode
        tellsFlags = events.contains(.flagChange)
        for case .messageNew(let items) in events { self.items = items }
    }

    var isEmpty: Bool { selected == .frozen && groups.isEmpty }
    /// Whether mailboxes are looked at that are not selected.
    var hasOthers: Bool { !groups.isEmpty }
    var listensToServer: Bool { groups.contains { $0.events.contains(.serverAnnotations) } }

    /// What the client wants to know of a mailbox that is not selected.
    func events(of name: MailboxName, isSubscribed: Bool) -> WatchedEvents {
        groups.reduce(into: []) { found, group in
            guard group.scope.includes(name, isSubscribed: isSubscribed, selected: nil) else { return }
            found.formUnion(group.events)
        }
    }
}

/// What a client has done itself: it need not be told (RFC 5465 §5).
struct OwnChanges {
    /// Made, deleted, renamed, or renamed to.
    var names: Set<MailboxName> = []
    var subscriptions: [MailboxName: Bool] = [:]
    /// Messages that it put into a mailbox that is not selected.
    var arrivals: [MailboxName: UIDSet] = [:]
    /// Of mailboxes, and of the server under `nil`.
    var annotations: [MailboxName?: Annotations] = [:]
    /// Entries that it took away.
    var removedAnnotations: [MailboxName?: Set<String>] = [:]

    /// Whether a name is there, or not, by the client's own doing: what lies above is made with it.
    func includes(_ name: MailboxName) -> Bool { names.contains { $0 == name || $0.isBelow(name) } }

    /// What leaves a subscription as the client knows it is no change, and is not kept: no news would follow it, with
    /// which what is kept goes.
    mutating func noteSubscription(_ name: MailboxName, _ isSubscribed: Bool, _ known: AccountOverview) {
        subscriptions[name] = known.subscriptions.contains(name) == isSubscribed ? nil : isSubscribed
    }

    /// As with subscriptions: what is as the client knows it is not kept.
    mutating func note(_ changes: [AnnotationChange], of name: MailboxName?, _ known: AccountOverview) {
        let entries = known.annotations(of: name)
        for change in changes where change.value != entries[change.name] {
            if let value = change.value {
                annotations[name, default: [:]][change.name] = value
            } else {
                removedAnnotations[name, default: []].insert(change.name)
            }
        }
    }

    func includes(_ entry: String, of name: MailboxName?, _ value: [UInt8]?) -> Bool {
        guard let value else { return removedAnnotations[name]?.contains(entry) ?? false }
        return annotations[name]?[entry] == value
    }
}

extension AccountOverview {
    /// Of a mailbox, or of the server under `nil`.
    fileprivate func annotations(of name: MailboxName?) -> Annotations {
        guard let name else { return annotations }
        return mailboxes.values.first { $0.name == name }?.annotations ?? [:]
    }
}
