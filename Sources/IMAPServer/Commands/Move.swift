// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import IMAPWire
internal import MailTypes

extension MoveCommand: SessionCommand {
    func check(_ facts: SessionFacts) throws(CommandRefusal) { _ = try MailboxName(argument: mailbox) }

    /// COPYUID comes before the EXPUNGE responses that the dispatcher sends (RFC 6851 §4.3).
    func perform(in session: IMAPSession) async throws -> Completion {
        let target = try await session.place(named: mailbox, for: Self.self)
        let (code, limit) = try await session.transfer(messages, numbers, to: target, removingSource: true)
        if let code {
            session.send(.untagged(StatusResponse(.ok, code, "Moved")))
            if case .copyUID(_, let source, _) = code { try await session.tellOwnExpunges(source) }
        }
        return try session.answering(limit) { .done }
    }
}
