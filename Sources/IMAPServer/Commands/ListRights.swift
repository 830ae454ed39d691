// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import IMAPWire
internal import MailStore
internal import MailTypes

extension ListRightsCommand: SessionCommand {
    func check(_ facts: SessionFacts) throws(CommandRefusal) {
        try facts.checkSharing(Self.name)
        _ = try MailboxName(argument: mailbox)
    }

    /// Rights come one by one; the owner has all of them always.
    func perform(in session: IMAPSession) async throws -> Completion {
        let place = try await session.place(named: mailbox, for: Self.self)
        let list = try await place.account.accessList(of: place.name)
        let known = try await session.accessIdentifier(identifier, in: list)
        let isOwner = session.isOwner(known, of: place)
        let listing = RightsListing(
            mailbox: place.shownName.text,
            identifier: identifier,
            required: isOwner ? MailboxRights.all.textWithVirtualRights : "",
            optional: isOwner ? [] : MailboxRights.lettersOneByOne
        )
        session.send(.listRights(listing))
        return .done
    }
}
