// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

/// A Bloom filter over the runs of three or of four octets of a text: what it does not have is not in the text.
///
/// Runs of four tell far more (in prose a rare word passes a tenth of the blocks by fours, and four tenths by threes);
/// threes are kept for what has no more than three octets. Two bits for each run, in a table that was made large and
/// then folded in halves while at most half of its bits were set.
package struct GramFilter: Sendable, Hashable {
    package enum Width: Int, Sendable { case three = 3, four = 4 }

    /// The largest table: 2 MiB, for the largest text.
    private static let maximumBits = 1 << 24
    private static let minimumBits = 1 << 9

    package let width: Width
    /// A power of two of bits; empty for a filter that everything passes.
    package let bytes: [UInt8]

    /// As it was written; `nil` for a length that none has.
    package init?(_ width: Width, reading bytes: [UInt8]) {
        let bits = bytes.count.multipliedReportingOverflow(by: 8).partialValue
        guard bits == 0 || (bits >= Self.minimumBits && bits <= Self.maximumBits && bits & (bits - 1) == 0) else {
            return nil
        }
        self.width = width
        self.bytes = bytes
    }

    /// Of the runs of a text; those with a mark in them are in nothing that is looked for, and left out.
    package init(_ width: Width, of text: [UInt8]) {
        self.width = width
        var bits = Self.minimumBits
        while bits < text.count.multipliedReportingOverflow(by: 4).partialValue, bits < Self.maximumBits { bits *= 2 }
        var table = [UInt8](repeating: 0, count: bits / 8)
        unsafe table.withUnsafeMutableBufferPointer { table in
            let mask = UInt32(bits - 1)
            unsafe text.withUnsafeBufferPointer { text in
                var (gram, length): (UInt32, Int) = (0, 0)
                for index in 0..<text.count {
                    let octet = unsafe text[index]
                    length = octet >= MessageText.firstMark ? 0 : length + 1
                    gram = gram << 8 | UInt32(octet)
                    guard length >= width.rawValue else { continue }
                    let (first, second) = Self.places(gram, width)
                    // In bounds: the mask keeps both below `bits`.
                    unsafe table[Int((first & mask) >> 3)] |= 1 << UInt8(truncatingIfNeeded: first & 7)
                    unsafe table[Int((second & mask) >> 3)] |= 1 << UInt8(truncatingIfNeeded: second & 7)
                }
            }
        }
        bytes = Self.folded(table)
    }

    /// False when the text has it nowhere.
    ///
    /// What is shorter than the runs passes.
    package func passes(_ needle: [UInt8]) -> Bool {
        guard !bytes.isEmpty, needle.count >= width.rawValue else { return true }
        let mask = UInt32(truncatingIfNeeded: bytes.count * 8 - 1)
        var gram: UInt32 = 0
        for (index, octet) in needle.enumerated() {
            gram = gram << 8 | UInt32(octet)
            guard index + 1 >= width.rawValue else { continue }
            let (first, second) = Self.places(gram, width)
            guard has(first & mask), has(second & mask) else { return false }
        }
        return true
    }

    /// The filter that is asked for a needle of this length; `nil` when none helps.
    package static func width(for count: Int) -> Width? { count > 3 ? .four : count == 3 ? .three : nil }

    private func has(_ place: UInt32) -> Bool { bytes[Int(place >> 3)] >> UInt8(place & 7) & 1 == 1 }

    @inline(__always)
    private static func places(_ gram: UInt32, _ width: Width) -> (UInt32, UInt32) {
        let run = width == .four ? gram : gram & 0xFF_FFFF
        let hash = UInt64(run) &* 0x9E37_79B9_7F4A_7C15
        return (UInt32(truncatingIfNeeded: hash >> 40), UInt32(truncatingIfNeeded: hash >> 16))
    }

    /// Half as large for as long as no more than half of the bits are set then; none when that was so at once.
    private static func folded(_ table: [UInt8]) -> [UInt8] {
        var table = table
        guard set(table[...]) * 2 <= table.count * 8 else { return [] }
        while table.count * 8 > minimumBits {
            let half = table.count / 2
            let folded = (0..<half).map { table[$0] | table[$0 + half] }
            guard set(folded[...]) * 2 <= half * 8 else { break }
            table = folded
        }
        return table
    }

    private static func set(_ table: ArraySlice<UInt8>) -> Int { table.reduce(0) { $0 + $1.nonzeroBitCount } }
}
