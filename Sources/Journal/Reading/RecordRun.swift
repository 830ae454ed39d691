// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import ByteTools

/// Reads many records, one after the other: where they lie close together, many with one read.
///
/// A read costs as much as copying some kilobytes does; records of small messages have no more between them.
struct RecordRun {
    /// Most octets of one read.
    private static let maximumWindow: UInt64 = 128 << 10
    /// With more than this between the beginnings of two records, each is read by itself.
    private static let maximumGap: UInt64 = 8 << 10

    private let segments: SegmentTable
    private let positions: [RecordPosition]
    private var file: SegmentFile?
    /// Octets of `file` from `start` on; only the first `count` count.
    private var window: [UInt8] = []
    private var start: UInt64 = 0
    private var count = 0

    init(_ segments: SegmentTable, _ positions: [RecordPosition]) {
        self.segments = segments
        self.positions = positions
    }

    /// The record at the position of this number; `nil` when its header or metadata do not verify as they lie on disk.
    ///
    /// Quick when called with ascending numbers. Blocks.
    mutating func entry(_ number: Int) -> JournalEntry? {
        let position = positions[number]
        if !holds(position, octets: RecordHeader.size) { load(position, octets: windowOctets(from: number)) }
        guard let header = header(at: position) else { return nil }
        let whole = RecordHeader.size + Int(header.metadataLength)
        if !holds(position, octets: whole) { load(position, octets: whole) }
        guard holds(position, octets: whole) else { return nil }
        let begin = Int(position.offset - start)
        let metadata = Array(window[(begin + RecordHeader.size)..<(begin + whole)])
        return CRC32C.of(metadata) == header.metadataCRC ? JournalEntry(header, metadata) : nil
    }

    private func header(at position: RecordPosition) -> RecordHeader? {
        guard holds(position, octets: RecordHeader.size) else { return nil }
        let begin = Int(position.offset - start)
        let octets = unsafe window.span.bytes
        return RecordHeader(octets.extracting(begin..<(begin + RecordHeader.size)), at: position, of: segments.identity)
    }

    private func holds(_ position: RecordPosition, octets: Int) -> Bool {
        guard file?.number == position.segment, position.offset >= start, position.offset - start <= UInt64(count)
        else {
            return false
        }
        return octets <= count - Int(position.offset - start)
    }

    /// As many octets as reach over the records that follow closely.
    private func windowOctets(from number: Int) -> Int {
        let first = positions[number]
        var last = first.offset
        for next in positions[(number + 1)...] {
            guard next.segment == first.segment, next.offset >= last, next.offset - last <= Self.maximumGap,
                next.offset - first.offset <= Self.maximumWindow - UInt64(SegmentTable.guessOctets)
            else { break }
            last = next.offset
        }
        return Int(last - first.offset) + SegmentTable.guessOctets
    }

    /// Leaves the window empty when nothing can be read.
    private mutating func load(_ position: RecordPosition, octets: Int) {
        count = 0
        start = position.offset
        if file?.number != position.segment { file = try? segments.fileIfThere(position.segment) }
        guard let file else { return }
        count = (try? file.read(octets, at: position.offset, into: &window)) ?? 0
    }
}

extension Journal {
    /// The records at `positions`, each handed over with its place among them, in their order; `nil` stands for one that
    /// does not verify as it lies there, of which `record(at:)` may know more.
    ///
    /// Costs least where neighbours in `positions` are neighbours on disk. Blocks: not for event loops.
    package func visit(_ positions: [RecordPosition], _ take: (_ place: Int, _ entry: JournalEntry?) -> Void) {
        var run = RecordRun(segments, positions)
        for place in positions.indices { take(place, run.entry(place)) }
    }
}
