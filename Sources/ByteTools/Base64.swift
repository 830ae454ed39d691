// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

/// Base64 (RFC 4648 §4) and its URL-safe form (RFC 4648 §5).
public enum Base64 {
    private static let standard = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".utf8)
    private static let urlSafe = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_".utf8)
    private static let values: [UInt8] = {
        var table = [UInt8](repeating: 0xFF, count: 256)
        for (value, octet) in standard.enumerated() { table[Int(octet)] = UInt8(value) }
        for (value, octet) in urlSafe.enumerated() { table[Int(octet)] = UInt8(value) }
        return table
    }()

    /// The octets as base64 on one line: the standard alphabet padded with `=`, or the URL-safe one without padding.
    public static func encode(_ bytes: some Collection<UInt8>, urlSafe safe: Bool = false) -> [UInt8] {
        let alphabet = safe ? urlSafe : standard
        var encoded: [UInt8] = []
        encoded.reserveCapacity((bytes.count + 2) / 3 * 4)
        var group: UInt32 = 0
        var held = 0
        for octet in bytes {
            group = group << 8 | UInt32(octet)
            held += 1
            guard held == 3 else { continue }
            for shift in [UInt32(18), 12, 6, 0] { encoded.append(alphabet[Int(group >> shift & 63)]) }
            (group, held) = (0, 0)
        }
        guard held > 0 else { return encoded }
        group <<= held == 1 ? 16 : 8
        for position in 0...held { encoded.append(alphabet[Int(group >> UInt32(18 - 6 * position) & 63)]) }
        if !safe { encoded.append(contentsOf: [UInt8](repeating: 0x3D, count: 3 - held)) }
        return encoded
    }

    /// The octets that `text` stands for, or `nil` for anything but whole, canonical base64 without line ends.
    ///
    /// Padding may be left out. Both alphabets are read.
    public static func decode(_ text: some Collection<UInt8>) -> [UInt8]? {
        var digits = Array(text)
        while digits.last == 0x3D, text.count - digits.count < 2 { digits.removeLast() }
        guard digits.count % 4 != 1, digits.count == text.count || text.count % 4 == 0 else { return nil }
        var decoded: [UInt8] = []
        decoded.reserveCapacity(digits.count / 4 * 3 + 2)
        var group: UInt32 = 0
        var bits = 0
        for digit in digits {
            let value = values[Int(digit)]
            guard value != 0xFF else { return nil }
            group = (group << 6 | UInt32(value)) & 0xFFFFF
            bits += 6
            if bits >= 8 {
                bits -= 8
                decoded.append(UInt8(truncatingIfNeeded: group >> UInt32(bits)))
            }
        }
        return group & ((1 << UInt32(bits)) - 1) == 0 ? decoded : nil
    }
}

/// Lower-case hexadecimal.
public enum Hex {
    /// Two digits for each octet, the upper four bits first.
    public static func encode(_ bytes: some Collection<UInt8>) -> String {
        let digits = Array("0123456789abcdef".utf8)
        var text: [UInt8] = []
        text.reserveCapacity(bytes.count * 2)
        for octet in bytes { text += [digits[Int(octet >> 4)], digits[Int(octet & 15)]] }
        return String(decoding: text, as: UTF8.self)
    }

    /// The octets that pairs of digits in either case stand for.
    ///
    /// `nil` when a digit is left over or any other octet occurs; no digits are no octets.
    public static func decode(_ text: some Collection<UInt8>) -> [UInt8]? {
        guard text.count.isMultiple(of: 2) else { return nil }
        var decoded: [UInt8] = []
        var high: UInt8?
        for octet in text {
            guard let digit = value(of: octet) else { return nil }
            if let first = high {
                decoded.append(first << 4 | digit)
                high = nil
            } else {
                high = digit
            }
        }
        return decoded
    }

    /// The value 0 to 15 of a digit in either case; `nil` for any other octet.
    public static func value(of octet: UInt8) -> UInt8? {
        switch octet {
        case 0x30...0x39: octet - 0x30
        case 0x41...0x46: octet - 0x37
        case 0x61...0x66: octet - 0x57
        default: nil
        }
    }
}
