// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import ByteTools

/// What the text of a header field is put in order by: of i;unicode-casemap, and behind all of those, as the octets
/// that they are, texts in a charset that is unknown or that they are not in (RFC 5255 §4.6).
package struct CollationKey: Sendable, Hashable, Comparable {
    package let octets: [UInt8]

    /// In no UTF-8, and greater than all that is.
    private static let unreadable: UInt8 = 0xFF

    /// Of a longer text no more counts: those of a whole mailbox are in memory while it is put in order.
    package static let maximumOctets = 16_384

    /// Of no text; before all others.
    package static let empty = CollationKey(DecodedText())

    package var isEmpty: Bool { octets.isEmpty }

    package init(_ text: DecodedText) {
        let isReadable = text.isReadable || text.octets.isEmpty
        let whole = isReadable ? UnicodeCasemap.map(text.text) : [Self.unreadable] + text.octets
        octets = whole.count > Self.maximumOctets ? Array(whole.prefix(Self.maximumOctets)) : whole
    }

    /// Of what `EncodedWord.read` makes of the value of a header field.
    package init(field value: [UInt8]) {
        if EncodedWord.isPlain(value) { self.init(plain: value[...]) } else { self.init(EncodedWord.read(value)) }
    }

    /// Of ASCII, of which i;unicode-casemap makes capital letters and nothing else.
    init(plain text: ArraySlice<UInt8>) { octets = text.prefix(Self.maximumOctets).map(ASCII.upper) }

    package static func < (a: Self, b: Self) -> Bool {
        let order = unsafe a.octets.withUnsafeBytes { first in
            unsafe b.octets.withUnsafeBytes { second in unsafe OctetOrder.compare(first, second) }
        }
        return order < 0
    }
}
