// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import IMAPWire
internal import MailStore
internal import MailTypes

extension CreateCommand: SessionCommand {
    /// A name that ends in the delimiter says that mailboxes will be made below it, and means the same here (RFC 9051
    /// §6.3.4).
    private var target: String { mailbox.hasSuffix("/") ? String(mailbox.dropLast()) : mailbox }

    func check(_ facts: SessionFacts) throws(CommandRefusal) {
        guard try !MailboxName(argument: target).isInbox else { throw .no(.alreadyExists, "INBOX always exists") }
        guard unknownUses.isEmpty else { throw .no(.useAttribute, "No such special use") }
    }

    func perform(in session: IMAPSession) async throws -> Completion {
        let name = try MailboxName(argument: target)
        let place = try await session.placeToMake(name, for: Self.self)
        guard specialUse.isEmpty || !place.isShared else {
            throw CommandRefusal.no(.useAttribute, "Another user's mailbox has no special use")
        }
        let made = try await place.account.create(place.name, specialUse: specialUse)
        if !place.isShared { session.noteOwn { $0.names.insert(name) } }
        return Completion(code: .mailboxID(made.objectID))
    }
}
