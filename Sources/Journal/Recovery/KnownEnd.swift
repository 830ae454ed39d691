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

    init(segment: UInt32, octets: UInt64, isExact: Bool) {
        self.segment = segment
        self.octets = octets
        self.isExact = isExact
    }

    init(_ saved: HeadsCheckpoint.Contents) {
        self.init(record: saved.last)
        guard saved.from.segment == saved.last.segment else { return }
        (octets, isExact) = (max(octets, saved.from.offset), true)
    }

    /// Of a record only the place is known.
    init(record: RecordPosition) {
        let (end, isBeyond) = record.offset.addingReportingOverflow(UInt64(RecordHeader.size))
        self.init(segment: record.segment, octets: isBeyond ? .max : end, isExact: false)
    }

    static func later(_ first: KnownEnd?, _ second: KnownEnd?) -> KnownEnd? {
        guard let first, let second else { return first ?? second }
        return (first.segment, first.octets) < (second.segment, second.octets) ? second : first
    }

    /// What is lost of the last segment, whose records end at `end` in a file of `size` octets; `nil` when nothing is.
    func lost(in last: UInt32, endingAt end: UInt64, _ size: UInt64) -> Range<UInt64>? {
        guard segment == last, end < octets else { return nil }
        return end..<(isExact ? octets : max(octets, size))
    }
}

/// What can be true of the ends that derived files name.
///
/// A sum is right also when somebody has made it so: an end that no segment can have had would make a file of any size,
/// and a number far ahead would use all numbers up.
struct EndBounds: Hashable, Sendable {
    /// So many segments may have been between the last one that is there and one that is gone.
    static let largestJump: UInt32 = 1 << 20

    /// The number of the last segment that is there; 0 when none is.
    var newest: UInt32
    /// A segment is never larger.
    var octets: UInt64

    func admit(_ end: KnownEnd) -> Bool {
        end.segment > 0 && end.segment <= SegmentFile.largestNumber && end.octets <= octets
            && end.segment <= UInt64(newest) + UInt64(Self.largestJump)
    }
}

extension JournalOptions {
    /// Octets in which the records of a segment begin, but for one message that is larger: a commit begins before the
    /// segment is full.
    var usualOctets: UInt64 {
        max(segmentOctets, JournalOptions().segmentOctets).addingSaturated(UInt64(clamping: batchOctets))
            .addingSaturated(UInt64(clamping: maximumMetadataOctets))
    }

    /// The most that a segment can be.
    func largestSegment(in directory: String) -> UInt64 {
        let body = ChunkLayout.storedLength(of: min(maximumBodyOctets, 1 << 48))
        let most = min(usualOctets.addingSaturated(body), RecordPosition.largestOffset)
        var status = statvfs()
        guard unsafe statvfs(directory, &status) == 0 else { return most }
        let (room, overflow) = UInt64(status.f_blocks).multipliedReportingOverflow(by: UInt64(status.f_frsize))
        // Nor has one been larger than the file system is; some do not say how large that is.
        return overflow || room == 0 ? most : min(most, room)
    }
}

extension UInt64 {
    func addingSaturated(_ other: UInt64) -> UInt64 {
        let (sum, overflow) = addingReportingOverflow(other)
        return overflow ? .max : sum
    }
}
