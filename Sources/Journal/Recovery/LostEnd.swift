// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import Glibc

/// How far a journal went, by what is derived from its records.
///
/// That was on disk when it was derived: what of it is not there any more is lost, and not a torn write.
struct KnownEnd: Hashable, Sendable {
    var segment: UInt32
    /// Octets that the segment had.
    var octets: UInt64
    /// Whether it ended there, and did not go on.
    var isExact: Bool

    init(_ saved: HeadsCheckpoint.Contents) {
        segment = saved.last.segment
        isExact = saved.from.segment == saved.last.segment
        octets = isExact ? saved.from.offset : KnownEnd(record: saved.last).octets
    }

    /// Of a record only the place is known.
    init(record: RecordPosition) {
        segment = record.segment
        octets = record.offset &+ UInt64(RecordHeader.size)
        isExact = false
    }

    static func later(_ first: KnownEnd?, _ second: KnownEnd?) -> KnownEnd? {
        guard let first, let second else { return first ?? second }
        return (first.segment, first.octets) < (second.segment, second.octets) ? second : first
    }

    /// What is lost of the last segment, whose records end at `end` in a file of `size` octets; `nil` when nothing is.
    func lost(in last: UInt32, endingAt end: UInt64, _ size: UInt64) -> Range<UInt64>? {
        guard segment == last, end < octets, octets <= RecordPosition.largestOffset else { return nil }
        return end..<(isExact ? octets : max(octets, size))
    }

    /// Where the file of the last segment is gone, an empty one takes its place.
    ///
    /// When a later one is there, it was removed because nothing in it was needed. Blocks.
    func restoreLastSegment(of segments: SegmentTable) throws(JournalError) {
        guard segment > segments.numbers.last ?? 0, segment <= SegmentFile.largestNumber,
            octets <= RecordPosition.largestOffset
        else { return }
        segments.add(try SegmentFile.create(segment, in: segments.directory))
    }
}

extension RecordPosition {
    /// No header is beyond this: numbers that come from disk are held against it before anything is worked out of them.
    static let largestOffset: UInt64 = 1 << 56
}

extension SegmentFile {
    /// Makes the file as long as it was: zeros stand for what is lost, and every record keeps its place.
    func lengthen(to end: UInt64) throws(JournalError) {
        guard try size() < end else { return }
        guard ftruncate(descriptor, off_t(clamping: end)) == 0 else { throw .last("ftruncate") }
    }
}

extension SegmentTable {
    /// Makes sealed segments that were cut as long as they were, so that their sidecars count again; what is lost.
    ///
    /// Blocks; reads the first record of every segment.
    func restoreLengths() throws(JournalError) -> [JournalRecovery.Damage] {
        var lost: [JournalRecovery.Damage] = []
        for number in sealed {
            var status = stat()
            guard unsafe stat(SegmentFile.path(number, in: directory), &status) == 0 else { continue }
            let size = UInt64(clamping: status.st_size)
            guard let end = sealedEnd(of: number), end > size, end <= RecordPosition.largestOffset else { continue }
            try SegmentFile.openForWriting(number, in: directory).lengthen(to: end)
            lost.append(JournalRecovery.Damage(segment: number, octets: size..<end))
        }
        return lost
    }

    /// Where a segment ended when it was left, by what a later one says; `nil` when none does.
    ///
    /// Blocks.
    func sealedEnd(of number: UInt32) -> UInt64? {
        if let known = end(of: number) { return known }
        for later in numbers.drop(while: { $0 <= number }).prefix(SegmentSeal.maximumEnds) {
            guard let found = try? record(at: RecordPosition(segment: later, offset: 0)),
                found.header.kind == RecordKind.seal, let metadata = found.metadata
            else { continue }
            if let end = SegmentSeal(metadata).ends.first(where: { $0.segment == number }) { return end.offset }
        }
        return nil
    }
}

/// What is where a record of a stream began.
package enum RecordTrace: Sendable {
    /// A record of the stream, whole or not.
    case there
    /// Octets of which no record can be read, and which are never written again.
    case lost
    /// Something else, or nothing.
    case other
}

extension Journal {
    /// What is where a record of a stream began.
    ///
    /// Blocks; reads the headers of the segment when there is none at this place.
    package func trace(of stream: UInt64, at position: RecordPosition) -> RecordTrace {
        guard position.offset <= RecordPosition.largestOffset else { return .other }
        if let found = try? segments.record(at: position) { return found.header.stream == stream ? .there : .other }
        guard var walk = try? segments.walk(position.segment) else { return .other }
        while let item = try? walk.next() {
            if case .damage(let range) = item, range.contains(position.offset) { return .lost }
        }
        return .other
    }
}
