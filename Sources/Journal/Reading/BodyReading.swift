// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import ByteTools
internal import Glibc
internal import Runtime

/// Which octets of a segment hold a range of a body.
struct ChunkSpan {
    /// Whole chunks: octets of the body.
    let chunks: Range<UInt64>
    let fileOffset: UInt64
    let fileCount: Int

    init(_ address: BodyAddress, _ range: Range<UInt64>) {
        let unit = UInt64(ChunkLayout.chunkOctets)
        let first = range.lowerBound / unit
        let end = min(address.length, ((range.upperBound + unit - 1) / unit) * unit)
        chunks = (first * unit)..<max(end, first * unit)
        fileOffset = address.bodyOffset + first * ChunkLayout.stride
        let frames = ChunkLayout.chunkCount(of: UInt64(chunks.count)) * UInt64(ChunkLayout.frameOctets)
        fileCount = chunks.count + Int(frames)
    }

    /// Checks the chunks in `stored` (as many octets as could be read) and takes their frames out, in place.
    ///
    /// With `mends`, a bit that is flipped in a chunk is put right.
    func unframe(_ stored: [UInt8], mends: Bool) -> BodyOctets {
        var octets = BodyOctets(bytes: stored, lost: [])
        if stored.count < fileCount { octets.bytes += [UInt8](repeating: 0, count: fileCount - stored.count) }
        var (from, to) = (0, 0)
        while to < chunks.count {
            let count = min(ChunkLayout.chunkOctets, chunks.count - to)
            let data = from + ChunkLayout.frameOctets
            let found = Self.check(&octets.bytes, frameAt: from, count: count, mends: mends)
            let start = chunks.lowerBound + UInt64(to)
            octets.append(found, start..<(start + UInt64(count)))
            if found == .lost {
                octets.bytes.replaceSubrange(data..<(data + count), with: repeatElement(0, count: count))
            }
            unsafe octets.bytes.withUnsafeMutableBytes { bytes in
                guard let base = bytes.baseAddress else { return }
                unsafe memmove(base + to, base + data, count)
            }
            (from, to) = (data + count, to + count)
        }
        octets.bytes.removeLast(octets.bytes.count - to)
        return octets
    }

    /// Checks a chunk of known length; a damaged frame before a whole chunk harms nothing.
    private static func check(
        _ stored: inout [UInt8],
        frameAt offset: Int,
        count: Int,
        mends: Bool
    ) -> CheckedChunk {
        let (isWordRight, difference) = unsafe compare(stored.span.bytes, frameAt: offset, count: count)
        if difference == 0 { return isWordRight ? .whole : .mended }
        guard isWordRight, mends || difference.nonzeroBitCount == 1 else { return .lost }
        switch SingleBit.find(difference: difference, octets: 4 + count) {
        case .sum: return .mended
        case .bit(let octet, let mask) where octet >= 4:
            stored[offset + ChunkLayout.frameOctets + octet - 4] ^= mask
            return .mended
        default: return .lost
        }
    }

    private static func compare(_ bytes: RawSpan, frameAt offset: Int, count: Int) -> (Bool, UInt32) {
        let word = ChunkLayout.frameWord(count: count)
        let data = offset + ChunkLayout.frameOctets
        let sum = ChunkLayout.checksum(word: word, bytes.extracting(data..<(data + count)))
        return (bytes.littleEndian32(at: offset) == word, sum ^ bytes.littleEndian32(at: offset + 4))
    }
}

