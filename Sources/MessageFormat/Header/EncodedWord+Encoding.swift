// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import ByteTools

extension EncodedWord {
    /// Octets of text in one word: with all around them they fit on a line behind the longest name of an address field
    /// (RFC 2047 §2: 76).
    private static let octetsOfWord = 36

    // encoded-word = "=?" charset "?" encoding "?" encoded-text "?="    RFC 2047 §2
    /// The text in UTF-8 and base64, in as many words as it takes, each but the first on a line of its own.
    ///
    /// At least one word. A character is never divided. No octet is above 127, and the words may stand in a phrase (RFC 2047 §5).
    package static func encode(_ text: String) -> [UInt8] {
        var words: [[UInt8]] = []
        var octets: [UInt8] = []
        for scalar in text.unicodeScalars {
            let next = Array(String(scalar).utf8)
            if octets.count + next.count > octetsOfWord {
                words.append(word(octets))
                octets = []
            }
            octets += next
        }
        if !octets.isEmpty || words.isEmpty { words.append(word(octets)) }
        return Array(words.joined(separator: [ASCII.cr, ASCII.lf, ASCII.space]))
    }

    private static func word(_ octets: [UInt8]) -> [UInt8] {
        Array("=?utf-8?B?".utf8) + Base64.encode(octets) + Array("?=".utf8)
    }
}
