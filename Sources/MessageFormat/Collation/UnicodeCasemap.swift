// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import ByteTools
internal import CUnistring

/// The collation i;unicode-casemap (RFC 5051): texts are the same when their mapped octets are, one is in another when
/// its octets are, and they are in the order of their octets.
package enum UnicodeCasemap {
    /// No character becomes more code points than this.
    private static let maximumLength = 32

    /// The titlecased, canonicalized UTF-8 of a text (RFC 5051 §2).
    ///
    /// At most eighteen characters for each.
    package static func map(_ text: String) -> [UInt8] {
        var mapped: [UInt8] = []
        mapped.reserveCapacity(text.utf8.count)
        var mapper = Mapper()
        for scalar in text.unicodeScalars {
            if scalar.value < 0x80 {
                mapped.append(ASCII.upper(UInt8(truncatingIfNeeded: scalar.value)))
            } else {
                mapper.map(scalar) { append($0, to: &mapped) }
            }
        }
        return mapped
    }

    static func append(_ scalar: Unicode.Scalar, to octets: inout [UInt8]) {
        octets.append(contentsOf: UTF8.encode(scalar) ?? UTF8.encodedReplacementCharacter)
    }

    /// Maps one character after another, with room for what they become.
    struct Mapper {
        private var room = [UInt32](repeating: 0, count: UnicodeCasemap.maximumLength)

        /// Gives out what a character becomes.
        mutating func map(_ scalar: Unicode.Scalar, _ take: (Unicode.Scalar) -> Void) {
            let count = unsafe CUnistring_casemap(scalar.value, &room, room.count)
            guard count > 0 else { return take(scalar) }
            for code in room.prefix(count) { take(Unicode.Scalar(code) ?? "\u{FFFD}") }
        }
    }
}
