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

    /// - Parameter place: where the user may put messages; their flags are those that the user may set there.
    func store(_ messages: [NewMessage], in place: MailboxPlace, _ session: IMAPSession) async throws -> Completion
}

extension AppendCommand: MessageBringingCommand {
    static var takesSeveral: Bool { true }

    func prepare(in session: IMAPSession) throws {}

    func store(_ messages: [NewMessage], in place: MailboxPlace, _ session: IMAPSession) async throws -> Completion {
        let outcome = try await offeringCreation { () throws(MailStoreError) in
            try await place.account.append(messages, to: place.name, replacing: nil)
        }
        session.noteArrivals(outcome.uids, in: place.shownName)
        return Completion(code: .appendUID(outcome.uidValidity, outcome.uids))
    }
}

extension MessageBringingCommand {
    func perform(in session: IMAPSession) async throws -> Completion {
        var receiver = AppendReceiver(session, name: Self.name, takesSeveral: Self.takesSeveral)
        do {
            if let literal { try receiver.check(literal) }
            try await session.checkSelected(Self.self)
            try prepare(in: session)
            let found = try await session.place(named: mailbox, for: Self.self)
            _ = try await offeringCreation { () throws(MailStoreError) in
                try await found.account.status(of: found.name)
            }
        } catch {
            try await receiver.discard(literal)
            throw error
        }
        var received = try await receiver.receive(AppendFragment(messages: messages))
        // The message may have been long in coming: what counts is what the name leads to now.
        let place = try await session.place(named: mailbox, for: Self.self)
        for index in received.indices { received[index].flags = place.rights.permitted(received[index].flags) }
        return try await store(received, in: place, session)
    }
}
