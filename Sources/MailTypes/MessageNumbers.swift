// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

/// A message's number in its mailbox: ascending, never used again (RFC 9051 §2.3.1.1).
///
/// Never 0.
public struct UID: Hashable, Sendable, Comparable, CustomStringConvertible {
    /// 1 to 2^32-1.
    public let rawValue: UInt32
    /// Takes any number: what reads numbers of others refuses 0.
    public init(_ rawValue: UInt32) { self.rawValue = rawValue }
    /// As it stands on the wire, in decimal.
    public var description: String { String(rawValue) }
    /// By number, which is the order of arrival in the mailbox.
    @inlinable public static func < (a: Self, b: Self) -> Bool { a.rawValue < b.rawValue }
}

/// The number that says which series of UIDs a mailbox is in (RFC 9051 §2.3.1.1).
///
/// Never 0.
public struct UIDValidity: Hashable, Sendable, CustomStringConvertible {
    /// 1 to 2^32-1.
    public let rawValue: UInt32
    /// Takes any number: what reads numbers of others refuses 0.
    public init(_ rawValue: UInt32) { self.rawValue = rawValue }
    /// As it stands on the wire, in decimal.
    public var description: String { String(rawValue) }
}

/// A message's position in a session's view of the mailbox, from 1 (RFC 9051 §2.3.1.2).
public struct SequenceNumber: Hashable, Sendable, Comparable, CustomStringConvertible {
    /// 1 to 2^32-1; changes when a message before it is expunged.
    public let rawValue: UInt32
    /// Takes any number: what reads numbers of others compares it with the messages there are.
    public init(_ rawValue: UInt32) { self.rawValue = rawValue }
    /// As it stands on the wire, in decimal.
    public var description: String { String(rawValue) }
    /// By position, in which UIDs ascend too.
    @inlinable public static func < (a: Self, b: Self) -> Bool { a.rawValue < b.rawValue }
}

/// A mod-sequence: 1 to 2^63-1, ascending over an account (RFC 7162 §3.1).
public struct ModSeq: Hashable, Sendable, Comparable, CustomStringConvertible {
    /// 0 for `zero`, else 1 to 2^63-1.
    public let rawValue: UInt64
    /// Takes any number: what reads numbers of others refuses those above 2^63-1.
    public init(_ rawValue: UInt64) { self.rawValue = rawValue }
    /// Before every change: less than the mod-sequence of any message.
    public static let zero = ModSeq(0)
    /// As it stands on the wire, in decimal.
    public var description: String { String(rawValue) }
    /// The lesser was given earlier.
    @inlinable public static func < (a: Self, b: Self) -> Bool { a.rawValue < b.rawValue }
}

/// A set of UIDs as ascending, disjoint, non-adjacent closed ranges.
public struct UIDSet: Hashable, Sendable {
    /// UIDs as bare numbers; no two ranges touch, so that equal sets have equal ranges.
    public private(set) var ranges: [ClosedRange<UInt32>]

    /// The empty set.
    public init() { ranges = [] }

    /// Any ranges in any order; overlapping and adjacent ones are joined.
    public init(_ unordered: [ClosedRange<UInt32>]) {
        ranges = []
        for range in unordered.sorted(by: { $0.lowerBound < $1.lowerBound }) { appendAscending(range) }
    }

    /// UIDs in ascending order; O(UIDs).
    ///
    /// Inlined, since mailboxes of 100,000 messages are walked by it on a loop that serves others too: as a generic
    /// function, most of its time is spent on finding out what to call.
    @inlinable
    public init(ascending uids: some Sequence<UID>) {
        self.init()
        var open: ClosedRange<UInt32>?
        for uid in uids {
            if let range = open, range.upperBound < .max, uid.rawValue == range.upperBound + 1 {
                open = range.lowerBound...uid.rawValue
            } else {
                if let range = open { appendAscending(range) }
                open = uid.rawValue...uid.rawValue
            }
        }
        if let range = open { appendAscending(range) }
    }

    /// Whether it holds no UID; O(1).
    public var isEmpty: Bool { ranges.isEmpty }

    /// How many UIDs; O(ranges).
    public var count: Int { ranges.reduce(0) { $0 + $1.count } }

    /// Adds a range that begins at or after the start of the last one.
    public mutating func appendAscending(_ range: ClosedRange<UInt32>) {
        guard let last = ranges.last else { return ranges.append(range) }
        let touches = last.upperBound == .max || range.lowerBound <= last.upperBound + 1
        guard touches else { return ranges.append(range) }
        ranges[ranges.count - 1] = min(last.lowerBound, range.lowerBound)...max(last.upperBound, range.upperBound)
    }

