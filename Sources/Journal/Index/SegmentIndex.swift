// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import ByteTools

/// The sidecar of a sealed segment, `segment-N.idx`: every header and its metadata, without the bodies, to be read in one
/// go instead of one random read for each record.
///
/// Derived: blocks, each with a sum, and each bound to the segment by identity, number and sealed length. What is missing
/// or damaged is read from the segment, and written again.
enum SegmentIndex {
    enum Entry: Hashable, Sendable {
        case record(RecordHeader, IndexedMetadata)
        /// No record.
        case damage(Range<UInt64>)

        /// The octets of the segment that it is about; they may go on beyond the segment's end.
        var octets: Range<UInt64> {
            switch self {
            case .record(let header, _): header.position.offset..<header.end
            case .damage(let range): range
            }
        }
    }

    /// One sum is over so many octets, or one more entry.
    static let blockOctets = 64 * 1024
    static let headerOctets = 48
    /// "MRX1".
    private static let magic: UInt32 = 0x3158_524D
    private static let lastBlock: UInt32 = 1 << 31
    /// A record's metadata at its largest, and some.
    private static let largestPayload: UInt64 = 1 << 30 + 1 << 20

    /// What every block of a sidecar says of its segment.
    struct Binding: Hashable, Sendable {
        var identity: JournalIdentity
        var segment: UInt32
        var sealedLength: UInt64
    }

    /// What stands before the entries of a block.
    struct BlockHeader: Hashable, Sendable {
        var payload: Int
        var number: UInt32
        var isLast: Bool
        var entries: UInt32
        fileprivate var sum: UInt32
    }

    static func path(_ number: UInt32, in directory: String) -> String {
        String(SegmentFile.path(number, in: directory).dropLast(4)) + suffix
    }

    static let suffix = ".idx"
    static let temporarySuffix = ".idx.new"

    /// The number in a sidecar's file name.
    static func number(of name: String) -> UInt32? {
        name.hasSuffix(suffix) ? SegmentFile.number(of: name.dropLast(suffix.count) + ".log") : nil
    }

    // MARK: Writing

    static func append(_ entry: Entry, of identity: JournalIdentity, to writer: inout ByteWriter) {
        switch entry {
        case .record(let header, .whole(let metadata)):
            writer.integer(UInt8(0))
            writer.bytes += header.encode(identity)
            writer.bytes += metadata
        case .record(let header, .lost), .record(let header, .unread):
            writer.integer(UInt8(1))
            writer.bytes += header.encode(identity)
        case .damage(let range):
            writer.integer(UInt8(2))
            writer.integer(range.lowerBound)
            writer.integer(range.upperBound)
        }
    }

    static func block(_ payload: [UInt8], entries: Int, number: UInt32, isLast: Bool, _ binding: Binding) -> [UInt8] {
        var writer = ByteWriter(reserving: headerOctets + payload.count)
        writer.integer(magic)
        writer.integer(UInt32(truncatingIfNeeded: payload.count))
        writer.integer(binding.identity.high)
        writer.integer(binding.identity.low)
        writer.integer(binding.segment)
        writer.integer(number | (isLast ? lastBlock : 0))
        writer.integer(binding.sealedLength)
        writer.integer(UInt32(truncatingIfNeeded: entries))
        writer.integer(sum(of: writer.bytes, payload))
        writer.bytes += payload
        return writer.bytes
    }

    private static func sum(of head: [UInt8], _ payload: [UInt8]) -> UInt32 {
        var crc = CRC32C()
        crc.add(head)
        crc.add(payload)
        return crc.value
    }

    // MARK: Reading

    /// The header of a block, in the first 48 octets, when it is one of this sidecar; its sum is not checked yet.
    static func header(_ bytes: [UInt8], _ binding: Binding) -> BlockHeader? {
        guard bytes.count >= headerOctets else { return nil }
        let head = unsafe bytes.span.bytes
        let number = head.littleEndian32(at: 28)
        let payload = head.littleEndian32(at: 4)
        guard head.littleEndian32(at: 0) == magic, head.littleEndian64(at: 8) == binding.identity.high,
            head.littleEndian64(at: 16) == binding.identity.low, head.littleEndian32(at: 24) == binding.segment,
            head.littleEndian64(at: 32) == binding.sealedLength, UInt64(payload) <= largestPayload
        else { return nil }
        return BlockHeader(
            payload: Int(payload),
            number: number & ~lastBlock,
            isLast: number & lastBlock != 0,
            entries: head.littleEndian32(at: 40),
            sum: head.littleEndian32(at: 44)
        )
    }

    /// The entries of a block; `nil` when its sum or anything in it is wrong.
    static func entries(
        of header: BlockHeader,
        _ head: [UInt8],
        _ payload: [UInt8],
        _ binding: Binding
    ) -> [Entry]? {
        guard payload.count == header.payload, head.count >= headerOctets,
            sum(of: Array(head[..<(headerOctets - 4)]), payload) == header.sum
        else { return nil }
        return entries(payload, count: header.entries, binding)
    }

    private static func entries(_ payload: [UInt8], count: UInt32, _ binding: Binding) -> [Entry]? {
        guard UInt64(count) * 17 <= UInt64(payload.count) else { return nil }
        var found: [Entry] = []
        found.reserveCapacity(Int(count))
        var place = 0
        while place < payload.count {
            guard let (entry, length) = entry(payload, at: place, binding) else { return nil }
            found.append(entry)
            place += length
        }
        return found.count == Int(count) ? found : nil
    }

    private static func entry(_ payload: [UInt8], at start: Int, _ binding: Binding) -> (Entry, Int)? {
        let bytes = unsafe payload.span.bytes.extracting(start..<payload.count)
        let kind = bytes.littleEndian32(at: 0) & 0xFF
        if payload[start] == 2 {
            let range = (bytes.littleEndian64(at: 1), bytes.littleEndian64(at: 9))
            guard bytes.byteCount >= 17, range.0 < range.1, range.1 <= 1 << 57 else { return nil }
            return (.damage(range.0..<range.1), 17)
        }
        let end = 1 + RecordHeader.size
        guard kind <= 1, bytes.byteCount >= end else { return nil }
        let head = bytes.extracting(1..<end)
        let position = RecordPosition(segment: binding.segment, offset: head.littleEndian64(at: 32))
        guard let header = RecordHeader(head, at: position, of: binding.identity) else { return nil }
        guard kind == 0 else { return (.record(header, .lost), end) }
        let length = Int(header.metadataLength)
        guard bytes.byteCount - end >= length else { return nil }
        let metadata = Array(payload[(start + end)..<(start + end + length)])
        guard CRC32C.of(metadata) == header.metadataCRC else { return nil }
        return (.record(header, .whole(metadata)), end + length)
    }
}

/// What a walk knows of a record's metadata.
enum IndexedMetadata: Hashable, Sendable {
    /// Nobody has looked.
    case unread
    case whole([UInt8])
    case lost
}
