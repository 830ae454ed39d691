// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import ByteTools

/// What of a journal may be torn, as its headers tell in their order: the records of the last commit, and those that an
/// earlier start found so and did not come to settle.
struct CommitInDoubt {
    /// Headers of the last commit seen, the users' only.
    private var headers: [RecordHeader] = []
    private var start = RecordPosition(segment: 0, offset: 0)
    private var end: UInt64 = 0
    private var isGapless = true
    /// Those of the commit before it.
    private var before: [RecordHeader] = []
    /// The last records that say what was in doubt.
    private var notes: [RecordHeader] = []
    private static let maximumNotes = 8

    mutating func take(_ header: RecordHeader) {
        let distance = min(UInt64(header.batchDistance), header.position.offset)
        let begin = RecordPosition(segment: header.position.segment, offset: header.position.offset - distance)
        if begin > start, header.batchDistance < .max { next(from: begin) }
        isGapless = isGapless && header.position.offset == end
        end = header.end
        if header.kind == RecordKind.doubt { notes = notes.suffix(Self.maximumNotes - 1) + [header] }
        if header.kind >= RecordKind.firstForUsers { headers.append(header) }
    }

    private mutating func next(from begin: RecordPosition) {
        (start, end, isGapless) = (begin, begin.offset, true)
        swap(&before, &headers)
        headers.removeAll(keepingCapacity: true)
    }

    /// The record at `position` is known to have been on disk.
    mutating func acquit(_ position: RecordPosition) { headers.removeAll { $0.position == position } }

    /// All records of the last commits before `end` are known to have been on disk.
    mutating func acquit(before end: RecordPosition) {
        headers.removeAll { $0.position < end }
        before.removeAll { $0.position < end }
    }

    /// Records in doubt that do not verify.
    ///
    /// Blocks.
    func torn(in segments: SegmentTable) -> [RecordPosition] {
        var suspects = headers
        var isBeforeOpen = !isGapless
        for note in notes.reversed() {
            if let metadata = try? segments.record(at: note.position)?.metadata {
                suspects += DoubtNote(metadata).positions.compactMap { try? segments.record(at: $0)?.header }
                break
            }
            // It says what was in doubt before this commit, and is torn itself.
            if note.position >= start { isBeforeOpen = true }
        }
        if isBeforeOpen { suspects += before }
        return Set(suspects.filter { !segments.verifies($0) }.map(\.position)).sorted()
    }
}

/// The metadata of a `RecordKind.doubt` record: records that a start found in doubt; empty, once they are settled.
///
/// It is in the first commit of that start, so that they are in doubt still when it ends before it has settled them.
struct DoubtNote: Hashable, Sendable {
    /// A commit has as many records at most.
    static let maximumPositions = 1 << 16
    static let positionOctets = 12

    var positions: [RecordPosition]

    init(of positions: [RecordPosition] = []) { self.positions = Array(positions.prefix(Self.maximumPositions)) }

    var octets: Int { positions.count * Self.positionOctets }

    func encode() -> [UInt8] {
        var writer = ByteWriter(reserving: octets)
        for position in positions {
            writer.integer(position.segment)
            writer.integer(position.offset)
        }
        return writer.bytes
    }

    init(_ bytes: [UInt8]) {
        var reader = ByteReader(bytes)
        positions = []
        while positions.count < Self.maximumPositions, let segment = try? reader.integer(UInt32.self),
            let offset = try? reader.integer(UInt64.self)
        {
            positions.append(RecordPosition(segment: segment, offset: offset))
        }
    }
}
