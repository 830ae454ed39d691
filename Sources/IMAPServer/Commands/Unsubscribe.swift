// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import IMAPWire
internal import MailStore
internal import MailTypes

extension UnsubscribeCommand: SessionCommand {
    func check(_ facts: SessionFacts) throws(CommandRefusal) { _ = try MailboxName(argument: mailbox) }

    func perform(in session: IMAPSession) async throws -> Completion {
        let name = try MailboxName(argument: mailbox)
        try await session.account.setSubscribed(false, name)
        session.noteSubscription(name, false)
        return .done
    }
}
