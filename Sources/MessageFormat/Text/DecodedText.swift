// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

/// Octets that were freed of their encoding, and what they say.
package struct DecodedText: Sendable, Hashable {
    /// As well as it can be read: what means nothing is U+FFFD, and what says nothing of its charset is guessed.
    package var text = ""
    /// Before they were taken as characters.
    package var octets: [UInt8] = []
    /// Whether all of it is in a charset that is known and that it is in (RFC 5255 §4.6, step b).
    package var isReadable = true

    package init() {}

    mutating func add(_ octets: [UInt8], charset: [UInt8]) {
        let (text, isReadable) = Charset.read(octets, charset: charset)
        self.text += text
        if self.octets.isEmpty { self.octets = octets } else { self.octets += octets }
        self.isReadable = self.isReadable && isReadable
    }
}
