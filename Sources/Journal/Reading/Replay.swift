// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import Locking

/// What replaying meets.
package enum ReplayItem: Sendable {
    case record(JournalEntry)
    /// A record of the stream whose metadata, so many octets, is lost.
    case damaged(RecordPosition, metadata: UInt32)
    /// So many octets of which no record can be read: some of them may have been the stream's.
    ///
    /// Not told where the chain of the stream's records is whole. A segment that is gone, though a record of the stream
    /// in it was not to be, counts with what a segment usually has room for.
    case unreadable(octets: UInt64)
}

extension Journal {
    /// Every record of one stream after a position (all, when `nil`), oldest first, over any damage.
    ///
    /// It follows the chain from the stream's head; where a link is damaged, or was removed with its segment, it reads
    /// the headers of all segments instead. No append to the stream may be under way. Blocks: not for event loops.
    package func replay(
        _ stream: UInt64,
        after start: RecordPosition?,
        _ visit: (ReplayItem) -> Void
    ) throws(JournalError) {
        try replay(stream, after: start, stopsAt: { _ in false }, visit)
    }

    /// As above, from the latest record that makes those before it needless.
    ///
    /// `isBase` says of which kinds such records are. One counts when all of it verifies, its body too: then it is
    /// visited first, and nothing before it. One that does not is visited as `.damaged`, after what is before it.
    package func replay(
        _ stream: UInt64,
        after start: RecordPosition?,
        stopsAt isBase: (_ kind: UInt8) -> Bool,
        _ visit: (ReplayItem) -> Void
    ) throws(JournalError) {
        var path = ReplayPath(segments: segments, identity: identity)
        if try !path.followChain(of: stream, from: writer.heads.withLock { $0[stream] }, after: start, stopsAt: isBase)
        {
            var headers: [RecordHeader] = []
            let gaps = try scanHeaders(after: start) { header, _ throws(JournalError) in
                if header.stream == stream, header.kind >= RecordKind.firstForUsers { headers.append(header) }
            }
            try path.take(headers, stopsAt: isBase, gaps)
            path.addGone(after: start, each: options.usualOctets)
        }
        var gaps = path.gaps[...]
        for position in path.positions {
            while let gap = gaps.first, gap.start < position { visit(.unreadable(octets: gaps.removeFirst().octets)) }
            let found = try segments.record(at: position)
            if !path.unusable.contains(position), let found, let metadata = found.metadata {
                visit(.record(JournalEntry(found.header, metadata)))
            } else {
                visit(.damaged(position, metadata: found?.header.metadataLength ?? 0))
            }
        }
        for gap in gaps { visit(.unreadable(octets: gap.octets)) }
    }

    /// Whether all that a replay with `stopsAt` would need is in the segments: no record is lost, or known by a sidecar
    /// alone, from the stream's last one back to what makes those before it needless, or to its first.
    ///
    /// Blocks; reads the headers and metadata of these records, and what makes others needless as a whole. `pace` is
    /// called with the octets of each read, and may sleep; where it returns false, all counts as whole from there on.
    package func hasWholeHistory(
        of stream: UInt64,
        stopsAt isBase: (_ kind: UInt8) -> Bool,
        pace: (Int) -> Bool = { _ in true }
    ) throws(JournalError) -> Bool {
        guard var position = writer.heads.withLock({ $0[stream] }) else { return false }
        while pace(SegmentTable.guessOctets) {
            guard let found = try segments.record(at: position), found.header.stream == stream, found.metadata != nil,
                !found.header.isMended
            else { return false }
            if isBase(found.header.kind), segments.verifies(found.header) { return true }
            guard let previous = found.header.previous else { return true }
            guard previous < position else { return false }
            position = previous
        }
        return true
    }

    /// Every record of every stream after a position, oldest first, over any damage.
    ///
    /// Blocks.
    package func replayAll(after start: RecordPosition?, _ visit: (ReplayItem) -> Void) throws(JournalError) {
        _ = try scanHeaders(after: start) { header, known throws(JournalError) in
            guard header.kind >= RecordKind.firstForUsers else { return }
            var header = header
            var octets: [UInt8]?
            switch known {
            case .whole(let metadata): octets = metadata
            case .lost: break
            case .unread:
                let found = segments.metadata(of: header)
                octets = found?.octets
                header.isMended = header.isMended || found?.isMended ?? false
            }
            let lost = ReplayItem.damaged(header.position, metadata: header.metadataLength)
            visit(octets.map { .record(JournalEntry(header, $0)) } ?? lost)
        }
    }

