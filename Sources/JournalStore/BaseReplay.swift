// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import ByteTools
internal import Journal
internal import MailStore
internal import MailTypes

/// Kinds of records as the journal numbers them.
enum MailRecordKind {
    static let message = RecordKind.firstForUsers + 1
    static let base = RecordKind.firstForUsers + 13
    static let moved = RecordKind.firstForUsers + 14

    /// Whether records of this kind have a message.
    static func hasMessage(_ kind: UInt8) -> Bool { kind == message || kind == moved }
}

/// Replays one account from its latest usable base.
///
/// A base is two records in a row with the same state: when neither is whole, the state is put together from what is
/// whole in one or the other. Blocks.
struct BaseReplay {
    private struct Half {
        var place: LogPosition
        var record: BaseRecord
        var octets: BodyOctets
    }

    private let account: AccountID
    private let journal: Journal
    /// The base that was given last; its twin has nothing to add.
    private var given: BaseRecord?
    /// The record before, when it is the damaged half of a base.
    private var half: Half?
    private var isUndecodable = false

    init(_ account: AccountID, _ journal: Journal) {
        self.account = account
        self.journal = journal
    }

    mutating func run(after start: RecordPosition?, _ visit: (LogItem) -> Void) throws(JournalError) {
        try pass(after: start, stopsAt: { $0 == MailRecordKind.base }, visit)
        // Whole and yet no state: everything before it has to do.
        guard isUndecodable else { return }
        (given, half) = (nil, nil)
        try pass(after: start, stopsAt: { _ in false }, visit)
    }

    private mutating func pass(
        after start: RecordPosition?,
        stopsAt: (UInt8) -> Bool,
        _ visit: (LogItem) -> Void
    ) throws(JournalError) {
        let isSecond = isUndecodable
        var isFirst = true
        try journal.replay(account.rawValue, after: start, stopsAt: stopsAt) { item in
            guard isSecond || !isUndecodable else { return }
            switch item {
            case .unreadable(let octets): return visit(.gap(octets: octets))
            case .damaged(let position, let octets): damaged(position, octets, visit)
            case .record(let entry) where entry.kind == MailRecordKind.base:
                isUndecodable = !takeBase(entry, visit) && isFirst && !isSecond || isSecond
            case .record(let entry): take(entry, visit)
            }
            isFirst = false
        }
        endHalf(visit)
    }

    /// Whatever comes now is no twin of the damaged half before it.
    private mutating func endHalf(_ visit: (LogItem) -> Void) {
        if let half { visit(.baseLost(half.place)) }
        half = nil
    }

    private mutating func take(_ entry: JournalEntry, _ visit: (LogItem) -> Void) {
        given = nil
        endHalf(visit)
        let place = JournalAccountLog.place(entry.position, preamble: entry.body.preamble)
        guard let decoded = LogRecord.decode(entry.metadata), decoded.fence.account == account else {
            visit(.damaged(place.position))
            return visit(.gap(octets: UInt64(entry.metadata.count)))
        }
        visit(.record(decoded.record, place))
    }

    /// False when no state can be made of a base record that is whole as far as the journal can tell.
    private mutating func takeBase(_ entry: JournalEntry, _ visit: (LogItem) -> Void) -> Bool {
        let place = LogPosition(segment: entry.position.segment, offset: entry.position.offset)
        guard let record = Self.base(entry, of: account), let octets = try? read(entry.body) else {
            visit(.damaged(place))
            return false
        }
        if let given, given.isTwin(of: record) { return true }
        if let state = octets.lost.isEmpty ? record.state(in: octets.bytes) : nil {
            (given, half) = (record, nil)
            visit(.base(state, place))
            return true
        }
        return join(Half(place: place, record: record, octets: octets), visit)
    }

    /// - Parameter octets: of its metadata, which say what it was and what numbers it gave; a base gives none.
    private mutating func damaged(_ position: RecordPosition, _ octets: UInt32, _ visit: (LogItem) -> Void) {
        let place = LogPosition(segment: position.segment, offset: position.offset)
        guard let entry = try? journal.record(at: position), let record = Self.base(entry, of: account),
            let octets = try? read(entry.body)
        else {
            given = nil
            endHalf(visit)
            visit(.damaged(place))
            return visit(.gap(octets: UInt64(octets)))
        }
        if let given, given.isTwin(of: record) { return }
        _ = join(Half(place: place, record: record, octets: octets), visit)
    }

    /// Puts the state together from two damaged records.
    private mutating func join(_ second: Half, _ visit: (LogItem) -> Void) -> Bool {
        guard let first = half, first.record.isTwin(of: second.record),
            first.octets.bytes.count == second.octets.bytes.count
        else {
            endHalf(visit)
            half = second
            return false
        }
        var bytes = second.octets.bytes
        for range in second.octets.lost {
            let range = Int(range.lowerBound)..<Int(range.upperBound)
            bytes.replaceSubrange(range, with: first.octets.bytes[range])
        }
        guard let state = second.record.state(in: bytes) else {
            endHalf(visit)
            return false
        }
        (given, half) = (second.record, nil)
        visit(.base(state, second.place))
        return true
    }

    private func read(_ address: BodyAddress) throws(JournalError) -> BodyOctets {
        guard address.length <= BaseRecord.maximumOctets else { throw .tooLarge }
        return try journal.readBlocking(address, 0..<address.length)
    }

    private static func base(_ entry: JournalEntry, of account: AccountID) -> BaseRecord? {
        guard let decoded = LogRecord.decode(entry.metadata), decoded.fence.account == account,
            case .base(let record) = decoded.record, record.size == entry.body.length
        else { return nil }
        return record
    }
}