extension Journal {
    /// Octets `range` (cut to the body) of a body; damage does not throw, it is zeroed and named.
    ///
    /// Only the chunks that hold the range are read and checked, so ranges on multiples of 64 KiB cost least. Throws
    /// `.lost` when the segment was removed. For any task: from the page cache at once, else on a blocking thread.
    ///
    /// With `mending`, a chunk that verifies with one bit flipped is not lost but mended. A chunk that is damaged in
    /// another way looks like that once in 8,000 times: the caller has another proof of the whole body (a SHA-256), or
    /// does not ask for it.
    package func read(
        _ address: BodyAddress,
        _ range: Range<UInt64>,
        mending: Bool = false
    ) async throws(JournalError) -> BodyOctets {
        let wanted = range.clamped(to: 0..<address.length)
        guard !wanted.isEmpty, ChunkSpan.isSane(address, wanted) else { return BodyOctets(bytes: [], lost: []) }
        if let cached = try segments.cachedOctets(address, wanted) { return cached }
        let outcome = await BlockingPool.shared.run { [segments] () -> Result<BodyOctets, JournalError> in
            Result { () throws(JournalError) in try segments.octets(address, wanted, mends: mending) }
        }
        return try outcome.get()
    }

    /// As `read`, for threads that may block.
    package func readBlocking(
        _ address: BodyAddress,
        _ range: Range<UInt64>,
        mending: Bool = false
    ) throws(JournalError) -> BodyOctets {
        let wanted = range.clamped(to: 0..<address.length)
        guard !wanted.isEmpty, ChunkSpan.isSane(address, wanted) else { return BodyOctets(bytes: [], lost: []) }
        return try segments.octets(address, wanted, mends: mending)
    }
}

extension ChunkSpan {
    /// Within what a record can have, so that no sum overflows.
    static func isSane(_ address: BodyAddress, _ wanted: Range<UInt64>) -> Bool {
        address.length <= 1 << 48 && wanted.count <= 1 << 40 && address.record.offset <= 1 << 56
    }

    /// The octets of `wanted` in `stored`.
    func octets(_ stored: [UInt8], of wanted: Range<UInt64>, mends: Bool) -> BodyOctets {
        var octets = unframe(stored, mends: mends)
        guard chunks != wanted else { return octets }
        let first = Int(wanted.lowerBound - chunks.lowerBound)
        octets.bytes = Array(octets.bytes[first..<(first + wanted.count)])
        octets.lost = octets.lost.map { $0.clamped(to: wanted) }.filter { !$0.isEmpty }
        octets.mended = octets.mended.map { $0.clamped(to: wanted) }.filter { !$0.isEmpty }
        return octets
    }
}

extension SegmentTable {
    /// Octets of a body that are in the page cache and verify; `nil` when the disk would have to be waited for, or
    /// something is wrong.
    func cachedOctets(_ address: BodyAddress, _ wanted: Range<UInt64>) throws(JournalError) -> BodyOctets? {
        guard let file = try fileIfThere(address.record.segment) else { throw .lost(address.record) }
        let found = SegmentReader(file: file, waits: false, mends: false).octets(address, wanted, storedLength: nil)
        return found.flatMap { $0.lost.isEmpty ? $0 : nil }
    }

    /// Octets of a body; what is lost is zero and named.
    ///
    /// Throws `.lost` when the segment is not there. Blocks.
    func octets(
        _ address: BodyAddress,
        _ wanted: Range<UInt64>,
        mends: Bool = false
    ) throws(JournalError) -> BodyOctets {
        guard let file = try fileIfThere(address.record.segment) else { throw .lost(address.record) }
        let reader = SegmentReader(file: file, waits: true, mends: mends)
        let found = reader.octets(address, wanted, storedLength: nil)
        if let found, found.lost.isEmpty { return found }
        // The address may not know that the body is compressed, and only the header knows where the second table is.
        if let header = try record(at: address.record)?.header, header.bodyLength == address.length,
            header.body != address || address.isCompressed,
            let again = reader.octets(header.body, wanted, storedLength: header.storedLength)
        {
            return again
        }
        return found ?? BodyOctets(bytes: [UInt8](repeating: 0, count: wanted.count), lost: [wanted])
    }

    /// As `octets`; throws `.lost` when any of them are.
    func wholeOctets(_ address: BodyAddress, _ wanted: Range<UInt64>) throws(JournalError) -> [UInt8] {
        guard wanted.upperBound <= address.length, ChunkSpan.isSane(address, wanted) else {
            throw .lost(address.record)
        }
        let found = try octets(address, wanted)
        guard found.lost.isEmpty else { throw .lost(address.record) }
        return found.bytes
    }
}
