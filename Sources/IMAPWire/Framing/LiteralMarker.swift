// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import ByteTools

/// The announcement of a literal at the end of a line: `{5}`, or `{5+}` when the sender does not wait for leave
/// (RFC 9051 §4.3, RFC 7888 §4).
package struct LiteralMarker: Hashable, Sendable {
    package var count: UInt64
    /// Whether the client waits for a continuation request before it sends the octets.
    package var isSynchronizing: Bool

    package init(count: UInt64, isSynchronizing: Bool) {
        self.count = count
        self.isSynchronizing = isSynchronizing
    }

    /// `nil` when the line announces no literal.
    ///
    /// Looks at its last 22 octets only.
    package init?(atEndOf line: [UInt8]) {
        guard line.last == 0x7D else { return nil }
        var digits = line.dropLast().suffix(21)
        guard let brace = digits.lastIndex(of: 0x7B) else { return nil }
        digits = digits[(brace + 1)...]
        isSynchronizing = digits.last != 0x2B
        if !isSynchronizing { digits.removeLast() }
        guard let count = Decimal.parse(digits, maximum: UInt64(Int64.max)) else { return nil }
        self.count = count
    }
}
