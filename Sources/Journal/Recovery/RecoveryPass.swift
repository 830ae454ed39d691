// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import Glibc

/// Reads the headers since the last checkpoint, or all of them, finds every stream's head and the end of the journal,
/// and cuts a torn tail off.
///
/// Blocks.
struct RecoveryPass {
    let segments: SegmentTable
    let identity: JournalIdentity
    let directory: String
    let options: JournalOptions
    /// Sealed segments without a whole sidecar, of those that were read.
    private(set) var unindexed: [UInt32] = []
    private(set) var heads: [UInt64: RecordPosition] = [:]
    private(set) var tail = JournalTail()
    private(set) var found = JournalRecovery()
    /// A valid header was seen: what cannot be read is damage or a torn write, and not a wrong identity.
    private(set) var isOurs = false
    private var doubt = CommitInDoubt()
    /// How far the journal went, by what is derived from it, when that is further than its records go.
    private var known: KnownEnd?
    /// The last segment that was there; 0 when there was none.
    private var newestFound: UInt32 = 0
    /// The last segment in which a record of a stream was read.
    private var newestUsed: UInt32 = 0
    /// The last header, of a record that the end of the last segment cuts: torn, or known to have been whole.
    private var cut: RecordHeader?

    init(segments: SegmentTable, identity: JournalIdentity, directory: String, options: JournalOptions) {
        self.segments = segments
        self.identity = identity
        self.directory = directory
        self.options = options
    }

    /// `witness` is asked for records that others know of: for all of them when checkpoints are gone.
    mutating func run(witness: (_ all: Bool) -> [RecordPosition]) throws(JournalError) -> JournalRecovery {
        newestFound = segments.numbers.last ?? 0
        let saved = readKnownEnd(witness)
        if let known {
            try segments.restoreLast(known)
            segments.takeEnd(known)
        }
        guard let last = segments.numbers.last else { return found }
        var restored = segments.restoreLengths(faults: options.faults) + segments.hollow()
        try scan(after: saved, restored)
        let missing = segments.missing(by: heads[RemovedSegments.stream], known)
        if !missing.isEmpty {
            restored += segments.restore(missing, options: options)
            // What they say of segments before them is known only now.
            restored += segments.restoreLengths(faults: options.faults)
            startAgain()
            try scan(after: saved, restored)
        }
        if tail.last == nil, let size = try? segments.file(last).size() { tail.last = (last, size) }
        try settle(last, segments.numbers)
        return found
    }

    private mutating func scan(
        after saved: HeadsCheckpoint.Contents?,
        _ restored: [JournalRecovery.Damage]
    ) throws(JournalError) {
        let numbers = segments.numbers
        let from = try usableCheckpoint(saved, numbers)
        for lost in restored { note(lost.octets, in: lost.segment, following: lost.following) }
        let scanned = numbers.filter { $0 >= from.segment }
        try SegmentEnds.read(scanned, in: segments, identity: identity)
        for number in scanned {
            try scan(number, from: number == from.segment ? from.offset : 0, isLast: number == numbers.last)
        }
    }

    /// There are more segments than were read.
    private mutating func startAgain() {
        (unindexed, heads, tail, found) = ([], [:], JournalTail(), JournalRecovery())
        (isOurs, doubt, cut, newestUsed) = (false, CommitInDoubt(), nil, 0)
    }

    /// Asks everything that is derived from the records how far they went, and returns the checkpoint to begin with.
    ///
    /// What names an end that cannot be is as good as damaged.
    private mutating func readKnownEnd(_ witness: (_ all: Bool) -> [RecordPosition]) -> HeadsCheckpoint.Contents? {
        let bounds = EndBounds(newest: newestFound, octets: segments.largestOctets)
        let checkpoints = HeadsCheckpoint(directory: directory, identity: identity).all()
        let usable = checkpoints.filter { bounds.admit(KnownEnd($0)) && $0.isPossible }
        let saved = usable.max { ($0.last, $0.from) < ($1.last, $1.from) }
        known = saved.map { KnownEnd($0) }
        let isDamaged = !HeadsCheckpoint.damaged(in: directory, identity).isEmpty
        let isLacking = saved == nil || isDamaged || usable.count < checkpoints.count
        for end in witness(isLacking).map({ KnownEnd(record: $0) }) where bounds.admit(end) {
            known = KnownEnd.later(known, end)
        }
        for end in SegmentIndex.knownEnds(in: directory, identity, from: newestFound) where bounds.admit(end) {
            known = KnownEnd.later(known, end)
        }
        return saved
    }

