// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import ByteTools
internal import Glibc

/// The pieces of one gathering write.
///
/// Small things are copied side by side into one buffer that is kept from commit to commit; the octets of large chunks
/// are named where they are.
@safe
final class WriteGather {
    /// Chunks below this are copied: cheaper than one more piece for the kernel.
    private static let copyBelow = 16 * 1024

    /// What one call takes (IOV_MAX).
    private static let maximumPieces = 1024

    private var buffer: UnsafeMutableRawPointer
    private var capacity: Int
    private var used = 0
    private var runStart = 0
    private var pieces: [iovec] = unsafe []
    private(set) var octets: UInt64 = 0

    init() {
        capacity = 256 * 1024
        unsafe buffer = .allocate(byteCount: capacity, alignment: 16)
    }

    deinit { unsafe buffer.deallocate() }

    /// Begins anew.
    ///
    /// `small` bounds what `add(_ bytes:)` and copied chunks will take in all.
    func reset(small: Int) {
        (used, runStart, octets) = (0, 0, 0)
        unsafe pieces.removeAll(keepingCapacity: true)
        guard small > capacity || (capacity > 4 << 20 && small < 1 << 20) else { return }
        unsafe buffer.deallocate()
        capacity = max(256 * 1024, small)
        unsafe buffer = .allocate(byteCount: capacity, alignment: 16)
    }

    /// Octets of the small buffer that a record takes at most.
    static func smallOctets(of prepared: PreparedAppend.Record) -> Int {
        var frames = ChunkLayout.frameOctets
        if case .block(_, let sums) = prepared.body { frames += sums.count * ChunkLayout.frameOctets }
        return RecordHeader.size + prepared.metadata.count + frames + copyBelow
    }

    func add(_ bytes: [UInt8]) {
        unsafe bytes.withUnsafeBytes { unsafe copy($0) }
    }

    func addFrame(word: UInt32, checksum: UInt32) {
        var frame = (word.littleEndian, checksum.littleEndian)
        unsafe withUnsafeBytes(of: &frame) { unsafe copy($0) }
    }

    /// Adds octets of a block, which must live until the write is done.
    func add(_ block: OctetBlock, from offset: Int, count: Int) {
        precondition(offset >= 0 && count >= 0 && offset + count <= block.count)
        let start = unsafe block.address + offset
        if count < Self.copyBelow { return unsafe copy(UnsafeRawBufferPointer(start: start, count: count)) }
        endRun()
        unsafe pieces.append(iovec(iov_base: start, iov_len: count))
        octets += UInt64(count)
    }

    private func copy(_ source: UnsafeRawBufferPointer) {
        precondition(source.count <= capacity - used, "the gather buffer was sized too small")
        guard let start = source.baseAddress else { return }
        unsafe (buffer + used).copyMemory(from: start, byteCount: source.count)
        used += source.count
        octets += UInt64(source.count)
    }

    private func endRun() {
        guard used > runStart else { return }
        unsafe pieces.append(iovec(iov_base: buffer + runStart, iov_len: used - runStart))
        runStart = used
    }

    /// Writes everything at `offset`, however many calls that takes.
    func write(to descriptor: Int32, at offset: UInt64, faults: JournalFaults?) throws(JournalError) {
        endRun()
        var position = offset
        var first = 0
        while unsafe first < pieces.count {
            let count = unsafe min(pieces.count - first, Self.maximumPieces)
            let written = unsafe try pieces.withUnsafeBufferPointer { all throws(JournalError) in
                let part = unsafe UnsafeBufferPointer(rebasing: all[first..<(first + count)])
                return unsafe try Self.writeOnce(descriptor, part, at: position, faults: faults)
            }
            position += UInt64(written)
            first = advance(first, by: written)
        }
    }

    private static func writeOnce(
        _ descriptor: Int32,
        _ part: UnsafeBufferPointer<iovec>,
        at position: UInt64,
        faults: JournalFaults?
    ) throws(JournalError) -> Int {
        if let faults {
            let wanted = unsafe part.reduce(0) { unsafe $0 + $1.iov_len }
            switch faults.write(wanted) {
            case .failure(let fault): throw .from(fault.errno, "pwritev")
            case .success(let taken) where taken < wanted:
                guard let head = unsafe part.first else { return 0 }
                let result = unsafe pwrite(
                    descriptor,
                    head.iov_base,
                    min(max(1, taken), head.iov_len),
                    off_t(clamping: position)
                )
                return try checked(result)
            case .success: break
            }
        }
        while true {
            let result = unsafe pwritev(
                descriptor,
                part.baseAddress,
                Int32(clamping: part.count),
                off_t(clamping: position)
            )
            if result < 0, errno == EINTR { continue }
            return try checked(result)
        }
    }

    private static func checked(_ result: Int) throws(JournalError) -> Int {
        guard result >= 0 else { throw .last("pwritev") }
        // A regular file that takes nothing has no room.
        guard result > 0 else { throw .full(errno: ENOSPC) }
        return result
    }

    /// The first piece that is not wholly written, cut to what is left of it.
    private func advance(_ first: Int, by written: Int) -> Int {
        var (index, left) = (first, written)
        while unsafe index < pieces.count {
            let length = unsafe pieces[index].iov_len
            guard left >= length else { break }
            left -= length
            index += 1
        }
        if left > 0, unsafe index < pieces.count {
            unsafe pieces[index].iov_base = unsafe pieces[index].iov_base.map { unsafe $0 + left }
            unsafe pieces[index].iov_len -= left
        }
        return index
    }
}
