// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import MailStore
internal import MailTypes
internal import MessageFormat
internal import POP3Wire
internal import SASL

/// How a message is sent to this client.
enum SentForm {
    case asStored
    /// With headers in ASCII (RFC 6858).
    case surrogate(SurrogateMessage)
    /// Not at all (RFC 6856 §5): its headers are too large to be held in memory.
    case refused

    func octets(of message: MessageEntry) -> UInt64 {
        if case .surrogate(let surrogate) = self { surrogate.size } else { message.size }
    }

    /// What is sent for a piece of what is stored.
    func sent(_ piece: [UInt8], at offset: UInt64) -> [UInt8] {
        if case .surrogate(let surrogate) = self { surrogate.exchanged(piece, at: offset) } else { piece }
    }
}

// For clients that have not said UTF8 (RFC 6856 §2.1, §4).
extension POP3Session {
    /// Octets of the headers of one message that are read to be exchanged.
    private static let headerOctets: UInt64 = 4 << 20
    private static let pieceOctets: UInt64 = 256 << 10
    /// Messages between which others on this loop have their turn.
    private static let lookedAtInTurn = 100

    /// Finds the messages that are sent otherwise than they are stored, so that the sizes that are told are those of
    /// what is sent; once in a session.
    mutating func findSurrogates() async {
        guard !client.acceptsUTF8, !hasFoundSurrogates else { return }
        hasFoundSurrogates = true
        let known = plain.known(client.user.account, maildrop.mailbox)
        var found: [UID] = []
        var count = 0
        for (number, message) in maildrop.all where !known.contains(message.uid) {
            count += 1
            if count % Self.lookedAtInTurn == 0 { await Task.yield() }
            switch await form(of: message) {
            case .asStored: found.append(message.uid)
            case .surrogate(let surrogate): maildrop.noteSent(surrogate.size, of: number)
            case .refused: unsendable.insert(number)
            case nil: continue
            }
        }
        plain.add(UIDSet(ascending: found), client.user.account, maildrop.mailbox)
    }

    /// As it will be sent; `nil` when it cannot be read, of which RETR tells more.
    func form(of message: MessageEntry) async -> SentForm? {
        guard !client.acceptsUTF8 else { return .asStored }
        guard !plain.known(client.user.account, maildrop.mailbox).contains(message.uid) else { return .asStored }
        do throws(MailStoreError) {
            return try await findForm(of: message)
        } catch {
            return nil
        }
    }

    private func findForm(of message: MessageEntry) async throws(MailStoreError) -> SentForm {
        let structure = try await structure(of: message)
        guard structure.hasEightBitHeader ?? true else { return .asStored }
        var headers: [(range: Range<UInt64>, octets: [UInt8])] = []
        var left = Self.headerOctets
        for range in structure.headers {
            let length = range.upperBound - range.lowerBound
            guard length <= left else { return structure.hasEightBitHeader == true ? .refused : .asStored }
            left -= length
            headers.append((range, try await octets(of: message, range)))
        }
        guard let surrogate = SurrogateMessage(size: message.size, headers: headers) else { return .asStored }
        return .surrogate(surrogate)
    }

    /// As cached at delivery; when that is lost, of as much as may be held.
    private func structure(of message: MessageEntry) async throws(MailStoreError) -> MessageStructure {
        if let cached = try await account.cachedStructure(of: message),
            let summary = MessageSummary.decode(cached), summary.structure.size == message.size
        {
            return summary.structure
        }
        let start = try await octets(of: message, 0..<min(message.size, Self.headerOctets))
        var structure = MessageStructure(parsing: start)
        let end = UInt64(start.count)
        // A header whose end is not there is too large.
        if end < message.size, structure.headers.last?.upperBound == end { structure.root.header = 0..<message.size }
        return structure
    }

    private func octets(of message: MessageEntry, _ range: Range<UInt64>) async throws(MailStoreError) -> [UInt8] {
        let range = range.clamped(to: 0..<message.size)
        var all: [UInt8] = []
        var start = range.lowerBound
        while start < range.upperBound {
            let piece = try await account.read(message, start..<min(start + Self.pieceOctets, range.upperBound))
            guard !piece.bytes.isEmpty else { throw MailStoreError(.damaged, "the store returned nothing") }
            all += piece.bytes
            start += UInt64(piece.bytes.count)
        }
        return all
    }

    static func needsUTF8(_ number: Int) -> POP3Reply {
        .err(.utf8, "message \(number) can be had after UTF8 only")
    }
}