    /// Adds one UID.
    ///
    /// O(1) unless it is less than all of the last range: the ranges are then sorted anew.
    public mutating func insert(_ uid: UID) {
        if let last = ranges.last, uid.rawValue < last.lowerBound {
            self = UIDSet(ranges + [uid.rawValue...uid.rawValue])
        } else {
            appendAscending(uid.rawValue...uid.rawValue)
        }
    }

    /// Adds all of `other`; sorts the ranges of both.
    public mutating func formUnion(_ other: UIDSet) { self = UIDSet(ranges + other.ranges) }

    /// Those that are in both; O(ranges of both).
    public func intersection(_ other: UIDSet) -> UIDSet {
        var common = UIDSet()
        var (mine, theirs) = (0, 0)
        while mine < ranges.count, theirs < other.ranges.count {
            let (a, b) = (ranges[mine], other.ranges[theirs])
            let (lower, upper) = (max(a.lowerBound, b.lowerBound), min(a.upperBound, b.upperBound))
            if lower <= upper { common.appendAscending(lower...upper) }
            if a.upperBound < b.upperBound { mine += 1 } else { theirs += 1 }
        }
        return common
    }

    /// Those that are not in `other`; O(ranges of both).
    public func subtracting(_ other: UIDSet) -> UIDSet {
        var left = UIDSet()
        var place = 0
        for range in ranges {
            var next = UInt64(range.lowerBound)
            while place < other.ranges.count, other.ranges[place].upperBound < range.lowerBound { place += 1 }
            var gap = place
            while gap < other.ranges.count, other.ranges[gap].lowerBound <= range.upperBound {
                let hole = other.ranges[gap]
                if next < hole.lowerBound { left.appendAscending(UInt32(next)...(hole.lowerBound - 1)) }
                next = max(next, UInt64(hole.upperBound) + 1)
                gap += 1
            }
            if next <= range.upperBound { left.appendAscending(UInt32(next)...range.upperBound) }
        }
        return left
    }

    /// The `count` greatest, or all when there are no more; O(ranges).
    public func greatest(_ count: Int) -> UIDSet {
        var left = UInt64(clamping: count)
        var taken: [ClosedRange<UInt32>] = []
        for range in ranges.reversed() where left > 0 {
            let size = min(left, UInt64(range.upperBound - range.lowerBound) + 1)
            taken.append(range.upperBound - UInt32(size - 1)...range.upperBound)
            left -= size
        }
        return UIDSet(taken)
    }

    /// The least; `nil` when there is none.
    public var least: UID? { ranges.first.map { UID($0.lowerBound) } }

    /// Those that are not greater than `last`.
    public func upTo(_ last: UID) -> UIDSet {
        UIDSet(
            ranges.filter { $0.lowerBound <= last.rawValue }.map { $0.lowerBound...min($0.upperBound, last.rawValue) }
        )
    }

    /// O(log ranges).
    public func contains(_ uid: UID) -> Bool {
        var (low, high) = (0, ranges.count)
        while low < high {
            let middle = (low + high) / 2
            if ranges[middle].upperBound < uid.rawValue { low = middle + 1 } else { high = middle }
        }
        return low < ranges.count && ranges[low].contains(uid.rawValue)
    }

    /// Every UID in ascending order, made as it is read.
    public var uids: some Sequence<UID> & Sendable { AscendingUIDs(ranges: ranges[...]) }
}

/// The UIDs of some ranges, one after the other: a range may have more of them than there is memory for.
private struct AscendingUIDs: Sequence, IteratorProtocol, Sendable {
    var ranges: ArraySlice<ClosedRange<UInt32>>
    /// Of the next one in the first range.
    var offset: UInt32 = 0

    mutating func next() -> UID? {
        guard let range = ranges.first else { return nil }
        let uid = UID(range.lowerBound + offset)
        if uid.rawValue < range.upperBound {
            offset += 1
        } else {
            ranges.removeFirst()
            offset = 0
        }
        return uid
    }
}

extension UIDSet: CustomStringConvertible {
    /// The wire form, `1:3,7` (RFC 9051 §9 "sequence-set"); empty for the empty set, which has no wire form.
    public var description: String {
        ranges.map { $0.count == 1 ? "\($0.lowerBound)" : "\($0.lowerBound):\($0.upperBound)" }.joined(separator: ",")
    }
}