    /// Where the headers have to be read from.
    ///
    /// A checkpoint counts when its last record still ends where it says.
    private mutating func usableCheckpoint(
        _ saved: HeadsCheckpoint.Contents?,
        _ numbers: [UInt32]
    ) throws(JournalError) -> RecordPosition {
        guard let saved, let start = try start(after: saved, numbers) else {
            return RecordPosition(segment: 0, offset: 0)
        }
        heads = saved.heads
        tail.lastRecord = saved.last
        (found.wasClosed, isOurs) = (true, true)
        return start
    }

    /// Where the records after a checkpoint begin; `nil` when the segments are not those that were read for it.
    ///
    /// When its last record was in a segment that is not there any more, a later one must be: it was removed, and no
    /// older state of the folder was put back.
    private func start(after saved: HeadsCheckpoint.Contents, _ numbers: [UInt32]) throws(JournalError)
        -> RecordPosition?
    {
        guard let newest = numbers.last, saved.last.segment < .max else { return nil }
        guard numbers.contains(saved.last.segment) else { return newest > saved.last.segment ? saved.from : nil }
        guard let last = try segments.record(at: saved.last)?.header,
            let size = try segments.fileIfThere(saved.last.segment)?.size(), last.end <= size
        else { return nil }
        let end = RecordPosition(segment: saved.last.segment, offset: last.end)
        guard saved.from == end || saved.from == RecordPosition(segment: saved.last.segment + 1, offset: 0) else {
            return nil
        }
        // Not from the next segment on: where segments may be larger now than they were, this one is written on.
        return end
    }

    private mutating func scan(_ number: UInt32, from start: UInt64, isLast: Bool) throws(JournalError) {
        guard var walk = try segments.walk(number, from: start) else { return }
        var end = start
        var pending: Range<UInt64>?
        while let item = try walk.next() {
            switch item {
            case .record(let header, _):
                if let lost = pending { note(lost, in: number) }
                (pending, cut) = (nil, nil)
                end = header.end
                take(header)
            case .cut(let header, _) where !isLast:
                note(header.position.offset..<header.end, in: number)
                take(header)
            case .cut(let header, _):
                isOurs = true
                (pending, cut) = (header.position.offset..<header.end, header)
            case .damage(let range): pending = range
            }
        }
        if let lost = pending, !isLast { note(lost, in: number) }
        if isLast { tail.last = (number, end) }
        if walk.isIndexBad { unindexed.append(number) }
    }

    /// What was cut off is met again by who reads the headers: that is one damage.
    private mutating func note(_ octets: Range<UInt64>, in segment: UInt32, following: UInt64 = 0) {
        let place = found.damage.firstIndex { $0.segment == segment && $0.octets.overlaps(octets) }
        guard let place else {
            let damage = JournalRecovery.Damage(segment: segment, octets: octets, following: following)
            return found.damage.append(damage)
        }
        found.damage[place].following = max(found.damage[place].following, following)
        let known = found.damage[place].octets
        found.damage[place].octets =
            min(known.lowerBound, octets.lowerBound)..<max(known.upperBound, octets.upperBound)
    }

    /// What tells of the end of the last segment does not tell what was written after it was made: the rest of the
    /// segment, and segments before it that are gone with it.
    private func mayHaveFollowed(_ end: UInt64, in last: UInt32) -> UInt64 {
        let between = UInt64(segments.numbers.count { $0 > newestFound && $0 < last })
        let gone = last > newestFound ? UInt64(last - newestFound - 1) - between : 0
        let (octets, overflow) = options.usualOctets.multipliedReportingOverflow(by: gone)
        return (overflow ? .max : octets).addingSaturated(options.usualOctets - min(options.usualOctets, end))
    }

    private mutating func take(_ header: RecordHeader) {
        found.records += 1
        if header.isMended { found.mended.append(header.position) }
        isOurs = true
        tail.lastRecord = header.position
        found.wasClosed = header.kind == RecordKind.closed
        doubt.take(header)
        if header.kind == RecordKind.removed { heads[RemovedSegments.stream] = header.position }
        guard header.kind >= RecordKind.firstForUsers else { return }
        newestUsed = max(newestUsed, header.position.segment)
        heads[header.stream] = header.position
    }

