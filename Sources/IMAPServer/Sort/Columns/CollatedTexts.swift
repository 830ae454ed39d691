// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import ByteTools
internal import MessageFormat

/// Many collation keys, one behind the other, and their order: what is put in order once is put in order again by
/// comparing numbers.
struct CollatedTexts: Sendable {
    private var octets: [UInt8] = []
    /// Where each key ends in `octets`.
    private var ends: [Int] = []
    private var replies: [Bool] = []
    /// The rows that were put in order.
    private var order: [Int32] = []
    /// For each of them, how many different texts that are not empty come before it, or are it.
    private var ranks: [Int32] = []

    init() {}

    /// Texts of which nothing is known but their order: of each row its rank, and whether it is an answer's.
    init(ranks: [Int32], replies: [Bool]) {
        self.ranks = ranks
        self.replies = replies
    }

    /// Whether it was made of ranks, so that nothing can be added.
    var isClosed: Bool { ends.isEmpty && !ranks.isEmpty }

    /// Its ranks without the texts.
    ///
    /// - Precondition: `rank` was called since the last row came.
    var closed: CollatedTexts { CollatedTexts(ranks: ranks, replies: replies) }

    var memory: Int {
        octets.capacity + ends.capacity * 8 + replies.capacity + (order.capacity + ranks.capacity) * 4
    }

    func rank(of row: Int) -> Int32 { row < ranks.count ? ranks[row] : 0 }
    func isReply(_ row: Int) -> Bool { replies[row] }

    mutating func append(_ key: CollationKey, isReply: Bool = false) {
        octets += key.octets
        ends.append(octets.count)
        replies.append(isReply)
    }

    mutating func add(_ other: CollatedTexts) {
        let shift = octets.count
        octets += other.octets
        ends.reserveCapacity(ends.count + other.ends.count)
        for end in other.ends { ends.append(end + shift) }
        replies += other.replies
    }

    /// Gives every row its rank.
    mutating func rank() {
        guard ranks.count < ends.count else { return }
        let fresh = sorted(ranks.count..<ends.count)
        order = order.isEmpty ? fresh : merged(order, fresh)
        ranks = [Int32](repeating: 0, count: ends.count)
        var rank: Int32 = 0
        var last: Int?
        for row in order.lazy.map({ Int($0) }) {
            let isOther = last.map { compare($0, row) != 0 } ?? !place(row).isEmpty
            if isOther { rank += 1 }
            ranks[row] = rank
            last = row
        }
    }

    private func place(_ row: Int) -> Range<Int> { (row > 0 ? ends[row - 1] : 0)..<ends[row] }

    /// Less than 0 when the first comes first, greater when the second does.
    private func compare(_ first: Int, _ second: Int) -> Int {
        let (a, b) = (place(first), place(second))
        return unsafe octets.withUnsafeBytes { all in
            unsafe OctetOrder.compare(
                UnsafeRawBufferPointer(rebasing: all[a]),
                UnsafeRawBufferPointer(rebasing: all[b])
            )
        }
    }

    /// A row, and the beginning of its key as a number.
    private struct Begun {
        var start: UInt64
        var row: Int32
    }

    private func sorted(_ rows: Range<Int>) -> [Int32] {
        let shared = sharedOctets(rows)
        var begun = rows.map { Begun(start: start(of: $0, behind: shared), row: Int32(clamping: $0)) }
        begun.sort { a, b in
            if a.start != b.start { return a.start < b.start }
            let difference = compare(Int(a.row), Int(b.row))
            return difference == 0 ? a.row < b.row : difference < 0
        }
        return begun.map(\.row)
    }

    /// How many octets all keys begin with: often those of a ticket system, or of a sender's name.
    private func sharedOctets(_ rows: Range<Int>) -> Int {
        guard let first = rows.first.map(place) else { return 0 }
        var shared = first.count
        for row in rows.dropFirst() {
            let own = place(row)
            shared = min(shared, own.count)
            var same = 0
            while same < shared, octets[first.lowerBound + same] == octets[own.lowerBound + same] { same += 1 }
            shared = same
            if shared == 0 { break }
        }
        return shared
    }

    /// Eight octets of a key, the first one highest, and zero where it has no more: whose number is less comes first.
    private func start(of row: Int, behind shared: Int) -> UInt64 {
        let own = place(row)
        var number: UInt64 = 0
        for offset in shared..<shared + 8 {
            number = number << 8 | (offset < own.count ? UInt64(octets[own.lowerBound + offset]) : 0)
        }
        return number
    }

    private func merged(_ known: [Int32], _ fresh: [Int32]) -> [Int32] {
        var merged: [Int32] = []
        merged.reserveCapacity(known.count + fresh.count)
        var next = 0
        for row in fresh {
            // Among the known ones, the first that comes behind it.
            var (low, high) = (next, known.count)
            while low < high {
                let middle = (low + high) / 2
                if compare(Int(known[middle]), Int(row)) <= 0 { low = middle + 1 } else { high = middle }
            }
            merged += known[next..<low]
            merged.append(row)
            next = low
        }
        merged += known[next...]
        return merged
    }
}
