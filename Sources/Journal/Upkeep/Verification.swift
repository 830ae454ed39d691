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

/// What of a record differed from what was written in one bit of a checksummed part, and was corrected in memory.
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

    /// Whether the metadata is lost.
    package var isMetadataLost: Bool { metadata == nil }
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
            let found: VerifiedItem
            switch item {
            case .record(let header), .cut(let header): found = segments.check(header, pace: pace).item
            case .damage(let range):
                pace(Int(clamping: min(range.count, 1 << 20)))
                found = .unreadable(range)
            }
            guard visit(found) else { return }
        }
    }
}

/// What checking one record found.
struct RecordCheck {
    var header: RecordHeader
    var metadata: [UInt8]?
    var lost: [Range<UInt64>] = []

    var isIntact: Bool { metadata != nil && lost.isEmpty }

    var item: VerifiedItem {
        if let metadata, lost.isEmpty { return .intact(JournalEntry(header, metadata)) }
        return .lost(
            LostParts(
                position: header.position,
                kind: header.kind,
                stream: header.stream,
                metadata: metadata,
                address: header.body,
                body: lost
            )
        )
    }
}

extension SegmentTable {
    private static let checkOctets = UInt64(16 * ChunkLayout.chunkOctets)

    /// Reads all of a record.
    ///
    /// Blocks.
    func check(_ header: RecordHeader, pace: (Int) -> Void = { _ in }) -> RecordCheck {
        var check = RecordCheck(header: header, metadata: metadata(of: header))
        pace(RecordHeader.size + Int(header.metadataLength))
        var offset: UInt64 = 0
        while offset < header.bodyLength {
            let part = offset..<min(header.bodyLength, offset + Self.checkOctets)
            let lost = (try? octets(header.body, part))?.lost ?? [part]
            // A chunk ends where the next read begins: ranges that touch are one.
            for range in lost {
                if let last = check.lost.last, last.upperBound == range.lowerBound {
                    check.lost[check.lost.count - 1] = last.lowerBound..<range.upperBound
                } else {
                    check.lost.append(range)
                }
            }
            pace(part.count)
            offset = part.upperBound
        }
        return check
    }

    /// `nil` when it does not verify.
    private func metadata(of header: RecordHeader) -> [UInt8]? {
        let start = header.position.offset + UInt64(RecordHeader.size)
        guard let file = try? file(header.position.segment),
            let metadata = try? file.read(Int(header.metadataLength), at: start),
            metadata.count == Int(header.metadataLength), CRC32C.of(metadata) == header.metadataCRC
        else { return nil }
        return metadata
    }

    /// Whether metadata and every chunk of a record verify.
    ///
    /// Blocks.
    func verifies(_ header: RecordHeader) -> Bool { check(header).isIntact }
}
