// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import ByteTools

/// What checking a segment meets, in the order in which it lies there.
package enum VerifiedItem: Sendable, Hashable {
    /// Every octet of the record verifies.
    case intact(JournalEntry)
    /// The record reads whole, though not as it lies on disk: see what was mended.
    case mended(JournalEntry, MendedParts)
    /// The header verifies, and something after it does not.
    case lost(LostParts)
    /// No header can be read here; how many records these octets were is not known.
    case unreadable(Range<UInt64>)
}

/// What of a record does not lie on disk as it was written, and could be had all the same: a flipped bit was put right,
/// or the sidecar has it.
///
/// Of a body, a range that was mended needs another proof (see `Journal.read`).
package struct MendedParts: Sendable, Hashable {
    package var header = false
    package var metadata = false
    /// Ranges of the body.
    package var body: [Range<UInt64>] = []

    package init() {}
    package var isEmpty: Bool { !header && !metadata && body.isEmpty }
}

/// A record of which not everything can be read.
package struct LostParts: Sendable, Hashable {
    package var position: RecordPosition
    package var kind: UInt8
    package var stream: UInt64
    /// `nil` when it is lost.
    package var metadata: [UInt8]?
    package var address: BodyAddress
    /// Ranges of the body that are lost.
    package var body: [Range<UInt64>]
    /// What of the rest does not lie on disk as it was written.
    package var mended: MendedParts

    /// Whether the metadata is lost.
    package var isMetadataLost: Bool { metadata == nil }
}

extension LostParts {
    /// A record whose body was put right, and came out wrong by another proof.
    package init(_ entry: JournalEntry, wronglyMended parts: MendedParts) {
        self.init(
            position: entry.position,
            kind: entry.kind,
            stream: entry.stream,
            metadata: entry.metadata,
            address: entry.body,
            body: parts.body,
            mended: MendedParts()
        )
    }
}

extension Journal {
    /// Reads every octet of the records of a segment and checks every sum.
    ///
    /// Calls `visit` for each record, the journal's own (kinds below `RecordKind.firstForUsers`) among them, and for
    /// each stretch that is none; `visit` returns false to stop. `pace` is called with the octets of each read, at most
    /// about 1 MiB, and may sleep. Of the active segment what is on disk is checked. Throws `.lost` when there is no
    /// such segment. Blocks: not for event loops.
    package func verify(
        segment number: UInt32,
        pace: (Int) -> Void,
        visit: (VerifiedItem) -> Bool
    ) throws(JournalError) {
        guard let file = try segments.fileIfThere(number) else {
            throw .lost(RecordPosition(segment: number, offset: 0))
        }
        let end = segments.recordsEnd(of: number, size: try file.size())
        var walk = SegmentScan(file, identity: identity, to: end)
        while let item = try walk.next() {
            switch item {
            case .record(let header), .cut(let header):
                guard visit(segments.check(header, mends: true, pace: pace).item) else { return }
            case .damage(let range):
                pace(Int(clamping: min(range.count, 1 << 20)))
                guard try visitUnreadable(range, in: number, pace: pace, visit: visit) else { return }
            }
        }
        if let sealed = segments.sealedEnd(of: number), sealed > end { _ = visit(.unreadable(end..<sealed)) }
    }

    /// What the sidecar knows of octets among which no header can be read, and what it does not.
    private func visitUnreadable(
        _ range: Range<UInt64>,
        in number: UInt32,
        pace: (Int) -> Void,
        visit: (VerifiedItem) -> Bool
    ) throws(JournalError) -> Bool {
        var offset = range.lowerBound
        for known in segments.indexed(number, range) {
            let header = known.header
            guard header.position.offset >= offset, header.end <= range.upperBound else { continue }
            if header.position.offset > offset {
                guard visit(.unreadable(offset..<header.position.offset)) else { return false }
            }
            guard visit(segments.check(header, mends: true, pace: pace).item) else { return false }
            offset = header.end
        }
        return offset == range.upperBound || visit(.unreadable(offset..<range.upperBound))
    }
}

/// What checking one record found.
struct RecordCheck {
    var header: RecordHeader
    var metadata: [UInt8]?
    var mended = MendedParts()
    var lost: [Range<UInt64>] = []

    var isIntact: Bool { metadata != nil && lost.isEmpty }

    var item: VerifiedItem {
        if let metadata, lost.isEmpty {
            let entry = JournalEntry(header, metadata)
            return mended.isEmpty ? .intact(entry) : .mended(entry, mended)
        }
        return .lost(
            LostParts(
                position: header.position,
                kind: header.kind,
                stream: header.stream,
                metadata: metadata,
                address: header.body,
                body: lost,
                mended: mended
            )
        )
    }
}

extension SegmentTable {
    private static let checkOctets = UInt64(16 * ChunkLayout.chunkOctets)

    /// Reads all of a record.
    ///
    /// Blocks.
    func check(_ header: RecordHeader, mends: Bool, pace: (Int) -> Void = { _ in }) -> RecordCheck {
        var check = RecordCheck(header: header)
        check.mended.header = header.isMended
        if let found = metadata(of: header) {
            (check.metadata, check.mended.metadata) = (found.octets, found.isMended)
        }
        pace(RecordHeader.size + Int(header.metadataLength))
        var offset: UInt64 = 0
        while offset < header.bodyLength {
            let part = offset..<min(header.bodyLength, offset + Self.checkOctets)
            let found = try? octets(header.body, part, mends: mends)
            // A chunk ends where the next read begins: ranges that touch are one.
            for range in found?.lost ?? [part] { check.lost.join(range) }
            for range in found?.mended ?? [] { check.mended.body.join(range) }
            pace(part.count)
            offset = part.upperBound
        }
        return check
    }

    /// `nil` when they cannot be read.
    func metadata(of header: RecordHeader) -> (octets: [UInt8], isMended: Bool)? {
        let start = header.position.offset + UInt64(RecordHeader.size)
        var plain = header
        plain.isMended = false
        let raw = (try? file(header.position.segment).read(Int(header.metadataLength), at: start)) ?? []
        let found = FoundRecord(header: plain, raw)
        if let metadata = found.metadata { return (metadata, found.header.isMended) }
        let known = indexed(header.position.segment, header.position.offset..<(header.position.offset + 1)).first
        return known?.metadata.map { ($0, true) }
    }

    /// Whether metadata and every chunk of a record can be read.
    ///
    /// Blocks.
    func verifies(_ header: RecordHeader) -> Bool { check(header, mends: false).isIntact }
}

extension [Range<UInt64>] {
    /// Adds a range that begins at or after the end of the last.
    fileprivate mutating func join(_ range: Range<UInt64>) {
        if let last, last.upperBound == range.lowerBound {
            self[count - 1] = last.lowerBound..<range.upperBound
        } else {
            append(range)
        }
    }
}
