// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

/// Numbers ids, from 0: the same one gets the same number, however many messages name it.
///
/// Of an id 128 bits are kept that a keyed hash makes of it: an id may be long, and a mailbox name very many. That two ids
/// have the same is out of reach: hashes are seeded anew in every process, so that no sender can choose such ids.
struct MessageIDTable: Sendable {
    private struct Digest: Equatable {
        var first: UInt64
        var second: UInt64
    }

    private var digests: [Digest] = []
    /// Numbers by their digests, each at the first free place from there on; at most half of them are taken.
    private var slots: [Int32] = []

    private static let free: Int32 = -1

    var count: Int { digests.count }
    var memory: Int { digests.capacity * MemoryLayout<Digest>.stride + slots.capacity * 4 }

    /// The number of an id, which gets the next one when it has none.
    mutating func number(of id: ArraySlice<UInt8>) -> Int32 {
        number(of: Digest(first: Self.hash(id, 0), second: Self.hash(id, 1)))
    }

    /// For each id of another table the number that it has in this one.
    mutating func numbers(of other: MessageIDTable) -> [Int32] {
        var numbers: [Int32] = []
        numbers.reserveCapacity(other.count)
        for digest in other.digests { numbers.append(number(of: digest)) }
        return numbers
    }

    private static func hash(_ id: ArraySlice<UInt8>, _ half: UInt8) -> UInt64 {
        var hasher = Hasher()
        hasher.combine(half)
        unsafe id.withUnsafeBytes { unsafe hasher.combine(bytes: $0) }
        return UInt64(bitPattern: Int64(hasher.finalize()))
    }

    private mutating func number(of digest: Digest) -> Int32 {
        if digests.count * 2 >= slots.count { grow() }
        let slot = slot(of: digest)
        guard slots[slot] == Self.free else { return slots[slot] }
        let number = Int32(clamping: digests.count)
        slots[slot] = number
        digests.append(digest)
        return number
    }

    /// Where the number is, or would be.
    private func slot(of digest: Digest) -> Int {
        var slot = Int(truncatingIfNeeded: digest.first) & (slots.count - 1)
        while slots[slot] != Self.free, digests[Int(slots[slot])] != digest { slot = (slot + 1) & (slots.count - 1) }
        return slot
    }

    private mutating func grow() {
        slots = [Int32](repeating: Self.free, count: max(64, slots.count * 2))
        for (number, digest) in digests.enumerated() { slots[slot(of: digest)] = Int32(clamping: number) }
    }
}
