// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import Journal
internal import MailStore
internal import MailTypes

/// What is needed of the segments of one shard.
struct ShardSurvey: Sendable {
    struct Segment: Sendable {
        var number: UInt32
        var octets: UInt64
        /// Octets of records that states refer to, and of bases in force.
        var liveOctets: UInt64 = 0
        /// Octets of live messages as they were delivered: nobody has tried yet to compress them.
        var deliveredOctets: UInt64 = 0
        /// Every stream that has records here, and its last one's offset.
        var streams: [UInt64: UInt64] = [:]

        /// What live octets are expected to be after copying, when that is known.
        var expectedOctets: UInt64?

        var liveShare: Double { octets == 0 ? 0 : Double(liveOctets) / Double(octets) }
        var expectedShare: Double { octets == 0 ? 0 : Double(expectedOctets ?? liveOctets) / Double(octets) }
    }

    /// The last base of an account: where its first record is.
    struct Base: Sendable {
        var first: RecordPosition
        var records: [RecordOutline]
        /// No other record of the stream has followed yet.
        var isOpen = true
    }

    struct Account: Sendable {
        var messages = 0
        var isRemoved = false
        /// Segments that its state refers to.
        var segments: Set<UInt32> = []

        /// What a state refers to.
        static func read(_ state: AccountState) -> (Account, [BodyReference]) {
            var account = Account(messages: 0, isRemoved: state.isRemoved)
            var bodies: [BodyReference] = []
            state.visitBodies { _, entry in
                bodies.append(entry.body)
                account.messages += 1
                account.segments.insert(entry.body.segment)
            }
            return (account, bodies)
        }
    }

    var segments: [UInt32: Segment] = [:]
    /// Those that are never written again, and were not when the states were read.
    var sealed: Set<UInt32> = []
    var bases: [UInt64: Base] = [:]
    var accounts: [UInt64: Account] = [:]

    /// Whether an account needs a new base before a segment can go.
    func needsBase(_ stream: UInt64, toLeave segment: UInt32) -> Bool {
        guard let last = segments[segment]?.streams[stream] else { return false }
        guard let base = bases[stream] else { return true }
        return RecordPosition(segment: segment, offset: last) >= base.first
    }
}

/// Which records of a shard states refer to.
struct LiveRecords: Sendable {
    /// Ascending offsets, by segment.
    private var offsets: [UInt32: [UInt64]] = [:]

    mutating func add(_ body: BodyReference) { offsets[body.segment, default: []].append(body.offset) }
    mutating func sort() { for segment in offsets.keys { offsets[segment]?.sort() } }

    /// After `sort`; O(log records).
    func contains(_ position: RecordPosition) -> Bool {
        guard let all = offsets[position.segment] else { return false }
        var (low, high) = (0, all.count)
        while low < high {
            let middle = (low + high) / 2
            if all[middle] < position.offset { low = middle + 1 } else { high = middle }
        }
        return low < all.count && all[low] == position.offset
    }
}

extension StoreUpkeep {
    /// Reads the state of every account and the headers of every segment of a shard.
    func survey(_ shard: Int, _ run: UpkeepRun) async throws -> ShardSurvey {
        let journal = log.shards[shard]
        var survey = ShardSurvey()
        // First, so that a state read later knows of every record in them.
        survey.sealed = Set(try await run.blocking { journal.sealedSegments.map(\.number) })
        var live = LiveRecords()
        let accounts = try await allAccounts(shard: shard, run)
        for (index, account) in accounts.enumerated() {
            try run.checkCancelled()
            // One that cannot be read is left out, and with it every segment that has something of it.
            guard let state = try? await store.currentState(of: account) else { continue }
            let (summary, bodies) = try await run.blocking { ShardSurvey.Account.read(state) }
            for body in bodies { live.add(body) }
            survey.accounts[account.rawValue] = summary
            if index % 64 == 63 { run.report(.accounts, done: UInt64(index + 1), of: UInt64(accounts.count)) }
        }
        let lostEnds = log.lostEnds(shard: shard)
        return try await run.blocking { [survey, live] in
            var live = live
            live.sort()
            var survey = try Self.outlined(survey, journal, live, run)
            for (account, last) in lostEnds { survey.add(lostEnd: last, of: account.rawValue) }
            return survey
        }
    }

    private static func outlined(
        _ begun: ShardSurvey,
        _ journal: Journal,
        _ live: LiveRecords,
        _ run: UpkeepRun
    ) throws -> ShardSurvey {
        var survey = begun
        let numbers = journal.segmentNumbers
        for number in numbers {
            try run.checkCancelled()
            var segment = ShardSurvey.Segment(number: number, octets: 0)
            try journal.outline(segment: number) { record in
                segment.octets = max(segment.octets, record.position.offset &+ record.octets)
                guard record.kind >= RecordKind.firstForUsers else { return }
                segment.streams[record.stream] = record.position.offset
                if record.kind == MailRecordKind.base {
                    survey.add(base: record)
                } else {
                    survey.bases[record.stream]?.isOpen = false
                }
                guard MailRecordKind.hasMessage(record.kind), live.contains(record.position) else { return }
                segment.liveOctets &+= record.octets
                if record.kind == MailRecordKind.message { segment.deliveredOctets &+= record.bodyOctets }
            }
            survey.segments[number] = segment
        }
        for base in survey.bases.values {
            for record in base.records { survey.segments[record.position.segment]?.liveOctets &+= record.octets }
        }
        return survey
    }
}

extension ShardSurvey {
    /// A record that only a snapshot knows of: its segment is not left without a base either.
    fileprivate mutating func add(lostEnd: RecordPosition, of stream: UInt64) {
        guard segments[lostEnd.segment] != nil else { return }
        let known = segments[lostEnd.segment]?.streams[stream] ?? 0
        segments[lostEnd.segment]?.streams[stream] = max(known, lostEnd.offset)
    }

    /// Two base records of a stream in a row are one base.
    fileprivate mutating func add(base record: RecordOutline) {
        if let known = bases[record.stream], known.isOpen, known.records.count < Int(BaseRecord.copies) {
            bases[record.stream]?.records.append(record)
        } else {
            bases[record.stream] = Base(first: record.position, records: [record])
        }
    }
}
