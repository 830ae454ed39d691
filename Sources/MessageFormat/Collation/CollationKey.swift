// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

/// What the text of a header field is put in order by: of i;unicode-casemap, and behind all of those, as the octets
/// that they are, texts in a charset that is unknown or that they are not in (RFC 5255 §4.6).
package struct CollationKey: Sendable, Hashable, Comparable {
    package let octets: [UInt8]

    /// In no UTF-8, and greater than all that is.
    private static let unreadable: UInt8 = 0xFF

    /// Of no text; before all others.
    package static let empty = CollationKey(DecodedText())

    package var isEmpty: Bool { octets.isEmpty }

    package init(_ text: DecodedText) {
        let isReadable = text.isReadable || text.octets.isEmpty
        octets = isReadable ? UnicodeCasemap.map(text.text) : [Self.unreadable] + text.octets
    }

    package static func < (a: Self, b: Self) -> Bool { a.octets.lexicographicallyPrecedes(b.octets) }
}
