// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import ByteTools

/// The metadata of a `RecordKind.removed` record: segments that were removed since nothing in them was needed, as ranges of
/// their numbers, ascending.
///
/// Any other that is not there, though a later one is, is lost.
struct RemovedSegments: Hashable, Sendable {
    /// Where recovery keeps the position of the last such record, among the heads of streams.
    static let stream = UInt64.max - 1
    /// More ranges than this are not written: then fewer are known to be removed.
    static let maximumRanges = 1 << 20
    static let rangeOctets = 8

    private(set) var ranges: [ClosedRange<UInt32>]

    /// Those before the last of `numbers` (ascending) that are not among them, but for those in `lost` (ascending ranges).
    init(absentFrom numbers: [UInt32], besides lost: [ClosedRange<UInt32>] = []) {
        ranges = []
        var next: UInt32 = 1
        for number in numbers {
            if number > next { add(next...(number - 1), besides: lost) }
            next = max(next, number &+ 1)
        }
    }

    private mutating func add(_ absent: ClosedRange<UInt32>, besides lost: [ClosedRange<UInt32>]) {
        var next = absent.lowerBound
        for part in lost where part.overlaps(absent) {
            if part.lowerBound > next { ranges.append(next...(part.lowerBound - 1)) }
            guard part.upperBound < absent.upperBound else { return }
            next = max(next, part.upperBound + 1)
        }
        ranges.append(next...absent.upperBound)
    }

    /// What of `other` is not here.
    func rest(of other: RemovedSegments) -> RemovedSegments {
        var rest = RemovedSegments(ranges: [])
        for range in other.ranges { rest.add(range, besides: ranges) }
        return rest
    }

    private init(ranges: [ClosedRange<UInt32>]) { self.ranges = ranges }

    var octets: Int { min(ranges.count, Self.maximumRanges) * Self.rangeOctets }

    func encode() -> [UInt8] {
        var writer = ByteWriter(reserving: octets)
        for range in ranges.prefix(Self.maximumRanges) {
            writer.integer(range.lowerBound)
            writer.integer(range.upperBound)
        }
        return writer.bytes
    }

    /// What does not ascend is passed over.
    init(_ bytes: [UInt8]) {
        var reader = ByteReader(bytes)
        ranges = []
        while ranges.count < Self.maximumRanges, let first = try? reader.integer(UInt32.self),
            let last = try? reader.integer(UInt32.self)
        {
            if first > ranges.last?.upperBound ?? 0, first <= last { ranges.append(first...last) }
        }
    }
}
