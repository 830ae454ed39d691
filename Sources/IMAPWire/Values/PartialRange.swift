// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

/// Some results of many, by their places: from the first on, or from the last back (RFC 9394 §3.1).
package struct PartialRange: Hashable, Sendable {
    /// Counted from 1; the two may be in either order.
    package var first: UInt32
    package var last: UInt32
    /// `-1` is the last result, `-2` the one before.
    package var isFromEnd: Bool

    package init(_ first: UInt32, _ last: UInt32, isFromEnd: Bool = false) {
        self.first = first
        self.last = last
        self.isFromEnd = isFromEnd
    }

    /// The places, from 0, of those that there are of `count` results.
    package func places(of count: Int) -> Range<Int> {
        let (low, high) = (Int(min(first, last)), Int(max(first, last)))
        let places = isFromEnd ? count - high..<count - low + 1 : low - 1..<high
        return places.clamped(to: 0..<count)
    }
}

extension WireScanner {
    // partial-range = partial-range-first / partial-range-last
    // partial-range-first = nz-number ":" nz-number; partial-range-last = MINUS nz-number ":" MINUS nz-number
    // RFC 9394 §4
    package mutating func partialRange() throws(IMAPSyntaxError) -> PartialRange {
        let isFromEnd = accept(0x2D)
        let first = try positiveNumber("a place above 0")
        try expect(0x3A, "\":\"")
        if isFromEnd { try expect(0x2D, "\"-\"") }
        return PartialRange(first, try positiveNumber("a place above 0"), isFromEnd: isFromEnd)
    }
}

extension WireEncoder {
    package mutating func partialRange(_ range: PartialRange) {
        if range.isFromEnd { raw("-") }
        number(range.first)
        raw(range.isFromEnd ? ":-" : ":")
        number(range.last)
    }
}
