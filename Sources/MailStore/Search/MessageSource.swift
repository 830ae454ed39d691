// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import MessageFormat

/// Where a search takes the octets of messages from.
///
/// Damage never throws: lost octets are named. A message that is expunged may throw `.noSuchMessage`.
protocol MessageSource: Sendable {
    func octets(of message: MessageEntry, _ range: Range<UInt64>) async throws(MailStoreError) -> MessageOctets
    func cachedStructure(of message: MessageEntry) async throws(MailStoreError) -> [UInt8]?
}

/// Takes them from any account.
struct AccountSource: MessageSource {
    let account: any MailAccount

    func octets(of message: MessageEntry, _ range: Range<UInt64>) async throws(MailStoreError) -> MessageOctets {
        do throws(MailStoreError) {
            return try await account.read(message, range)
        } catch {
            guard error.code == .damaged else { throw error }
            return MessageOctets(bytes: [UInt8](repeating: 0, count: range.count), damaged: [range])
        }
    }

    func cachedStructure(of message: MessageEntry) async throws(MailStoreError) -> [UInt8]? {
        try await account.cachedStructure(of: message)
    }
}

/// Takes them from the log, wherever compaction has moved them, and whatever the policy for damaged messages is.
struct LogSource: MessageSource {
    let store: AccountStore
    /// False for work that nobody asked for: a message may be gone by the time it is read, and scrubbing tells of damage.
    let reportsDamage: Bool

    func octets(of message: MessageEntry, _ range: Range<UInt64>) async throws(MailStoreError) -> MessageOctets {
        let octets = try await store.fill(message, range)
        if reportsDamage, !octets.damaged.isEmpty {
            try await store.checkHeld(message)
            let body = store.forwarding.target(of: message.body)
            await store.noteDamage(body, uid: message.uid, lost: octets.damaged)
        }
        return octets
    }

    func cachedStructure(of message: MessageEntry) async throws(MailStoreError) -> [UInt8]? {
        try await store.cachedStructure(of: message)
    }
}

extension MessageSource {
    /// Messages up to this are read as a whole; of larger ones, what is needed and so much at a time.
    static var pieceOctets: UInt64 { 256 << 10 }
    /// So much is read at once at least, so that a message of many small parts does not need a read for each.
    private static var leastOctets: UInt64 { 64 << 10 }
    /// The largest message that is parsed again when its cached structure is lost.
    private static var parsedOctets: UInt64 { 64 << 20 }
    /// How much of a message that is larger yet is looked at for its header.
    private static var headerOctets: UInt64 { 1 << 20 }

    /// What is read of a large message when `wanted` is needed next: the start of that, or some more than that.
    static func stretch(from wanted: Range<UInt64>, of message: MessageEntry) -> Range<UInt64> {
        let start = min(wanted.lowerBound, message.size)
        let count = min(max(wanted.upperBound - wanted.lowerBound, leastOctets), pieceOctets, message.size - start)
        return start..<(start + count)
    }

    /// The structure of a large message: as cached at delivery, else from its octets, else opaque.
    func structure(of message: MessageEntry) async throws(MailStoreError) -> MessageStructure {
        if let cached = try await cachedStructure(of: message),
            let summary = MessageSummary.decode(cached), summary.structure.size == message.size
        {
            return summary.structure
        }
        guard message.size > Self.parsedOctets else {
            return MessageStructure(parsing: try await whole(of: message, message.size).bytes)
        }
        let start = MessageStructure(parsing: try await whole(of: message, Self.headerOctets).bytes)
        let header = start.root.header
        let body = min(header.upperBound, message.size)..<message.size
        let root = MessagePart(header: header, body: body, lines: 0, mediaType: .opaque)
        return MessageStructure(size: message.size, envelope: start.envelope, root: root)
    }

    /// The first `count` octets, with what is lost filled.
    func whole(of message: MessageEntry, _ count: UInt64) async throws(MailStoreError) -> MessageOctets {
        var all = MessageOctets(bytes: [])
        let end = min(count, message.size)
        while UInt64(all.bytes.count) < end {
            let start = UInt64(all.bytes.count)
            let range = start..<min(end, start + Self.pieceOctets)
            var piece = try await octets(of: message, range)
            piece.fit(range)
            all.bytes += piece.bytes
            all.damaged += piece.damaged
        }
        return all
    }
}

extension MessageOctets {
    /// Makes them as many as were asked for; what is missing counts as lost.
    mutating func fit(_ range: Range<UInt64>) {
        let count = Int(clamping: range.upperBound - range.lowerBound)
        if bytes.count > count { bytes.removeLast(bytes.count - count) }
        guard bytes.count < count else { return }
        damaged.append(range.lowerBound + UInt64(bytes.count)..<range.upperBound)
        bytes += [UInt8](repeating: 0, count: count - bytes.count)
    }

    /// The stretches that are not lost, in order; the octets are those from `start` on.
    func whole(from start: UInt64) -> [(offset: UInt64, bytes: [UInt8])] {
        guard !damaged.isEmpty else { return [(start, bytes)] }
        var stretches: [(offset: UInt64, bytes: [UInt8])] = []
        var from = start
        let end = start + UInt64(bytes.count)
        let lost = damaged.map { $0.clamped(to: start..<end) }.sorted { $0.lowerBound < $1.lowerBound }
        for range in lost + [end..<end] {
            if from < range.lowerBound {
                stretches.append((from, Array(bytes[Int(from - start)..<Int(range.lowerBound - start)])))
            }
            from = max(from, range.upperBound)
        }
        return stretches
    }
}
