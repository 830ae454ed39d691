// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import IMAPWire
internal import MailStore
internal import MailTypes
internal import SASL

extension GetACLCommand: SessionCommand {
    func check(_ facts: SessionFacts) throws(CommandRefusal) {
        try facts.checkSharing(Self.name)
        _ = try MailboxName(argument: mailbox)
    }

    /// The owner first, who has all rights whatever the list says.
    func perform(in session: IMAPSession) async throws -> Completion {
        let place = try await session.place(named: mailbox, for: Self.self)
        let list = try await place.account.accessList(of: place.name)
        let owner = (place.owner ?? session.user).name.folded
        let others = list.sorted { $0.key < $1.key }.map {
            ACLEntry($0.key.description, $0.value.textWithVirtualRights)
        }
        let entries = [ACLEntry(owner, MailboxRights.all.textWithVirtualRights)] + others
        session.send(.acl(mailbox: place.shownName.text, entries))
        return .done
    }
}