    /// Cuts the torn tail off the last segment and makes what is left durable before anyone sees it: after a kill the
    /// page cache may hold a commit that no sync has reached.
    private mutating func settle(_ last: UInt32, _ numbers: [UInt32]) throws(JournalError) {
        guard let end = tail.last?.end else { return }
        let file = try SegmentFile.openForWriting(last, in: directory)
        let size = try file.size()
        let isUnread = !isOurs && size >= UInt64(RecordHeader.size)
        if isUnread, let other = Journal.identityOfRecords(in: directory), other != identity { throw .foreign }
        if let lost = known?.lost(in: last, endingAt: end, size) {
            lose(isUnread ? 0..<lost.upperBound : lost, of: last)
        } else if size < end {
            // Its sidecar knows all of it, so that all of it was on disk.
            doubt.acquit(before: RecordPosition(segment: last, offset: end))
            lose(size..<end, of: last)
        } else if isUnread, size > end {
            note(0..<size, in: last)
            leave(last, endingAt: size)
        } else if size > end {
            guard ftruncate(file.descriptor, off_t(clamping: end)) == 0 else { throw .last("ftruncate") }
            found.tornOctets = size - end
        }
        guard fdatasync(file.descriptor) == 0 else { throw .last("fdatasync") }
        noteWhatFollowed(before: last)
        if end == 0 || tail.last == nil { try oweEnds(tail.last == nil ? numbers[...] : numbers.dropLast()) }
        guard !found.wasClosed else { return }
        found.doubtful = doubt.torn(in: segments)
        tail.inDoubt = DoubtNote(of: found.doubtful)
    }

    /// The last segment went on to where this ends.
    ///
    /// The file stays as it is until the next segment says how long it was: each start finds the same until then.
    private mutating func lose(_ octets: Range<UInt64>, of last: UInt32) {
        var end = octets.upperBound
        // It stays, so that its number is never given again, and what is left of it is shown.
        if let cut, cut.position.offset < end {
            take(cut)
            // Nothing of it is in doubt: it was on disk, and is damaged.
            doubt.acquit(cut.position)
            end = max(end, possibleEnd(of: cut))
        }
        note(octets.lowerBound..<end, in: last, following: mayHaveFollowed(end, in: last))
        leave(last, endingAt: end)
    }

    /// Where a record ends that the end of its segment cuts; 0 where no record can.
    private func possibleEnd(of cut: RecordHeader) -> UInt64 { cut.end <= segments.largestOctets ? cut.end : 0 }

    /// A start found the end lost and began a new segment, but came to no commit in it, as on a full disk: nothing in the
    /// journal says what that start knew, so it counts as it did then.
    private mutating func noteWhatFollowed(before last: UInt32) {
        guard let known, known.segment < last, newestUsed <= known.segment else { return }
        doubt.acquit(before: RecordPosition(segment: known.segment, offset: known.octets))
        if let size = try? segments.fileIfThere(known.segment)?.size(), size < known.octets {
            note(size..<known.octets, in: known.segment)
            segments.setEnd(known.octets, of: known.segment)
        }
        for place in found.damage.indices where found.damage[place].segment == known.segment {
            let end = found.damage[place].octets.upperBound
            guard end >= known.octets else { continue }
            if end <= segments.largestOctets { segments.setEnd(end, of: known.segment) }
            found.damage[place].following = max(found.damage[place].following, mayHaveFollowed(end, in: known.segment))
        }
    }

    /// The journal goes on in a new segment: nothing is cut off this one, and no place in it is written again, so that
    /// what refers to what was lost never finds anything else there.
    private mutating func leave(_ number: UInt32, endingAt end: UInt64) {
        segments.setEnd(end, of: number)
        tail.last = nil
    }

    /// The first record of the next segment has to name where these end.
    private mutating func oweEnds(_ numbers: ArraySlice<UInt32>) throws(JournalError) {
        tail.owedSeal.ends = try numbers.suffix(SegmentSeal.maximumEnds).map { number throws(JournalError) in
            if let known = segments.end(of: number) { return SegmentSeal.End(segment: number, offset: known) }
            return SegmentSeal.End(segment: number, offset: try segments.file(number).size())
        }
    }
}

/// Where segments end that a later one names in its first record.
enum SegmentEnds {
    static func read(_ numbers: [UInt32], in segments: SegmentTable, identity: JournalIdentity) throws(JournalError) {
        for number in numbers {
            let first = RecordPosition(segment: number, offset: 0)
            guard let entry = try segments.record(at: first), entry.header.kind == RecordKind.seal,
                let metadata = entry.metadata
            else { continue }
            for end in SegmentSeal(metadata).ends where end.segment < number {
                segments.setEnd(end.offset, of: end.segment)
            }
        }
    }
}
