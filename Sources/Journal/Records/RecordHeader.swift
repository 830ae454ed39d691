// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import ByteTools

/// The 80 octets before every record (docs/store-format.md).
///
/// It names its own store and position, so that octets inside a message, even a whole journal sent by mail, are never
/// taken for a record.
struct RecordHeader: Hashable, Sendable {
    static let size = 80
    /// "MRJ1".
    static let magic: [UInt8] = [0x4D, 0x52, 0x4A, 0x31]
    static let version: UInt8 = 1

    var kind: UInt8
    var stream: UInt64
    var position: RecordPosition
    /// The stream's record before this one.
    var previous: RecordPosition?
    var metadataLength: UInt32
    var metadataCRC: UInt32
    var bodyLength: UInt64
    /// Of the body, with its frames and tables.
    var storedLength: UInt64
    var layout: UInt8
    /// Octets from the first record of the same commit to this one; `.max` when more.
    var batchDistance: UInt32
    /// It does not lie on disk as it is here: a flipped bit was put right, or it comes from the sidecar.
    var isMended = false

    var preamble: UInt32 { UInt32(clamping: UInt64(Self.size) + UInt64(metadataLength)) }
    /// Octets of the whole record.
    var recordLength: UInt64 { UInt64(Self.size) + UInt64(metadataLength) + storedLength }
    var end: UInt64 { position.offset + recordLength }
    var body: BodyAddress {
        let flag = layout == CompressedLayout.number ? BodyAddress.compressed : 0
        return BodyAddress(record: position, preamble: preamble | flag, length: bodyLength)
    }

    func encode(_ identity: JournalIdentity) -> [UInt8] {
        var writer = ByteWriter(reserving: Self.size)
        writer.bytes += Self.magic
        writer.integer(Self.version)
        writer.integer(kind)
        writer.integer(layout)
        writer.integer(UInt8(0))
        writer.integer(identity.high)
        writer.integer(identity.low)
        writer.integer(position.segment)
        writer.integer(metadataLength)
        writer.integer(position.offset)
        writer.integer(layout == CompressedLayout.number ? bodyLength | storedLength << 32 : bodyLength)
        writer.integer(stream)
        writer.integer(previous?.offset ?? 0)
        writer.integer(previous?.segment ?? 0)
        writer.integer(batchDistance)
        writer.integer(metadataCRC)
        writer.integer(CRC32C.of(writer.bytes))
        return writer.bytes
    }

    /// The header in the first 80 of `bytes`, when it is whole, of this store, and stands where it says it stands.
    init?(_ bytes: RawSpan, at position: RecordPosition, of identity: JournalIdentity) {
        guard bytes.byteCount >= Self.size, Self.isOurs(bytes, at: position, of: identity) else { return nil }
        let kinds = bytes.littleEndian32(at: 4)
        guard UInt8(truncatingIfNeeded: kinds) == Self.version else { return nil }
        layout = UInt8(truncatingIfNeeded: kinds >> 16)
        let lengths = bytes.littleEndian64(at: 40)
        switch layout {
        case ChunkLayout.fixedStride:
            guard lengths <= 1 << 48 else { return nil }
            (bodyLength, storedLength) = (lengths, ChunkLayout.storedLength(of: lengths))
        case CompressedLayout.number:
            (bodyLength, storedLength) = (lengths & 0xFFFF_FFFF, lengths >> 32)
            guard CompressedLayout.isPossible(length: bodyLength, stored: storedLength) else { return nil }
        default: return nil
        }
        kind = UInt8(truncatingIfNeeded: kinds >> 8)
        self.position = position
        metadataLength = bytes.littleEndian32(at: 28)
        stream = bytes.littleEndian64(at: 48)
        let previousSegment = bytes.littleEndian32(at: 64)
        let previousOffset = bytes.littleEndian64(at: 56)
        previous = previousSegment == 0 ? nil : RecordPosition(segment: previousSegment, offset: previousOffset)
        batchDistance = bytes.littleEndian32(at: 68)
        metadataCRC = bytes.littleEndian32(at: 72)
        guard metadataLength <= 1 << 30, position.offset <= 1 << 56 else { return nil }
    }

