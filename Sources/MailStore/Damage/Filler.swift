// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

/// What stands in the place of lost octets: lines that say so, of the same length in all, so that sizes, offsets and
/// the other parts of the message stay true.
package enum Filler {
    /// Fills `range` (cut to the array) of `bytes`.
    package static func fill(_ bytes: inout [UInt8], _ range: Range<Int>) {
        let range = range.clamped(to: 0..<bytes.count)
        bytes.replaceSubrange(range, with: lines(range.count))
    }

    static func lines(_ count: Int) -> [UInt8] {
        let line = Array("[martlet: \(count) octets lost, event 12003]\r\n".utf8)
        var filled: [UInt8] = []
        filled.reserveCapacity(count)
        if count >= line.count + 2 { filled += [0x0D, 0x0A] }
        while filled.count + line.count <= count { filled += line }
        let rest = count - filled.count
        guard rest > 0 else { return filled }
        filled += [UInt8](repeating: 0x20, count: max(0, rest - 2))
        filled += rest >= 2 ? [0x0D, 0x0A] : [0x20]
        return filled
    }
}
