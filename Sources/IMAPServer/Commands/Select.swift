// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import IMAPWire
internal import MailTypes

extension SelectCommand: SessionCommand {
    func check(_ facts: SessionFacts) throws(CommandRefusal) { try parameters.check(facts) }

    func perform(in session: IMAPSession) async throws -> Completion {
        try await session.select(mailbox, parameters, isReadOnly: false)
    }
}
