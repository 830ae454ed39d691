// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import ByteTools

/// The encoding of values in ESMTP parameters (RFC 3461 §4 "xtext").
package enum XText {
    /// Writes every octet outside `!` to `~`, and `+` and `=`, as `+` and two hexadecimal digits.
    package static func encode(_ text: String) -> String {
        var encoded = ""
        for octet in text.utf8 {
            if octet > 0x20, octet < 0x7F, octet != 0x2B, octet != 0x3D {
                encoded.unicodeScalars.append(Unicode.Scalar(octet))
            } else {
                encoded += "+" + ASCII.uppercased(Hex.encode([octet]))
            }
        }
        return encoded
    }

    /// The text that `encoded` stands for; `nil` when a `+` is not followed by two digits or the result is not UTF-8.
    package static func decode(_ encoded: String) -> String? {
        var octets: [UInt8] = []
        var rest = Array(encoded.utf8)[...]
        while let octet = rest.popFirst() {
            guard octet == 0x2B else {
                octets.append(octet)
                continue
            }
            guard let pair = Hex.decode(rest.prefix(2)), pair.count == 1 else { return nil }
            octets += pair
            rest = rest.dropFirst(2)
        }
        return String(validating: octets, as: UTF8.self)
    }
}
