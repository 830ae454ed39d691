// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import IMAPWire

extension NotifyCommand: SessionCommand {
    func check(_ facts: SessionFacts) throws(CommandRefusal) {
        let groups = groups ?? []
        for group in groups { try group.checkEvents() }
        guard groups.count(where: \.isOfSelected) <= 1 else { throw .bad("Only one group is of the selected mailbox") }
        for group in groups { try group.check() }
        // RFC 5465 §3.1: what cannot be watched is refused.
        guard !facts.sharesMailboxes || !groups.contains(where: \.namesOthers) else {
            throw .no(.notificationOverflow, "Mailboxes of other users are watched while they are selected")
        }
    }

    func perform(in session: IMAPSession) async throws -> Completion {
        try await session.listen(to: groups, withStatus: wantsStatus)
        return .done
    }
}

extension NotifyGroup {
    fileprivate var isOfSelected: Bool { if case .others = filter { false } else { true } }

    fileprivate var namesOthers: Bool {
        guard case .others(let source) = filter else { return false }
        return switch source {
        case .selected, .inboxes, .personal, .subscribed: false
        case .subtree(let names), .subtreeOne(let names), .mailboxes(let names):
            names.contains(where: OthersNamespace.contains)
        }
    }

    /// RFC 5465 §3.1: what is not known is refused with what is.
    fileprivate func checkEvents() throws(CommandRefusal) {
        for case .other(let name) in events {
            throw CommandRefusal(
                condition: .no,
                code: .badEvent(NotifyEvent.names),
                text: "No such event: \(String(decoding: name.utf8.prefix(32), as: UTF8.self))"
            )
        }
    }

    // RFC 5465 §5, §6.1
    fileprivate func check() throws(CommandRefusal) {
        var (isNew, hasItems) = (false, false)
        for case .messageNew(let items) in events { (isNew, hasItems) = (true, hasItems || !items.isEmpty) }
        guard isNew == events.contains(.messageExpunge), isNew || !events.contains(.flagChange) else {
            throw .bad("MessageNew and MessageExpunge go together, and FlagChange with both")
        }
        guard isOfSelected || !hasItems else { throw .bad("What is told of new messages is for the selected mailbox") }
        let isOfMessages = WatchedEvents(events).isSubset(of: [.messages, .flags])
        guard !isOfSelected || isOfMessages else { throw .bad("Events of the selected mailbox are of its messages") }
    }
}
