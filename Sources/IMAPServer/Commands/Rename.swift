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
        let (old, new) = (try MailboxName(argument: mailbox), try MailboxName(argument: target))
        try await session.account.rename(old, to: new)
        session.noteOwn { $0.names.formUnion([old, new]) }
        return .done
    }
}
