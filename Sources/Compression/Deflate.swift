// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import CZlib
internal import Locking

/// DEFLATE (RFC 1951) for streams between two peers, flushed so that each piece can be read when it has come.
package enum Deflate {
    /// Quick: what a server sends is text, and is read at once.
    private static let level: Int32 = 3

    private static let idle = Lock<[Compressor]>([])
    /// Few threads compress at once; 260 kB each.
    private static let maximumIdle = 8

    /// The next octets of a stream that says `bytes` next.
    ///
    /// No piece refers to one before, so that a stream that waits costs no memory. `nil` when there is none.
    package static func compress(_ bytes: [UInt8]) -> [UInt8]? {
        guard !bytes.isEmpty else { return [] }
        guard let compressor = idle.withLock({ $0.popLast() }) ?? Compressor(level) else { return nil }
        let compressed = compressor.compress(bytes)
        idle.withLock { idle in
            if idle.count < maximumIdle { idle.append(compressor) }
        }
        return compressed
    }

    /// One that is used again and again, by one thread at a time.
    @safe
    private final class Compressor: @unchecked Sendable {
        // Safe to share: whoever took it off the list of idle ones is the only one to know it.
        private let stream: UnsafeMutablePointer<z_stream>

        init?(_ level: Int32) {
            unsafe stream = .allocate(capacity: 1)
            guard unsafe CZlib_deflateInit(stream, level) == Z_OK else {
                unsafe stream.deallocate()
                return nil
            }
        }

        deinit {
            unsafe deflateEnd(stream)
            unsafe stream.deallocate()
        }

        func compress(_ bytes: [UInt8]) -> [UInt8]? {
            guard unsafe deflateReset(stream) == Z_OK else { return nil }
            // The bound is for a stream with its end; a flush takes six octets at most beyond it.
            let capacity = unsafe Int(deflateBound(stream, UInt(bytes.count))) + 16
            var isDone = false
            let compressed = unsafe [UInt8](unsafeUninitializedCapacity: capacity) { target, count in
                unsafe bytes.withUnsafeBufferPointer { source in
                    unsafe stream.pointee.next_in = UnsafeMutablePointer(mutating: source.baseAddress)
                    unsafe stream.pointee.avail_in = UInt32(clamping: source.count)
                    unsafe stream.pointee.next_out = target.baseAddress
                    unsafe stream.pointee.avail_out = UInt32(clamping: capacity)
                    let result = unsafe deflate(stream, Z_SYNC_FLUSH)
                    isDone = unsafe result == Z_OK && stream.pointee.avail_in == 0
                    count = unsafe capacity - Int(stream.pointee.avail_out)
                }
            }
            return isDone ? compressed : nil
        }
    }
}

/// Reads a stream of DEFLATE that comes in pieces: any octets give what they stand for, or an error.
///
/// Used by one task at a time. 45 kB.
@safe
package final class Inflater {
    /// The octets are no DEFLATE, or the stream has ended.
    package struct Failure: Error {
        package init() {}
    }

    private let stream: UnsafeMutablePointer<z_stream>
    /// What came and was not read yet.
    private var pending: [UInt8] = []
    private var start = 0
    /// The last read filled all it was given: there may be more without more input.
    private var mayHoldMore = false
    private var hasEnded = false
    /// The last four octets that were taken.
    private var lastTaken: UInt32 = 0
    /// Length and complement of an empty stored block (RFC 1951 §3.2.4).
    private static let endOfFlush: UInt32 = 0x0000_FFFF
    /// All that was read so far ends where the peer flushed, at an octet of its own, or where its stream ended: what it
    /// sends next need not be compressed.
    package private(set) var isAtBoundary = false

    /// `nil` when there is no memory for it.
    package init?() {
        unsafe stream = .allocate(capacity: 1)
        guard unsafe CZlib_inflateInit(stream) == Z_OK else {
            unsafe stream.deallocate()
            return nil
        }
    }

    deinit {
        unsafe inflateEnd(stream)
        unsafe stream.deallocate()
    }

    /// Whether a read may give something.
    package var hasPending: Bool { start < pending.count || mayHoldMore }

    /// Takes what came; the caller reads before it takes more.
    package func add(_ octets: UnsafeRawBufferPointer) {
        if start == pending.count { (pending, start) = ([], 0) }
        unsafe pending.append(contentsOf: octets)
    }

    /// Takes what came and belongs to no more of the stream than was read.
    package func takePending() -> [UInt8] {
        defer { (pending, start, mayHoldMore) = ([], 0, false) }
        return Array(pending[start...])
    }

    /// At most `maximum` octets of what was compressed, up to where the peer flushed; empty when more has to come first.
    ///
    /// - Parameter stopsAtBoundary: whether to read on behind a flush is wrong even when nothing was given yet.
    package func read(maximum: Int, stopsAtBoundary: Bool = false) throws(Failure) -> [UInt8] {
        // Nothing can follow the end of the stream.
        guard !hasEnded else { throw Failure() }
        guard hasPending, maximum > 0 else { return [] }
        var result = Z_OK
        let octets = unsafe [UInt8](unsafeUninitializedCapacity: maximum) { target, count in
            unsafe pending.withUnsafeBufferPointer { source in
                let left = source.count - start
                unsafe stream.pointee.next_in = source.baseAddress.map {
                    unsafe UnsafeMutablePointer(mutating: $0 + start)
                }
                unsafe stream.pointee.avail_in = UInt32(clamping: left)
                unsafe stream.pointee.next_out = target.baseAddress
                unsafe stream.pointee.avail_out = UInt32(clamping: maximum)
                result = inflateToBoundary(stopsAtBoundary)
                start += unsafe left - Int(stream.pointee.avail_in)
                count = unsafe maximum - Int(stream.pointee.avail_out)
            }
        }
        mayHoldMore = octets.count == maximum
        hasEnded = result == Z_STREAM_END
        // Z_BUF_ERROR says that more has to come.
        guard hasEnded || result == Z_OK || result == Z_BUF_ERROR else { throw Failure() }
        return octets
    }

    /// Remembers the last four octets that were taken, of which there were `before` at hand.
    private func noteTaken(_ before: UInt32) {
        let taken = unsafe Int(before - stream.pointee.avail_in)
        guard taken > 0, let next = unsafe stream.pointee.next_in else { return }
        for distance in stride(from: min(4, taken), to: 0, by: -1) {
            lastTaken = unsafe lastTaken << 8 | UInt32(next[-distance])
        }
    }

    /// Goes on until what it gives is full, nothing is left, or something was given and the peer has flushed behind it.
    private func inflateToBoundary(_ stopsAtBoundary: Bool) -> Int32 {
        let room = unsafe stream.pointee.avail_out
        while true {
            let before = unsafe stream.pointee.avail_in
            let result = unsafe inflate(stream, Z_BLOCK)
            noteTaken(before)
            // Between two blocks, with no bits of an octet left over, behind the empty block that a flush makes: any
            // other block may end at an octet of its own, too.
            let isBetween = unsafe stream.pointee.data_type & 0x87 == 0x80
            isAtBoundary = result == Z_STREAM_END || isBetween && lastTaken == Self.endOfFlush
            // The last block is over, and the next call says so.
            let isLast = unsafe result == Z_OK && stream.pointee.data_type & 0xC0 == 0xC0
            if isLast { continue }
            let (left, out) = unsafe (stream.pointee.avail_in, stream.pointee.avail_out)
            let mayGoOn = !isAtBoundary || out == room && !stopsAtBoundary
            guard result == Z_OK, left > 0, out > 0, mayGoOn else { return result }
        }
    }
}
