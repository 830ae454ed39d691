// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import ByteTools

/// The announcement of a literal at the end of a line: `{5}`, or `{5+}` when the sender does not wait for leave
/// (RFC 9051 §4.3, RFC 7888 §4);
/// with `~` in front, of octets of any value (RFC 9051 §4.3.1).
package struct LiteralMarker: Hashable, Sendable {
    package var count: UInt64
    /// Whether the client waits for a continuation request before it sends the octets.
    package var isSynchronizing: Bool
    /// A literal8.
    package var isBinary: Bool

    package init(count: UInt64, isSynchronizing: Bool, isBinary: Bool = false) {
        self.count = count
        self.isSynchronizing = isSynchronizing
        self.isBinary = isBinary
    }

    /// `nil` when the line announces no literal.
    ///
    /// Looks at its last 22 octets only.
    package init?(atEndOf line: [UInt8]) {
        guard line.last == 0x7D else { return nil }
        var digits = line.dropLast().suffix(21)
        guard let brace = digits.lastIndex(of: 0x7B) else { return nil }
        isBinary = brace > 0 && line[brace - 1] == 0x7E
        digits = digits[(brace + 1)...]
        isSynchronizing = digits.last != 0x2B
        if !isSynchronizing { digits.removeLast() }
        guard let count = Decimal.parse(digits, maximum: UInt64(Int64.max)) else { return nil }
        self.count = count
    }
}
