// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import IMAPWire
internal import MailStore
internal import MailTypes

extension DeleteCommand: SessionCommand {
    func check(_ facts: SessionFacts) throws(CommandRefusal) {
        guard try !MailboxName(argument: mailbox).isInbox else { throw .no(.cannot, "INBOX cannot be deleted") }
    }

    func perform(in session: IMAPSession) async throws -> Completion {
        let place = try await session.place(named: mailbox, for: Self.self)
        try await session.delete(place)
        if !place.isShared { session.noteOwn { $0.names.insert(place.name) } }
        return .done
    }
}