    /// The version of a header that is whole, of this store, and stands where it says, when it is a later one.
    static func laterVersion(_ bytes: RawSpan, at position: RecordPosition, of identity: JournalIdentity) -> UInt8? {
        guard bytes.byteCount >= size, isOurs(bytes, at: position, of: identity) else { return nil }
        let version = UInt8(truncatingIfNeeded: bytes.littleEndian32(at: 4))
        return version > Self.version ? version : nil
    }

    private static func isOurs(_ bytes: RawSpan, at position: RecordPosition, of identity: JournalIdentity) -> Bool {
        CRC32C.of(bytes.extracting(0..<(size - 4))) == bytes.littleEndian32(at: 76)
            && bytes.littleEndian32(at: 0) == 0x314A_524D && bytes.littleEndian64(at: 8) == identity.high
            && bytes.littleEndian64(at: 16) == identity.low && bytes.littleEndian32(at: 24) == position.segment
            && bytes.littleEndian64(at: 32) == position.offset
    }

    /// As `init`, of a header in which one bit is flipped.
    static func mending(
        _ bytes: RawSpan,
        at position: RecordPosition,
        of identity: JournalIdentity
    ) -> RecordHeader? {
        guard bytes.byteCount >= size else { return nil }
        // Of what is known beforehand, one bit at most may differ: cheap, and the proof that it is a header.
        let different =
            (bytes.littleEndian32(at: 0) ^ 0x314A_524D).nonzeroBitCount
            + (bytes.littleEndian64(at: 8) ^ identity.high).nonzeroBitCount
            + (bytes.littleEndian64(at: 16) ^ identity.low).nonzeroBitCount
            + (bytes.littleEndian32(at: 24) ^ position.segment).nonzeroBitCount
            + (bytes.littleEndian64(at: 32) ^ position.offset).nonzeroBitCount
        guard different <= 1 else { return nil }
        let head = unsafe bytes.extracting(0..<(size - 4)).withUnsafeBytes { unsafe Array($0) }
        guard var mended = SingleBit.mended(head, sum: bytes.littleEndian32(at: size - 4)) else { return nil }
        let sum = CRC32C.of(mended)
        for shift in [0, 8, 16, 24] as [UInt32] { mended.append(UInt8(truncatingIfNeeded: sum >> shift)) }
        var header = unsafe RecordHeader(mended.span.bytes, at: position, of: identity)
        header?.isMended = true
        return header
    }

    init(
        kind: UInt8,
        stream: UInt64,
        position: RecordPosition,
        previous: RecordPosition?,
        metadataLength: UInt32,
        metadataCRC: UInt32,
        bodyLength: UInt64 = 0,
        storedLength: UInt64 = 0,
        layout: UInt8 = ChunkLayout.fixedStride,
        batchDistance: UInt32
    ) {
        self.kind = kind
        self.stream = stream
        self.position = position
        self.previous = previous
        self.metadataLength = metadataLength
        self.metadataCRC = metadataCRC
        self.bodyLength = bodyLength
        self.storedLength = storedLength
        self.layout = layout
        self.batchDistance = batchDistance
    }
}

extension RawSpan {
    /// Four octets, low first; zero when they are not all there.
    func littleEndian32(at offset: Int) -> UInt32 {
        guard offset >= 0, offset <= byteCount - 4 else { return 0 }
        return UInt32(littleEndian: unsafe unsafeLoadUnaligned(fromByteOffset: offset, as: UInt32.self))
    }

    /// Eight octets, low first; zero when they are not all there.
    func littleEndian64(at offset: Int) -> UInt64 {
        UInt64(littleEndian32(at: offset)) | UInt64(littleEndian32(at: offset + 4)) << 32
    }
}
