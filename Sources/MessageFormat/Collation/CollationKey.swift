// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

/// What the text of a header field is put in order by: of i;unicode-casemap, and behind all of those, as the octets
/// that they are, texts in a charset that is unknown or that they are not in (RFC 5255 §4.6).
package struct CollationKey: Sendable, Hashable, Comparable {
    package let octets: [UInt8]

    /// In no UTF-8, and greater than all that is.
    private static let unreadable: UInt8 = 0xFF

    /// Of a longer text no more counts: a thousand such keys are in memory at once.
    private static let maximumOctets = 16_384

    /// Of no text; before all others.
    package static let empty = CollationKey(DecodedText())

    package var isEmpty: Bool { octets.isEmpty }

    package init(_ text: DecodedText) {
        let isReadable = text.isReadable || text.octets.isEmpty
        let whole = isReadable ? UnicodeCasemap.map(text.text) : [Self.unreadable] + text.octets
        octets = whole.count > Self.maximumOctets ? Array(whole.prefix(Self.maximumOctets)) : whole
    }

    package static func < (a: Self, b: Self) -> Bool { a.octets.lexicographicallyPrecedes(b.octets) }
}
