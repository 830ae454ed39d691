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
            throw Self.missing
        }
    }

    /// APPENDUID goes first, since the message that is replaced is told to be gone with the answer (RFC 8508 §4.3).
    ///
    /// Both are one change of one account. Into another user's account it is two: the message is removed once what takes
    /// its place is durable there and told, so that a failure between the two leaves both, as with MOVE, and the client
    /// knows that it need not bring it again.
    func store(_ messages: [NewMessage], in place: MailboxPlace, _ session: IMAPSession) async throws -> Completion {
        // The rights to the selected mailbox may be others than before the message came.
        try await session.checkSelected(Self.self)
        let view = try session.selected()
        let (mailbox, uids) = try session.uids(of: replaced, numbers)
        let isWithin = view.account.id == place.account.id
        guard let uid = uids.uids.first(where: { _ in true }) else { throw Self.missing }
        if !isWithin, try await session.present(uids, in: view).entries.isEmpty { throw Self.missing }
        let outcome = try await offeringCreation { () throws(MailStoreError) in
            try await place.account.append(messages, to: place.name, replacing: isWithin ? (mailbox, uid) : nil)
        }
        session.noteArrivals(outcome.uids, in: place.shownName)
        session.send(.untagged(StatusResponse(.ok, .appendUID(outcome.uidValidity, outcome.uids), "Replacement")))
        if !isWithin { _ = try await view.account.expunge(uids, in: mailbox, onlyDeleted: false) }
        try await session.tellOwnExpunges(UIDSet(ascending: CollectionOfOne(uid)))
        return .done
    }

    private static let missing = CommandRefusal.no(.nonexistent, "No such message")
}
