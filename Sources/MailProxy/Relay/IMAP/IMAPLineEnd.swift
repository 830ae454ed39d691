// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import ByteTools

/// Recognizes a literal's announcement at the end of a line: `{310}`, `{310+}` (RFC 7888 §3), `~{310}` (RFC 3516 §4.4).
struct IMAPLineEnd: Sendable {
    /// Room for braces, 20 digits, plus and CR.
    static let capacity = 24

    private var tail: [UInt8] = []

    struct Literal: Hashable {
        var octets: UInt64
        /// The sender waits for a continuation before it sends them.
        var isSynchronizing: Bool
    }

    /// Adds octets of the line, without its LF.
    mutating func add(_ octets: ArraySlice<UInt8>) {
        tail =
            octets.count >= Self.capacity ? Array(octets.suffix(Self.capacity)) : (tail + octets).suffix(Self.capacity)
    }

    /// The line is over: what its end announces, if anything.
    mutating func end() -> Literal? {
        defer { tail = [] }
        var text = tail[...]
        if text.last == ASCII.cr { text.removeLast() }
        guard text.popLast() == 0x7D, let brace = text.lastIndex(of: 0x7B) else { return nil }
        var digits = text[(brace + 1)...]
        let isNonSynchronizing = digits.last == 0x2B
        if isNonSynchronizing { digits.removeLast() }
        guard let octets = Decimal.parse(digits) else { return nil }
        return Literal(octets: octets, isSynchronizing: !isNonSynchronizing)
    }
}
