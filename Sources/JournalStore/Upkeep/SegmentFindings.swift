// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import Journal
internal import MailStore
internal import MailTypes

/// What reading every octet of a segment has found.
struct SegmentFindings: Sendable {
    /// A record with a message of which every octet verifies.
    struct Message: Sendable {
        var offset: UInt64
        var stream: UInt64
        var size: UInt64
        var preamble: UInt32
    }

    let shard: Int
    let segment: UInt32
    /// What lies from here on may have come after the reading.
    private(set) var end: UInt64 = 0
    private(set) var records = 0
    private(set) var octets: UInt64 = 0
    /// By ascending offset.
    private(set) var messages: [Message] = []
    private(set) var lost: [LostParts] = []
    private(set) var mended: [(entry: JournalEntry, parts: MendedParts)] = []
    private(set) var unreadable: [Range<UInt64>] = []
    /// Records that verify and say nothing that is known.
    private(set) var undecodable: [JournalEntry] = []
    private(set) var bases: [JournalEntry] = []

    var isClean: Bool { lost.isEmpty && mended.isEmpty && unreadable.isEmpty && undecodable.isEmpty }

    /// Whether there were records that cannot be told any more from here.
    var lacksRecords: Bool { !unreadable.isEmpty || !undecodable.isEmpty || lost.contains(where: \.isMetadataLost) }

    /// Reads the segment at the run's rate; from `start` on what is found is kept.
    ///
    /// `advance` is told of the octets so far. Blocks. Throws when it is cancelled or the disk fails.
    init(
        _ journal: Journal,
        shard: Int,
        segment: UInt32,
        run: UpkeepRun,
        advance: (UInt64) -> Void = { _ in }
    ) throws {
        (self.shard, self.segment) = (shard, segment)
        var octets: UInt64 = 0
        do throws(JournalError) {
            end = try journal.durableOctets(of: segment)
            try journal.verify(segment: segment) { count in
                octets &+= UInt64(clamping: count)
                run.pace(UInt64(clamping: count))
                advance(octets)
            } visit: { item in
                take(item, journal)
                return !run.isCancelled
            }
        } catch {
            // Compaction has removed it meanwhile: nothing in it is needed.
            guard case .lost = error else { throw MailStoreError(error, "the segment cannot be read") }
        }
        self.octets = octets
        try run.checkCancelled()
    }

    private mutating func take(_ item: VerifiedItem, _ journal: Journal) {
        records += 1
        switch item {
        case .intact(let entry): take(entry)
        case .mended(let entry, let parts)
        where !parts.body.isEmpty && MailRecordKind.hasMessage(entry.kind) && !MendedBodies.prove(entry.body, journal):
            lost.append(LostParts(entry, wronglyMended: parts))
        case .mended(let entry, let parts):
            mended.append((entry, parts))
            take(entry)
        case .lost(let parts): lost.append(parts)
        case .unreadable(let range):
            records -= 1
            unreadable.append(range)
        }
    }

    private mutating func take(_ entry: JournalEntry) {
        guard entry.kind >= RecordKind.firstForUsers else { return }
        if MailRecordKind.hasMessage(entry.kind) {
            let message = Message(
                offset: entry.position.offset,
                stream: entry.stream,
                size: entry.body.length,
                preamble: entry.body.preamble & BodyReference.preambleOctets
            )
            messages.append(message)
        }
        if entry.kind == MailRecordKind.base { bases.append(entry) }
        let decoded = LogRecord.decode(entry.metadata)
        if decoded == nil || decoded?.fence.account.rawValue != entry.stream { undecodable.append(entry) }
    }

    /// What is wrong with the message that a state has at `body`; `nil` when it is whole.
    func damage(of message: MessageEntry, of account: AccountID) -> MessageDamage? {
        let offset = message.body.offset
        if let found = lost.first(where: { $0.position.offset == offset }) {
            let isOurs = found.stream == account.rawValue && MailRecordKind.hasMessage(found.kind)
            return isOurs ? .lost(found.body, structure: found.isMetadataLost) : .missing
        }
        var (low, high) = (0, messages.count)
        while low < high {
            let middle = (low + high) / 2
            if messages[middle].offset < offset { low = middle + 1 } else { high = middle }
        }
        if low < messages.count, messages[low].offset == offset {
            let found = messages[low]
            let isSame =
                found.stream == account.rawValue
                && found.preamble == message.body.preamble & BodyReference.preambleOctets
            return isSame && found.size == message.size ? nil : .missing
        }
        return unreadable.contains { $0.contains(offset) } ? .lost([0..<message.size], structure: true) : .missing
    }
}

extension BodyReference {
    /// In `preamble`: the number, without the hint how the body lies.
    static let preambleOctets: UInt32 = 1 << 31 - 1
}

/// What is wrong with a message.
enum MessageDamage: Sendable, Hashable {
    /// Ranges of its octets, and whether what was kept of its structure is lost.
    case lost([Range<UInt64>], structure: Bool)
    /// No record of the account's is where its state says.
    case missing

    var lostOctets: UInt64 {
        switch self {
        case .lost(let ranges, _): ranges.reduce(0) { $0 &+ UInt64($1.count) }
        case .missing: 0
        }
    }
}
