// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import ByteTools
internal import Compression

/// How a body lies on disk whose chunks are zstd frames, each where that makes it smaller.
///
/// A table, the chunks, and the same table again. The table has an entry of 8 octets for every chunk but the first: the
/// offset of its frame from that of the first, and the CRC-32C of the chunk's number and that offset. The frames are
/// those of `ChunkLayout`, with the encoding and the stored length of their chunk. So any chunk is found by its entry in
/// either table, and damage harms the chunk it is in.
enum CompressedLayout {
    static let number: UInt8 = 1
    /// Encoding 1: the chunk is a Zstandard frame.
    static let zstdEncoding: UInt32 = 1
    static let entryOctets = 8
    /// Longer bodies are stored as they are: lengths have 4 octets here.
    static let maximumLength = UInt64(UInt32.max) - 1 << 24
    /// Of a frame with its chunk.
    static let largestFrame = ChunkLayout.frameOctets + ChunkLayout.chunkOctets

    /// Octets of one table.
    static func tableOctets(of length: UInt64) -> UInt64 {
        let chunks = ChunkLayout.chunkCount(of: length)
        return chunks > 1 ? (chunks - 1) * UInt64(entryOctets) : 0
    }

    /// Whether a body of `length` octets can take `stored` octets.
    static func isPossible(length: UInt64, stored: UInt64) -> Bool {
        let chunks = ChunkLayout.chunkCount(of: length)
        let around = 2 * tableOctets(of: length) + chunks * UInt64(ChunkLayout.frameOctets)
        return length > 0 && length <= maximumLength && stored > around && stored <= around + length
    }

    /// The table for frames that begin at `offsets`; the first of which is that of chunk 1.
    static func table(_ offsets: [UInt32]) -> [UInt8] {
        var writer = ByteWriter(reserving: offsets.count * entryOctets)
        for (index, offset) in offsets.enumerated() {
            writer.integer(offset)
            writer.integer(entryChecksum(chunk: UInt32(truncatingIfNeeded: index + 1), offset: offset))
        }
        return writer.bytes
    }

    static func entryChecksum(chunk: UInt32, offset: UInt32) -> UInt32 {
        var writer = ByteWriter(reserving: entryOctets)
        writer.integer(chunk)
        writer.integer(offset)
        return CRC32C.of(writer.bytes)
    }

    /// A chunk with its frame: compressed when that saves at least a sixteenth.
    static func frame(_ chunk: RawSpan) -> [UInt8] {
        let most = chunk.byteCount - chunk.byteCount / 16 - 1
        var writer = ByteWriter(reserving: largestFrame)
        if most > 0, let packed = Zstd.compress(chunk, maximum: most) {
            let word = zstdEncoding << 24 | UInt32(truncatingIfNeeded: packed.count)
            writer.integer(word)
            writer.integer(unsafe ChunkLayout.checksum(word: word, packed.span.bytes))
            writer.bytes += packed
        } else {
            let word = ChunkLayout.frameWord(count: chunk.byteCount)
            writer.integer(word)
            writer.integer(ChunkLayout.checksum(word: word, chunk))
            unsafe chunk.withUnsafeBytes { unsafe writer.bytes += $0 }
        }
        return writer.bytes
    }

    /// What a frame at the beginning of `bytes` holds, when it verifies: a chunk of `count` octets, and how many octets
    /// frame and chunk take.
    ///
    /// `extent` is how many they have to take, where that is known. With `mends`, a flipped bit is put right.
    static func chunk(
        _ bytes: RawSpan,
        count: Int,
        extent: Int?,
        mends: Bool
    ) -> (octets: [UInt8], length: Int, check: CheckedChunk)? {
        let word = bytes.littleEndian32(at: 0)
        guard bytes.byteCount >= ChunkLayout.frameOctets else { return nil }
        if let found = chunk(bytes, word: word, count: count, mends: mends) { return found }
        // The frame may be damaged before a whole chunk.
        guard let extent, extent > ChunkLayout.frameOctets, extent <= largestFrame else { return nil }
        for encoding in [zstdEncoding, ChunkLayout.rawEncoding] {
            let likely = encoding << 24 | UInt32(truncatingIfNeeded: extent - ChunkLayout.frameOctets)
            if likely != word, var found = chunk(bytes, word: likely, count: count, mends: false) {
                found.check = .mended
                return found
            }
        }
        return nil
    }

    private static func chunk(
        _ bytes: RawSpan,
        word: UInt32,
        count: Int,
        mends: Bool
    ) -> (octets: [UInt8], length: Int, check: CheckedChunk)? {
        let stored = Int(word & 0xFF_FFFF)
        guard stored > 0, stored <= ChunkLayout.chunkOctets, stored <= bytes.byteCount - ChunkLayout.frameOctets else {
            return nil
        }
        let length = ChunkLayout.frameOctets + stored
        let octets = bytes.extracting(ChunkLayout.frameOctets..<length)
        let difference = ChunkLayout.checksum(word: word, octets) ^ bytes.littleEndian32(at: 4)
        if difference == 0 { return unpack(octets, word, count).map { ($0, length, .whole) } }
        guard mends || difference.nonzeroBitCount == 1 else { return nil }
        switch SingleBit.find(difference: difference, octets: 4 + stored) {
        case .sum: return unpack(octets, word, count).map { ($0, length, .mended) }
        case .bit(let octet, let mask) where octet >= 4:
            var right = unsafe octets.withUnsafeBytes { unsafe Array($0) }
            right[octet - 4] ^= mask
            return unsafe unpack(right.span.bytes, word, count).map { ($0, length, .mended) }
        default: return nil
        }
    }

    private static func unpack(_ octets: RawSpan, _ word: UInt32, _ count: Int) -> [UInt8]? {
        switch word >> 24 {
        case ChunkLayout.rawEncoding where octets.byteCount == count:
            unsafe octets.withUnsafeBytes { unsafe Array($0) }
        case zstdEncoding: Zstd.decompress(octets, count: count)
        default: nil
        }
    }

    /// Whether everything verifies in a stored body of `length` octets: both tables, and the sum of every chunk.
    static func verifies(_ stored: [UInt8], length: UInt64) -> Bool {
        let chunks = Int(ChunkLayout.chunkCount(of: length))
        let bytes = unsafe stored.span.bytes
        let table = Int(tableOctets(of: length))
        guard isPossible(length: length, stored: UInt64(stored.count)) else { return false }
        var (place, offsets) = (table, [UInt32]())
        for number in 0..<chunks {
            if number > 0 { offsets.append(UInt32(truncatingIfNeeded: place - table)) }
            guard place <= stored.count - table - ChunkLayout.frameOctets else { return false }
            let word = bytes.littleEndian32(at: place)
            let end = place + ChunkLayout.frameOctets + Int(word & 0xFF_FFFF)
            guard end <= stored.count - table,
                ChunkLayout.checksum(word: word, bytes.extracting((place + ChunkLayout.frameOctets)..<end))
                    == bytes.littleEndian32(at: place + 4)
            else { return false }
            place = end
        }
        let index = Self.table(offsets)
        return place == stored.count - table && stored[..<table].elementsEqual(index)
            && stored[place...].elementsEqual(index)
    }
}
