// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import IMAPWire
internal import MailStore
internal import MailTypes

extension ReplaceCommand: MessageBringingCommand {
    static var takesSeveral: Bool { false }

    func prepare(in session: IMAPSession) throws {
        try checkTraits(session.facts)
        guard try session.uids(of: replaced, numbers).uids.count == 1 else {
            throw CommandRefusal.no(.nonexistent, "No such message")
        }
    }

    /// APPENDUID goes first, since the message that is replaced is told to be gone with the answer (RFC 8508 §3.2).
    ///
    /// Both are one change of one account.
    func store(_ messages: [NewMessage], in place: MailboxPlace, _ session: IMAPSession) async throws -> Completion {
        guard try session.selected().account.id == place.account.id else {
            throw CommandRefusal.no(.cannot, "A message is replaced within the mailboxes of one user")
        }
        let (mailbox, uids) = try session.uids(of: replaced, numbers)
        guard let uid = uids.uids.first(where: { _ in true }) else {
            throw CommandRefusal.no(.nonexistent, "No such message")
        }
        let outcome = try await offeringCreation { () throws(MailStoreError) in
            try await place.account.append(messages, to: place.name, replacing: (mailbox, uid))
        }
        session.noteArrivals(outcome.uids, in: place.shownName)
        session.send(.untagged(StatusResponse(.ok, .appendUID(outcome.uidValidity, outcome.uids), "Replacement")))
        try await session.tellOwnExpunges(UIDSet(ascending: CollectionOfOne(uid)))
        return .done
    }
}
