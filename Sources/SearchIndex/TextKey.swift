// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

/// Which message a text belongs to: the number of its content in the account, the same for all its copies and wherever
/// its octets are moved.
///
/// `check` is taken from what is known of the message besides (size, dates), so that a number that was given to another
/// message, as in a log that was set back to an older state, is not taken for this one.
package struct TextKey: Sendable, Hashable, Comparable {
    package var number: UInt64
    package var check: UInt32

    package init(_ number: UInt64, check: UInt32) {
        self.number = number
        self.check = check
    }

    package static func < (a: Self, b: Self) -> Bool {
        a.number != b.number ? a.number < b.number : a.check < b.check
    }
}

/// Where a text lies: which block, and the how manieth of it.
struct TextPlace: Sendable, Hashable {
    /// Messages of one block.
    static let maximumOrdinals = 1 << 12
    static let maximumBlocks = 1 << 20 - 1

    let value: UInt32

    init(block: Int, ordinal: Int) {
        value = UInt32(truncatingIfNeeded: block) << 12 | UInt32(truncatingIfNeeded: ordinal) & 0xFFF
    }

    private init(_ value: UInt32) { self.value = value }

    /// The message is known, and is to be read itself: its text is too large to be kept.
    static let message = TextPlace(.max)

    var block: Int { Int(value >> 12) }
    var ordinal: Int { Int(value & 0xFFF) }
}
