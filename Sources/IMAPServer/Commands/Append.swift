// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import Glibc
internal import IMAPWire
internal import MailStore
internal import MailTypes
internal import Runtime

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
        return Completion(code: .appendUID(outcome.uidValidity, outcome.uids))
    }
}

extension MessageBringingCommand {
    /// Most messages of one command.
    private static var maximumCount: Int { 1000 }

    func perform(in session: IMAPSession) async throws -> Completion {
        let name: MailboxName
        do {
            try check(literal, taken: 0, in: session)
            guard !message.isUTF8 || session.enabled.contains(.utf8Accept) else {
                throw CommandRefusal.bad("UTF8=ACCEPT must be enabled first")
            }
            try prepare(in: session)
            name = try MailboxName(argument: mailbox)
            _ = try await offeringCreation { () throws(MailStoreError) in try await session.account.status(of: name) }
        } catch {
            try await discard(literal, in: session)
            throw error
        }
        return try await store(try await receive(in: session), in: name, session)
    }

    /// - Parameter taken: octets of the messages before it.
    private func check(_ literal: LiteralMarker, taken: UInt64, in session: IMAPSession) throws(CommandRefusal) {
        let maximum = session.facts.maximumMessageOctets
        guard literal.count <= maximum else { throw .no(.tooBig, "Messages may have \(maximum) octets") }
        guard literal.count <= maximum - min(taken, maximum) else {
            throw .no(.limit, "Messages of one command may have \(maximum) octets in all")
        }
        guard literal.count > 0 else { throw .no(.cannot, "A message has at least one octet") }
    }

    private func discard(_ literal: LiteralMarker, in session: IMAPSession) async throws {
        guard !literal.isSynchronizing else { return }
        try await session.connection.discard(literal.count, andLines: CommandLimits.afterLogOn.line)
    }

    /// Takes the messages off the connection, up to the end of the command.
    private func receive(in session: IMAPSession) async throws -> [NewMessage] {
        var messages: [NewMessage] = []
        var taken: UInt64 = 0
        var head: AppendMessage? = message
        while let message = head {
            if !messages.isEmpty {
                do {
                    guard Self.takesSeveral else { throw CommandRefusal.bad("\(Self.name) takes one message") }
                    guard messages.count < Self.maximumCount else {
                        throw CommandRefusal.no(.limit, "At most \(Self.maximumCount) messages in one command")
                    }
                    try check(message.literal, taken: taken, in: session)
                } catch {
                    try await discard(message.literal, in: session)
                    throw error
                }
            }
            taken += message.literal.count
            let staging = try await receive(message.literal, in: session)
            guard let line = try await session.connection.readLine(maximum: CommandLimits.afterLogOn.line) else {
                throw IOError.closed
            }
            head = try await next(after: message, line.bytes, in: session)
            messages.append(try await staged(staging, message))
        }
        return messages
    }

    /// What follows a message; a client that goes on without waiting is read to its end first when that is not valid.
    private func next(
        after message: AppendMessage,
        _ line: [UInt8],
        in session: IMAPSession
    ) async throws -> AppendMessage? {
        do throws(IMAPSyntaxError) {
            return try message.next(in: line)
        } catch {
            if let marker = LiteralMarker(atEndOf: line) { try await discard(marker, in: session) }
            throw error
        }
    }

    private func receive(_ literal: LiteralMarker, in session: IMAPSession) async throws -> any MessageStaging {
        let connection = session.connection
        if literal.isSynchronizing { connection.write("+ Ready for \(literal.count) octets\r\n") }
        let staging = session.store.stage()
        var left = literal.count
        var failure: MailStoreError?
        while left > 0 {
            let piece = try await connection.readSome(maximum: Int(min(left, 65_536)))
            guard !piece.isEmpty else { throw IOError.closed }
            left -= UInt64(piece.count)
            guard failure == nil else { continue }
            do throws(MailStoreError) { try staging.add(piece) } catch { failure = error }
        }
        guard let failure else { return staging }
        // The client is in the middle of its line.
        if let line = try await connection.readLine(maximum: CommandLimits.afterLogOn.line),
            let marker = LiteralMarker(atEndOf: line.bytes)
        {
            try await discard(marker, in: session)
        }
        throw failure
    }

    private func staged(_ staging: any MessageStaging, _ message: AppendMessage) async throws -> NewMessage {
        NewMessage(
            try await staging.finish(),
            flags: message.flags,
            internalDate: message.internalDate ?? MailDate(secondsSince1970: Int64(time(nil)))
        )
    }
}
