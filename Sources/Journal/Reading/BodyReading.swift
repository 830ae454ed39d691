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
        fileOffset = address.record.offset + UInt64(address.preamble) + first * ChunkLayout.stride
        let frames = ChunkLayout.chunkCount(of: UInt64(chunks.count)) * UInt64(ChunkLayout.frameOctets)
        fileCount = chunks.count + Int(frames)
    }

    /// Checks the chunks in `stored` (as many octets as could be read) and takes their frames out, in place.
    func unframe(_ stored: inout [UInt8]) -> [Range<UInt64>] {
        var lost: [Range<UInt64>] = []
        if stored.count < fileCount { stored += [UInt8](repeating: 0, count: fileCount - stored.count) }
        var (from, to) = (0, 0)
        while to < chunks.count {
            let count = min(ChunkLayout.chunkOctets, chunks.count - to)
            let data = from + ChunkLayout.frameOctets
            if unsafe !Self.verifies(stored.span.bytes, frameAt: from, count: count) {
                let start = chunks.lowerBound + UInt64(to)
                lost.append(start..<(start + UInt64(count)))
                stored.replaceSubrange(data..<(data + count), with: repeatElement(0, count: count))
            }
            unsafe stored.withUnsafeMutableBytes { bytes in
                guard let base = bytes.baseAddress else { return }
                unsafe memmove(base + to, base + data, count)
            }
            (from, to) = (data + count, to + count)
        }
        stored.removeLast(stored.count - to)
        return lost
    }

    static func verifies(_ stored: RawSpan, frameAt offset: Int, count: Int) -> Bool {
        let word = ChunkLayout.frameWord(count: count)
        let data = offset + ChunkLayout.frameOctets
        return stored.littleEndian32(at: offset) == word
            && stored.littleEndian32(at: offset + 4)
                == ChunkLayout.checksum(word: word, stored.extracting(data..<(data + count)))
    }
}

extension Journal {
    /// Octets `range` (cut to the body) of a body; damage does not throw, it is zeroed and named.
    ///
    /// Only the chunks that hold the range are read and checked, so ranges on multiples of 64 KiB cost least. For any
    /// task: from the page cache at once, else on a blocking thread.
    package func read(_ address: BodyAddress, _ range: Range<UInt64>) async throws(JournalError) -> BodyOctets {
        let wanted = range.clamped(to: 0..<address.length)
        guard !wanted.isEmpty, address.length <= 1 << 48, wanted.count <= 1 << 40 else {
            return BodyOctets(bytes: [], lost: [])
        }
        let span = ChunkSpan(address, wanted)
        if let file = try segments.fileIfThere(address.record.segment),
            var stored = try? file.readCached(span.fileCount, at: span.fileOffset), stored.count == span.fileCount
        {
            let lost = span.unframe(&stored)
            return Self.cut(stored, lost, span, to: wanted)
        }
        let outcome = await BlockingPool.shared.run { [segments] () -> Result<BodyOctets, JournalError> in
            do throws(JournalError) {
                var stored = try segments.stored(span, of: address)
                let lost = span.unframe(&stored)
                return .success(Self.cut(stored, lost, span, to: wanted))
            } catch {
                return .failure(error)
            }
        }
        return try outcome.get()
    }

    private static func cut(
        _ bytes: [UInt8],
        _ lost: [Range<UInt64>],
        _ span: ChunkSpan,
        to wanted: Range<UInt64>
    ) -> BodyOctets {
        guard span.chunks != wanted else { return BodyOctets(bytes: bytes, lost: lost) }
        let first = Int(wanted.lowerBound - span.chunks.lowerBound)
        return BodyOctets(
            bytes: Array(bytes[first..<(first + wanted.count)]),
            lost: lost.map { $0.clamped(to: wanted) }.filter { !$0.isEmpty }
        )
    }
}

extension SegmentTable {
    /// The stored octets of a span.
    ///
    /// What is missing at the end, and chunks that the disk cannot read, are zero.
    func stored(_ span: ChunkSpan, of address: BodyAddress) throws(JournalError) -> [UInt8] {
        guard let file = try fileIfThere(address.record.segment) else { return [] }
        if let whole = try? file.read(span.fileCount, at: span.fileOffset) { return whole }
        var stored: [UInt8] = []
        while stored.count < span.fileCount {
            let count = min(Int(ChunkLayout.stride), span.fileCount - stored.count)
            let part = (try? file.read(count, at: span.fileOffset + UInt64(stored.count))) ?? []
            stored += part + [UInt8](repeating: 0, count: count - part.count)
        }
        return stored
    }

    /// Whether metadata and every chunk of a record verify.
    ///
    /// Blocks.
    func verifies(_ header: RecordHeader) -> Bool {
        guard let file = try? file(header.position.segment),
            let metadata = try? file.read(
                Int(header.metadataLength),
                at: header.position.offset + UInt64(RecordHeader.size)
            ),
            metadata.count == Int(header.metadataLength), CRC32C.of(metadata) == header.metadataCRC
        else { return false }
        let step = UInt64(16 * ChunkLayout.chunkOctets)
        var offset: UInt64 = 0
        while offset < header.bodyLength {
            let span = ChunkSpan(header.body, offset..<min(header.bodyLength, offset + step))
            guard var stored = try? stored(span, of: header.body), span.unframe(&stored).isEmpty else { return false }
            offset += step
        }
        return true
    }
}
