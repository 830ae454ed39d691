// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

/// Walks the records of one segment: by its sidecar as far as that is whole, from there by the headers.
///
/// Blocks.
struct RecordWalk {
    enum Item {
        case record(RecordHeader, IndexedMetadata)
        /// A valid header whose record goes on beyond the end of the segment.
        case cut(RecordHeader, IndexedMetadata)
        /// No record.
        case damage(Range<UInt64>)
    }

    private let file: SegmentFile
    private let identity: JournalIdentity
    private let start: UInt64
    private let end: UInt64
    private var index: IndexReading?
    private var scan: SegmentScan?
    private var offset: UInt64 = 0
    /// The sidecar was missing or not whole.
    private(set) var isIndexBad = false

    /// `indexed` is whether the segment should have a sidecar.
    init(
        _ file: SegmentFile,
        identity: JournalIdentity,
        from start: UInt64 = 0,
        to end: UInt64,
        indexed: Bool,
        in directory: String
    ) {
        (self.file, self.identity, self.start, self.end) = (file, identity, start, end)
        guard indexed, start < end else { return }
        let binding = SegmentIndex.Binding(identity: identity, segment: file.number, sealedLength: end)
        index = IndexReading(binding, in: directory)
        isIndexBad = index == nil
    }

    mutating func next() throws(JournalError) -> Item? {
        while index != nil {
            switch index?.step() {
            case .entry(let entry) where entry.octets.lowerBound == offset && offset < end:
                offset = min(end, entry.octets.upperBound)
                guard entry.octets.lowerBound >= start else { continue }
                switch entry {
                case .record(let header, let metadata):
                    return header.end > end ? .cut(header, metadata) : .record(header, metadata)
                case .damage(let range): return .damage(range)
                }
            case .end where offset == end: return nil
            default: (index, isIndexBad) = (nil, true)
            }
        }
        return try scanned()
    }

    private mutating func scanned() throws(JournalError) -> Item? {
        if scan == nil { scan = SegmentScan(file, identity: identity, from: max(start, offset), to: end) }
        switch try scan?.next() {
        case nil: return nil
        case .record(let header): return .record(header, .unread)
        case .cut(let header): return .cut(header, .unread)
        case .damage(let range): return .damage(range)
        }
    }
}

extension SegmentTable {
    /// A walk over the records of a segment that are on disk; `nil` when the segment is not there.
    func walk(_ number: UInt32, from start: UInt64 = 0) throws(JournalError) -> RecordWalk? {
        guard let file = try fileIfThere(number) else { return nil }
        let end = recordsEnd(of: number, size: try file.size())
        // The last segment has a sidecar when it was full.
        let isIndexed = sealed.contains(number) || SegmentIndex.knownEnd(of: number, in: directory, identity) == end
        return RecordWalk(file, identity: identity, from: start, to: end, indexed: isIndexed, in: directory)
    }
}
