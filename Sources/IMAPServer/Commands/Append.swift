// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import IMAPWire
internal import MailStore
internal import MailTypes

/// A command whose messages never are in a frame.
///
/// What can be refused is refused before the client is given leave to send; a client that did not wait is read to the
/// end of its messages first.
protocol MessageBringingCommand: MessageCommand {
    /// Whether more than one message may come.
    static var takesSeveral: Bool { get }

    /// Whether the command makes sense here, before any message is taken.
    func prepare(in session: IMAPSession) throws

    func store(_ messages: [NewMessage], in name: MailboxName, _ session: IMAPSession) async throws -> Completion
}

extension AppendCommand: MessageBringingCommand {
    static var takesSeveral: Bool { true }

    func prepare(in session: IMAPSession) throws {}

    func store(_ messages: [NewMessage], in name: MailboxName, _ session: IMAPSession) async throws -> Completion {
        let outcome = try await offeringCreation { () throws(MailStoreError) in
            try await session.account.append(messages, to: name, replacing: nil)
        }
        session.noteArrivals(outcome.uids, in: name)
        return Completion(code: .appendUID(outcome.uidValidity, outcome.uids))
    }
}

extension MessageBringingCommand {
    func perform(in session: IMAPSession) async throws -> Completion {
        var receiver = AppendReceiver(session, name: Self.name, takesSeveral: Self.takesSeveral)
        let name: MailboxName
        do {
            if let literal { try receiver.check(literal) }
            try prepare(in: session)
            name = try MailboxName(argument: mailbox)
            _ = try await offeringCreation { () throws(MailStoreError) in try await session.account.status(of: name) }
        } catch {
            try await receiver.discard(literal)
            throw error
        }
        return try await store(try await receiver.receive(AppendFragment(messages: messages)), in: name, session)
    }
}
