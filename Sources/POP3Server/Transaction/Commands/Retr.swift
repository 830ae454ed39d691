// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import Events
internal import MailStore
internal import MailTypes
internal import POP3Wire
internal import Runtime

extension POP3Session {
    /// The store keeps and checks messages in pieces of this size.
    private static let pieceOctets: UInt64 = 64 * 1024

    /// RETR (RFC 1939 §5).
    mutating func retrieve(_ number: Int, _ connection: Connection) async throws(IOError) {
        guard let message = find(number, connection) else { return }
        guard let form = await form(of: message, number, connection) else { return }
        guard let first = await opening(of: message, to: message.size, number, connection) else { return }
        connection.write(.ok("\(form.octets(of: message)) octets"))
        var stuffer = DotStuffer()
        var piece = first
        var read: UInt64 = 0
        while true {
            try await connection.send(stuffer.encode(form.sent(piece.bytes, at: read)))
            read += UInt64(piece.bytes.count)
            guard read < message.size else { break }
            piece = try await next(of: message, from: read, connection)
        }
        connection.write(stuffer.finish())
        retrieved += 1
    }

    /// TOP (RFC 1939 §7): reads no further than it sends.
    mutating func top(_ number: Int, _ lines: UInt64, _ connection: Connection) async throws(IOError) {
        guard let message = find(number, connection) else { return }
        guard let form = await form(of: message, number, connection) else { return }
        guard let first = await opening(of: message, to: Self.pieceOctets, number, connection) else { return }
        connection.write(.ok("top of message follows"))
        var stuffer = DotStuffer()
        var extract = TopExtract(bodyLines: lines)
        var piece = first
        var read: UInt64 = 0
        while true {
            try await connection.send(stuffer.encode(Array(extract.take(form.sent(piece.bytes, at: read)))))
            read += UInt64(piece.bytes.count)
            guard read < message.size, !extract.isComplete else { break }
            piece = try await next(of: message, from: read, connection)
        }
        connection.write(stuffer.finish())
    }

    /// `nil` when the client cannot have the message, which it is told.
    private func form(of message: MessageEntry, _ number: Int, _ connection: Connection) async -> SentForm? {
        // What cannot be read is told by who reads it to be sent.
        let form = await form(of: message) ?? .asStored
        guard case .refused = form else { return form }
        connection.write(Self.needsUTF8(number))
        return nil
    }

    private func find(_ number: Int, _ connection: Connection) -> MessageEntry? {
        do throws(POP3Refusal) {
            return try maildrop.message(number)
        } catch {
            connection.write(error.reply)
            return nil
        }
    }

    /// The first piece, read before anything is answered: an answer that has begun cannot become an error.
    ///
    /// For the same reason, where damaged messages are refused, all of `end` octets are looked at before.
    private func opening(
        of message: MessageEntry,
        to end: UInt64,
        _ number: Int,
        _ connection: Connection
    ) async -> MessageOctets? {
        do throws(MailStoreError) {
            let first = try await read(message, from: 0)
            var isDamaged = !first.damaged.isEmpty
            if refusesDamaged, !isDamaged { isDamaged = try await hasDamage(message, to: end) }
            guard isDamaged else { return first }
            recordDamage(of: message)
            guard refusesDamaged else { return first }
            connection.write(.err(.systemPermanent, "message \(number) is damaged"))
        } catch {
            connection.write(refusal(of: error, message, number))
        }
        return nil
    }

    private func hasDamage(_ message: MessageEntry, to end: UInt64) async throws(MailStoreError) -> Bool {
        var offset = Self.pieceOctets
        while offset < min(end, message.size) {
            let piece = try await read(message, from: offset)
            guard piece.damaged.isEmpty, !piece.bytes.isEmpty else { return true }
            offset += UInt64(piece.bytes.count)
        }
        return false
    }

    private func refusal(of error: MailStoreError, _ message: MessageEntry, _ number: Int) -> POP3Reply {
        switch error.code {
        case .damaged:
            recordDamage(of: message)
            return .err(.systemPermanent, "message \(number) is damaged")
        case .busy:
            return .err(.inUse, "message \(number) cannot be read now, try again")
        case .noSuchMailbox, .noSuchMessage:
            return .err(nil, "message \(number) is gone")
        default:
            return .err(.systemTemporary, "message \(number) cannot be read now, try again")
        }
    }

    /// A piece after the first.
    ///
    /// When it cannot be had the connection is broken off, without the final dot, so that the client does not take what
    /// it got for the whole message.
    private func next(
        of message: MessageEntry,
        from offset: UInt64,
        _ connection: Connection
    ) async throws(IOError) -> MessageOctets {
        do throws(MailStoreError) {
            let piece = try await read(message, from: offset)
            if !piece.damaged.isEmpty { recordDamage(of: message) }
            if !piece.bytes.isEmpty { return piece }
            recordBreak(of: message, "the store returned nothing")
        } catch {
            recordBreak(of: message, error.detail.isEmpty ? error.message : error.detail)
        }
        connection.abort()
        throw .closed
    }

    private func read(_ message: MessageEntry, from offset: UInt64) async throws(MailStoreError) -> MessageOctets {
        try await account.read(message, offset..<min(offset + Self.pieceOctets, message.size))
    }

    private func recordDamage(of message: MessageEntry) {
        events.record(
            .pop3MessageDamaged,
            [
                "pop3.mailbox": .string("INBOX"), "pop3.uid": .count(message.uid.rawValue),
                "pop3.refused": .bool(refusesDamaged),
            ]
        )
    }

    private func recordBreak(of message: MessageEntry, _ reason: String) {
        events.record(.pop3RetrievalBroken, ["pop3.uid": .count(message.uid.rawValue), "pop3.reason": .string(reason)])
    }
}
