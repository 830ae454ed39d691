// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import ByteTools

/// Mailbox names of IMAP4rev1: UTF-16 in a base64 of its own between `&` and `-` (RFC 3501 §5.1.3).
public enum ModifiedUTF7 {
    /// The name as it stands on the wire: printable ASCII as it is, `&` as `&-`, the rest shifted.
    public static func encode(_ text: String) -> [UInt8] {
        var encoded: [UInt8] = []
        encoded.reserveCapacity(text.utf8.count)
        var shifted: [UInt8] = []
        for unit in text.utf16 {
            guard isDirect(unit) else {
                shifted += [UInt8(truncatingIfNeeded: unit >> 8), UInt8(truncatingIfNeeded: unit)]
                continue
            }
            flush(&shifted, into: &encoded)
            encoded.append(UInt8(truncatingIfNeeded: unit))
            if unit == 0x26 { encoded.append(0x2D) }
        }
        flush(&shifted, into: &encoded)
        return encoded
    }

    /// The text, or `nil` when the octets are not well-formed: bad base64, printable ASCII in base64, half a surrogate
    /// pair, a shift that could be left out.
    ///
    /// What it accepts is what `encode` writes, so that a name has one spelling.
    public static func decode(_ octets: [UInt8]) -> String? {
        guard octets.contains(0x26) else {
            return octets.allSatisfy { isDirect(UInt16($0)) } ? String(decoding: octets, as: UTF8.self) : nil
        }
        var units: [UInt16] = []
        var rest = octets[...]
        while let octet = rest.popFirst() {
            guard octet == 0x26 else {
                guard isDirect(UInt16(octet)) else { return nil }
                units.append(UInt16(octet))
                continue
            }
            guard let end = rest.firstIndex(of: 0x2D) else { return nil }
            guard let shifted = unshift(rest[..<end]) else { return nil }
            units += shifted
            rest = rest[(end + 1)...]
        }
        guard let text = String(validating: units, as: UTF16.self), encode(text) == octets else { return nil }
        return text
    }

    /// As `decode`, for names that other programs have written: what could be shorter is read, and 8-bit octets are
    /// UTF-8.
    ///
    /// `nil` when a shift is malformed.
    public static func decodeLoosely(_ octets: [UInt8]) -> String? {
        var text = ""
        var plain: [UInt8] = []
        var rest = octets[...]
        while let octet = rest.popFirst() {
            guard octet == 0x26 else {
                plain.append(octet)
                continue
            }
            guard let end = rest.firstIndex(of: 0x2D), let shifted = unshift(rest[..<end]),
                let decoded = String(validating: shifted, as: UTF16.self)
            else { return nil }
            text += String(decoding: plain, as: UTF8.self) + decoded
            plain = []
            rest = rest[(end + 1)...]
        }
        return text + String(decoding: plain, as: UTF8.self)
    }

    private static func isDirect(_ unit: UInt16) -> Bool { unit >= 0x20 && unit <= 0x7E }

    private static func flush(_ shifted: inout [UInt8], into encoded: inout [UInt8]) {
        guard !shifted.isEmpty else { return }
        encoded.append(0x26)
        encoded += Base64.encode(shifted).prefix { $0 != 0x3D }.map { $0 == 0x2F ? 0x2C : $0 }
        encoded.append(0x2D)
        shifted = []
    }

    /// The units between `&` and `-`; none between the two stands for `&` itself.
    private static func unshift(_ digits: ArraySlice<UInt8>) -> [UInt16]? {
        guard !digits.isEmpty else { return [0x26] }
        guard !digits.contains(where: { "/-_=".utf8.contains($0) }),
            let octets = Base64.decode(digits.map { $0 == 0x2C ? 0x2F : $0 }), octets.count.isMultiple(of: 2)
        else { return nil }
        return stride(from: 0, to: octets.count, by: 2).map { UInt16(octets[$0]) << 8 | UInt16(octets[$0 + 1]) }
    }
}
