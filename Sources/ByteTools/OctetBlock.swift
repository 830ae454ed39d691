// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import Glibc

/// Octets that stay at one address for as long as the block lives, so that a gathering write can name them without
/// copying.
///
/// Filled by one task, then shared and never changed again.
@safe
public final class OctetBlock: @unchecked Sendable {
    // Safe to share: written only by `append`, whose callers hold the block alone; after that it is read only.
    private var base: UnsafeMutableRawPointer
    private var capacity: Int
    /// How many octets were appended.
    public private(set) var count = 0

    /// An empty block with room for `capacity` octets, and 64 at least; it grows when they do not suffice.
    public init(reserving capacity: Int = 0) {
        self.capacity = max(64, capacity)
        unsafe base = .allocate(byteCount: self.capacity, alignment: 16)
    }

    /// A block with a copy of `bytes`.
    public convenience init(_ bytes: [UInt8]) {
        self.init(reserving: bytes.count)
        append(bytes)
    }

    deinit { unsafe base.deallocate() }

    /// Adds octets.
    ///
    /// Only before the block is shared.
    public func append(_ bytes: [UInt8]) {
        if bytes.count > capacity - count { grow(toHold: count + bytes.count) }
        unsafe bytes.withUnsafeBytes { source in
            guard let start = source.baseAddress else { return }
            unsafe (base + count).copyMemory(from: start, byteCount: source.count)
        }
        count += bytes.count
    }

    private func grow(toHold needed: Int) {
        capacity = max(needed, capacity * 2)
        let larger = UnsafeMutableRawPointer.allocate(byteCount: capacity, alignment: 16)
        unsafe larger.copyMemory(from: base, byteCount: count)
        unsafe base.deallocate()
        unsafe base = larger
    }

    /// The octets, for the time of the call.
    public func withBytes<Result, Failure: Error>(_ body: (RawSpan) throws(Failure) -> Result) throws(Failure)
        -> Result
    {
        try body(unsafe RawSpan(_unsafeStart: base, byteCount: count))
    }

    /// Where the octets are: valid while the block lives.
    @unsafe public var address: UnsafeMutableRawPointer { unsafe base }

    /// A copy of the octets; O(count).
    public var array: [UInt8] { unsafe Array(UnsafeRawBufferPointer(start: base, count: count)) }
}
