// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

/// What may happen that a client wants to be told of (RFC 5465 §5).
package enum NotifyEvent: Hashable, Sendable {
    /// With what is to be told of the message; empty for no more than that it is there.
    case messageNew([FetchItem])
    case messageExpunge
    case flagChange
    case mailboxName
    case subscriptionChange
    case mailboxMetadataChange
    case serverMetadataChange
    /// One that is not known here, in upper case.
    case other(String)

    private static let table: [(name: String, event: NotifyEvent)] = [
        ("MessageNew", .messageNew([])), ("MessageExpunge", .messageExpunge), ("FlagChange", .flagChange),
        ("MailboxName", .mailboxName), ("SubscriptionChange", .subscriptionChange),
        ("MailboxMetadataChange", .mailboxMetadataChange), ("ServerMetadataChange", .serverMetadataChange),
    ]

    /// The names of all that are known here.
    package static let names = table.map(\.name)

    fileprivate static let byName = Dictionary(uniqueKeysWithValues: table.map { ($0.name.uppercased(), $0.event) })

    fileprivate var name: String {
        switch self {
        case .messageNew: Self.table[0].name
        case .other(let name): name
        default: Self.table.first { $0.event == self }?.name ?? ""
        }
    }

    /// Most of one group.
    fileprivate static let maximumCount = 32
}

/// Of which mailboxes a client wants to be told what (RFC 5465 §6).
package struct NotifyGroup: Hashable, Sendable {
    package enum Filter: Hashable, Sendable {
        /// The selected mailbox, whichever that is, at once.
        case selected
        /// The same, but expunges only where a command lets them be told.
        case selectedDelayed
        case others(MailboxSource)
    }

    package var filter: Filter
    /// Empty for NONE.
    package var events: [NotifyEvent]

    package init(_ filter: Filter, _ events: [NotifyEvent]) {
        self.filter = filter
        self.events = events
    }

    /// Most of one command.
    package static let maximumCount = 100
}

extension WireScanner {
    // event-groups = event-group *(SP event-group)    RFC 5465 §8
    mutating func notifyGroups() throws(IMAPSyntaxError) -> [NotifyGroup] {
        let start = offset
        var groups = [try notifyGroup()]
        while peek() != nil {
            try space()
            groups.append(try notifyGroup())
            guard groups.count <= NotifyGroup.maximumCount else {
                throw failure("at most \(NotifyGroup.maximumCount) groups of events", at: start)
            }
        }
        return groups
    }

    // event-group = "(" filter-mailboxes SP events ")"; events = ( "(" event *(SP event) ")" ) / "NONE"
    // filter-mailboxes-selected = "selected" / "selected-delayed"    RFC 5465 §8
    private mutating func notifyGroup() throws(IMAPSyntaxError) -> NotifyGroup {
        try open()
        var filter = NotifyGroup.Filter.selectedDelayed
        if !acceptWord("SELECTED-DELAYED") {
            let source = try mailboxSource()
            filter = source == .selected ? .selected : .others(source)
        }
        try space()
        var events: [NotifyEvent] = []
        if !acceptWord("NONE") {
            let start = offset
            events = try list { (scanner) throws(IMAPSyntaxError) in try scanner.notifyEvent() }
            guard events.count <= NotifyEvent.maximumCount else {
                throw failure("at most \(NotifyEvent.maximumCount) events", at: start)
            }
        }
        try close()
        return NotifyGroup(filter, events)
    }

    // message-event = ( "MessageNew" [SP "(" fetch-att *(SP fetch-att) ")" ] ) / "MessageExpunge" / "FlagChange" / ...
    // RFC 5465 §8
    private mutating func notifyEvent() throws(IMAPSyntaxError) -> NotifyEvent {
        let name = try word("an event such as MessageNew")
        guard let event = NotifyEvent.byName[name] else { return .other(name) }
        guard event == .messageNew([]), peek() == 0x20, peek(1) == 0x28 else { return event }
        try space()
        return .messageNew(try fetchItems())
    }
}

extension WireEncoder {
    mutating func notifyGroup(_ group: NotifyGroup) {
        raw("(")
        switch group.filter {
        case .selected: raw("selected")
        case .selectedDelayed: raw("selected-delayed")
        case .others(let source): mailboxSource(source)
        }
        space()
        if group.events.isEmpty {
            raw("NONE")
        } else {
            list(group.events) { encoder, event in encoder.notifyEvent(event) }
        }
        raw(")")
    }

    private mutating func notifyEvent(_ event: NotifyEvent) {
        raw(event.name.utf8)
        guard case .messageNew(let items) = event, !items.isEmpty else { return }
        space()
        fetchItems(items)
    }
}