    /// Returns what is between the headers and is no record.
    private func scanHeaders(
        after start: RecordPosition?,
        _ visit: (RecordHeader, IndexedMetadata) throws(JournalError) -> Void
    ) throws(JournalError) -> [UnreadableStretch] {
        var gaps: [UnreadableStretch] = []
        let numbers = segments.numbers
        try SegmentEnds.read(numbers, in: segments, identity: identity)
        for number in numbers where number >= start?.segment ?? 0 {
            guard var walk = try segments.walk(number) else { continue }
            while let item = try walk.next() {
                switch item {
                case .record(let header, let metadata), .cut(let header, let metadata):
                    if start.map({ header.position > $0 }) ?? true { try visit(header, metadata) }
                case .damage(let range):
                    if let gap = UnreadableStretch(range, in: number, after: start) { gaps.append(gap) }
                }
            }
            if walk.isIndexBad { indexer.add(number) }
        }
        return gaps
    }
}

/// Octets of a segment of which no record can be read.
private struct UnreadableStretch {
    var start: RecordPosition
    var octets: UInt64

    init(start: RecordPosition, octets: UInt64) {
        self.start = start
        self.octets = octets
    }

    /// What of a stretch is after a position; `nil` for nothing.
    init?(_ range: Range<UInt64>, in segment: UInt32, after position: RecordPosition?) {
        var lower = range.lowerBound
        if let position, position.segment == segment { lower = max(lower, position.offset) }
        guard position?.segment ?? 0 <= segment, lower < range.upperBound else { return nil }
        start = RecordPosition(segment: segment, offset: lower)
        octets = range.upperBound - lower
    }
}

/// The records of one stream that a replay visits.
private struct ReplayPath {
    let segments: SegmentTable
    let identity: JournalIdentity
    /// Ascending.
    private(set) var positions: [RecordPosition] = []
    /// Base records of which not everything verifies.
    private(set) var unusable: Set<RecordPosition> = []
    /// Where records may have been that are neither; ascending.
    private(set) var gaps: [UnreadableStretch] = []
    /// A record of the stream that was in a segment that is not there, and that no base stands for.
    private var gone: RecordPosition?

    init(segments: SegmentTable, identity: JournalIdentity) {
        self.segments = segments
        self.identity = identity
    }

    /// Goes back from the stream's last record; false when a link is damaged or gone.
    mutating func followChain(
        of stream: UInt64,
        from head: RecordPosition?,
        after start: RecordPosition?,
        stopsAt isBase: (UInt8) -> Bool
    ) throws(JournalError) -> Bool {
        let lowest = start ?? RecordPosition(segment: 0, offset: 0)
        var next = head
        while let position = next, position > lowest {
            guard let header = try segments.record(at: position)?.header, header.stream == stream,
                header.previous.map({ $0 < position }) ?? true
            else {
                if !segments.contains(position.segment) { gone = position }
                return false
            }
            positions.append(position)
            if isBase(header.kind), isUsable(header) { break }
            next = header.previous
        }
        positions.reverse()
        return true
    }

    /// Takes all records of the stream, from the last base on.
    mutating func take(
        _ headers: [RecordHeader],
        stopsAt isBase: (UInt8) -> Bool,
        _ gaps: [UnreadableStretch]
    ) throws(JournalError) {
        positions = []
        self.gaps = gaps
        for header in headers.reversed() {
            positions.append(header.position)
            if isBase(header.kind), isUsable(header) { break }
        }
        positions.reverse()
    }

    /// Counts the segments that are gone between the record that is and the one before it.
    mutating func addGone(after start: RecordPosition?, each octets: UInt64) {
        guard let gone else { return }
        let before = positions.last { $0 < gone }?.segment ?? start?.segment ?? 0
        let there = segments.numbers.count { $0 > before && $0 < gone.segment }
        let missing = UInt64(max(0, Int(gone.segment) - Int(before) - there))
        let (all, overflow) = missing.multipliedReportingOverflow(by: octets)
        let place = gaps.firstIndex { $0.start > gone } ?? gaps.endIndex
        gaps.insert(UnreadableStretch(start: gone, octets: overflow ? .max : all), at: place)
    }

    private mutating func isUsable(_ header: RecordHeader) -> Bool {
        if segments.verifies(header) { return true }
        unusable.insert(header.position)
        return false
    }
}
