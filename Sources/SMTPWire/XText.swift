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

    /// Writes an address as `utf-8-addr-xtext` (RFC 6533 §3): what is not visible ASCII, and `+`, `=` and the
    /// backslash, as `\x{` hexadecimal number `}`.
    package static func encodeUnicode(_ address: String) -> String {
        var encoded = ""
        for scalar in address.unicodeScalars {
            if scalar.value > 0x20, scalar.value < 0x7F, !"+=\\".unicodeScalars.contains(scalar) {
                encoded.unicodeScalars.append(scalar)
            } else {
                encoded += "\\x{\(ASCII.uppercased(String(scalar.value, radix: 16)))}"
            }
        }
        return encoded
    }

    /// The address that an `utf-8-addr-xtext` or `utf-8-addr-unitext` stands for; `nil` when an escape is not whole or
    /// stands for no character.
    package static func decodeUnicode(_ encoded: String) -> String? {
        var address = String.UnicodeScalarView()
        var rest = encoded.unicodeScalars[...]
        while let scalar = rest.popFirst() {
            guard scalar == "\\", rest.first == "x" else {
                address.append(scalar)
                continue
            }
            let digits = rest.dropFirst().prefix { $0 != "}" }
            let number = digits.first == "{" ? String(String.UnicodeScalarView(digits.dropFirst())) : ""
            guard (1...6).contains(number.utf8.count), let value = UInt32(number, radix: 16),
                let decoded = Unicode.Scalar(value), digits.endIndex < rest.endIndex
            else { return nil }
            address.append(decoded)
            rest = rest[digits.endIndex...].dropFirst()
        }
        return String(address)
    }
}
