// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

/// The name of a message in the queue: given once, in the order of arrival, never used again.
package struct QueueID: Hashable, Sendable, Comparable, CustomStringConvertible {
    package let rawValue: UInt64

    package init(_ rawValue: UInt64) { self.rawValue = rawValue }

    /// The first name that may be given at a time, which is in milliseconds since 1970.
    ///
    /// Names follow the clock, so that none is given twice even when the record of the last one was damaged; those of
    /// other queues are 16,384 further on.
    static func first(at time: Int64, queue number: Int) -> QueueID {
        QueueID(UInt64(clamping: max(0, time)) << 20 | UInt64(number & 63) << 14)
    }

    var next: QueueID { QueueID(rawValue &+ 1) }

    private static let alphabet = Array("0123456789abcdefghjkmnpqrstvwxyz".utf8)

    /// Up to 13 characters, as people type it.
    package var description: String {
        var digits: [UInt8] = []
        var rest = rawValue
        repeat {
            digits.append(Self.alphabet[Int(rest & 31)])
            rest >>= 5
        } while rest > 0
        return String(decoding: digits.reversed(), as: UTF8.self)
    }

    /// Reads what `description` writes; `nil` for anything else.
    package init?(_ text: String) {
        guard (1...13).contains(text.utf8.count) else { return nil }
        var value: UInt64 = 0
        for octet in text.utf8 {
            guard let digit = Self.alphabet.firstIndex(of: octet), value >> 59 == 0 else { return nil }
            value = value << 5 | UInt64(digit)
        }
        rawValue = value
    }

    package static func < (a: Self, b: Self) -> Bool { a.rawValue < b.rawValue }
}
