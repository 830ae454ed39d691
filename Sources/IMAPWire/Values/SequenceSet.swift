// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import ByteTools

/// A set of sequence numbers or UIDs as a client writes it (RFC 9051 §9 "sequence-set").
package struct SequenceSet: Hashable, Sendable {
    package enum Number: Hashable, Sendable {
        case value(UInt32)
        /// `*`: the largest number in use.
        case largest
    }

    package struct Range: Hashable, Sendable {
        package var first: Number
        /// Equal to `first` for a single number.
        ///
        /// The two may be in either order.
        package var last: Number

        package init(_ first: Number, _ last: Number) {
            self.first = first
            self.last = last
        }
    }

    /// Empty for the saved result.
    package var ranges: [Range]
    /// `$`: what the last SEARCH with the option SAVE found (RFC 5182 §2).
    package private(set) var isSavedResult = false

    package init(_ ranges: [Range]) { self.ranges = ranges }

    package static let savedResult: SequenceSet = {
        var set = SequenceSet([])
        set.isSavedResult = true
        return set
    }()

    /// The numbers, with `*` as `largest`: ascending, disjoint, non-adjacent.
    ///
    /// Numbers beyond `largest` stay.
    package func resolved(largest: UInt32) -> [ClosedRange<UInt32>] {
        let bounds = ranges.map { range in
            let (a, b) = (range.first.value(largest), range.last.value(largest))
            return min(a, b)...max(a, b)
        }
        var joined: [ClosedRange<UInt32>] = []
        for next in bounds.sorted(by: { $0.lowerBound < $1.lowerBound }) {
            guard let last = joined.last, last.upperBound == .max || next.lowerBound <= last.upperBound + 1 else {
                joined.append(next)
                continue
            }
            joined[joined.count - 1] = last.lowerBound...max(last.upperBound, next.upperBound)
        }
        return joined
    }
}

extension SequenceSet.Number {
    fileprivate func value(_ largest: UInt32) -> UInt32 {
        switch self {
        case .value(let value): value
        case .largest: largest
        }
    }
}

extension WireScanner {
    // sequence-set = (seq-number / seq-range) ["," sequence-set] / seq-last-command; seq-last-command = "$"
    // RFC 9051 §9
    package mutating func sequenceSet() throws(IMAPSyntaxError) -> SequenceSet {
        if accept(0x24) { return .savedResult }
        var ranges = [try sequenceRange()]
        while accept(0x2C) { ranges.append(try sequenceRange()) }
        return SequenceSet(ranges)
    }

    // seq-range = seq-number ":" seq-number
    private mutating func sequenceRange() throws(IMAPSyntaxError) -> SequenceSet.Range {
        let first = try sequenceNumber()
        return SequenceSet.Range(first, accept(0x3A) ? try sequenceNumber() : first)
    }

    // seq-number = nz-number / "*"
    private mutating func sequenceNumber() throws(IMAPSyntaxError) -> SequenceSet.Number {
        accept(0x2A) ? .largest : .value(try positiveNumber("a message number above 0, or \"*\""))
    }

    /// Whether a sequence set may begin here.
    package var isAtSequenceSet: Bool { peek().map { ASCII.isDigit($0) || $0 == 0x2A || $0 == 0x24 } ?? false }
}

extension WireEncoder {
    package mutating func sequenceSet(_ set: SequenceSet) {
        if set.isSavedResult { raw("$") }
        for (index, range) in set.ranges.enumerated() {
            if index > 0 { raw(",") }
            sequenceNumber(range.first)
            guard range.first != range.last else { continue }
            raw(":")
            sequenceNumber(range.last)
        }
    }

    private mutating func sequenceNumber(_ number: SequenceSet.Number) {
        switch number {
        case .value(let value): self.number(value)
        case .largest: raw("*")
        }
    }
}
