// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import ByteTools

/// How a body lies on disk: chunks of 64 KiB (the last one shorter), each behind a frame of 8 octets: a word with the
/// chunk's encoding in its high octet and its stored length below, then the CRC-32C over that word and the chunk.
///
/// With the layout `fixedStride` every chunk is stored raw, so chunk `n` is found by multiplication and a frame that
/// was hit harms its own chunk only.
enum ChunkLayout {
    static let fixedStride: UInt8 = 0
    static let chunkOctets = 64 * 1024
    static let frameOctets = 8
    static let stride = UInt64(chunkOctets + frameOctets)
    /// Encoding 0: the octets as they are.
    static let rawEncoding: UInt32 = 0

    static func chunkCount(of length: UInt64) -> UInt64 {
        length / UInt64(chunkOctets) + (length % UInt64(chunkOctets) == 0 ? 0 : 1)
    }

    static func storedLength(of length: UInt64) -> UInt64 { length + chunkCount(of: length) * UInt64(frameOctets) }

    static func frameWord(count: Int) -> UInt32 { rawEncoding << 24 | UInt32(truncatingIfNeeded: count) }

    /// The checksum of a chunk with its frame word.
    static func checksum(word: UInt32, _ chunk: RawSpan) -> UInt32 {
        var crc = CRC32C(continuing: wordChecksum(word))
        crc.add(chunk)
        return crc.value
    }

    /// Almost every chunk is full: its word is summed once.
    private static let fullWordChecksum = sum(frameWord(count: chunkOctets))

    private static func wordChecksum(_ word: UInt32) -> UInt32 {
        word == frameWord(count: chunkOctets) ? fullWordChecksum : sum(word)
    }

    private static func sum(_ word: UInt32) -> UInt32 {
        var writer = ByteWriter(reserving: 4)
        writer.integer(word)
        return CRC32C.of(writer.bytes)
    }

    /// The checksums of all chunks of a body, in order.
    static func checksums(of block: OctetBlock) -> [UInt32] {
        block.withBytes { bytes in
            var sums: [UInt32] = []
            sums.reserveCapacity(bytes.byteCount / chunkOctets + 1)
            var offset = 0
            while offset < bytes.byteCount {
                let count = min(chunkOctets, bytes.byteCount - offset)
                sums.append(checksum(word: frameWord(count: count), bytes.extracting(offset..<(offset + count))))
                offset += count
            }
            return sums
        }
    }
}
