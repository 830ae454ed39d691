// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import IMAPWire
internal import MailStore
internal import MailTypes

extension RenameCommand: SessionCommand {
    func check(_ facts: SessionFacts) throws(CommandRefusal) {
        let source = try MailboxName(argument: mailbox)
        let target = try MailboxName(argument: target)
        guard !target.isInbox else { throw .no(.alreadyExists, "INBOX always exists") }
        guard source.isInbox || !target.isBelow(source) else {
            throw .no(.cannot, "A mailbox cannot move below itself")
        }
    }

    func perform(in session: IMAPSession) async throws -> Completion {
        let old = try await session.place(named: mailbox, for: Self.self)
        let new = try await session.placeToMake(try MailboxName(argument: target), for: Self.self)
        guard old.account.id == new.account.id else {
            throw CommandRefusal.no(.cannot, "A mailbox stays with its owner")
        }
        // It would be made anew, empty, as the owner's.
        guard !old.isShared || !old.name.isInbox else {
            throw CommandRefusal.no(.cannot, "INBOX is renamed by its owner")
        }
        try await old.account.rename(old.name, to: new.name)
        if !old.isShared { session.noteOwn { $0.names.formUnion([old.name, new.name]) } }
        return .done
    }
}
