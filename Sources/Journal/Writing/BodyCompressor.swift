// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import ByteTools
internal import Compression

/// Brings a body into the compressed layout, when that saves at least an eighth of it.
///
/// A body of more than four chunks is sampled first, so that one that would not become smaller costs three chunks' work.
/// Any thread that may be busy for a while; `read` may block.
struct BodyCompressor {
    typealias Source = (_ offset: UInt64, _ count: Int) throws(JournalError) -> [UInt8]

    private static let sampledAbove = 4
    private static let unit = UInt64(ChunkLayout.chunkOctets)
    let length: UInt64
    private let chunks: UInt64
    private let table: UInt64

    /// `nil` when the body is of a length that is never compressed.
    init?(length: UInt64) {
        guard length > 64, length <= CompressedLayout.maximumLength else { return nil }
        self.length = length
        chunks = ChunkLayout.chunkCount(of: length)
        table = CompressedLayout.tableOctets(of: length)
    }

    /// The body as it goes on disk, in memory; `nil` when it would not become smaller.
    func inMemory(_ read: Source) throws(JournalError) -> OctetBlock? {
        guard try isPromising(read) else { return nil }
        var frames: [[UInt8]] = []
        let data = try compress(read) { frame, _ in frames.append(frame) }
        guard let data else { return nil }
        let block = OctetBlock(reserving: Int(2 * table + data.length))
        let index = CompressedLayout.table(data.offsets)
        block.append(index)
        for frame in frames { block.append(frame) }
        block.append(index)
        return block
    }

    /// As `inMemory`, into a file.
    func inFile(of directory: String, _ read: Source) throws(JournalError) -> BodyFile? {
        guard try isPromising(read) else { return nil }
        let file = try TemporaryFile(in: directory)
        let data = try compress(read) { frame, offset throws(JournalError) in
            try file.write(frame, at: table + offset)
        }
        guard let data else { return nil }
        let index = CompressedLayout.table(data.offsets)
        try file.write(index, at: 0)
        try file.write(index, at: table + data.length)
        return BodyFile(descriptor: file.descriptor, count: 2 * table + data.length, owner: file)
    }

    private func range(of chunk: UInt64) -> (start: UInt64, count: Int) {
        (chunk * Self.unit, Int(min(Self.unit, length - chunk * Self.unit)))
    }

    private func frame(_ chunk: UInt64, _ read: Source) throws(JournalError) -> [UInt8] {
        let (start, count) = range(of: chunk)
        let octets = try read(start, count)
        return unsafe CompressedLayout.frame(octets.span.bytes)
    }

    private func isPromising(_ read: Source) throws(JournalError) -> Bool {
        guard chunks > Self.sampledAbove else { return true }
        var (raw, packed) = (0, 0)
        for chunk in [0, chunks / 2, chunks - 2] {
            raw += range(of: chunk).count
            packed += try frame(chunk, read).count
        }
        return packed < raw - raw / 8
    }

    /// `nil` as soon as it is certain that it does not become smaller.
    private func compress(
        _ read: Source,
        _ take: (_ frame: [UInt8], _ offset: UInt64) throws(JournalError) -> Void
    ) throws(JournalError) -> (offsets: [UInt32], length: UInt64)? {
        let most = length - length / 8
        guard most > 2 * table else { return nil }
        var offsets: [UInt32] = []
        offsets.reserveCapacity(Int(chunks))
        var end: UInt64 = 0
        for chunk in 0..<chunks {
            if chunk > 0 { offsets.append(UInt32(truncatingIfNeeded: end)) }
            let frame = try frame(chunk, read)
            try take(frame, end)
            end += UInt64(frame.count)
            guard end <= most - 2 * table else { return nil }
        }
        return (offsets, end)
    }
}
