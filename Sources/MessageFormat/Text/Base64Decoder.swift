// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import ByteTools

/// Base64 of a body (RFC 2045 §6.8), decoded as mail clients do: octets outside the alphabet are passed over, padding
/// ends a group and what follows begins the next, and a cut end gives the octets that are whole.
///
/// Keeps its state between pieces.
package struct Base64Decoder: Sendable {
    private var group: UInt32 = 0
    private var digits = 0

    package init() {}

    package mutating func decode(_ piece: [UInt8], into output: inout [UInt8]) {
        output.reserveCapacity(output.count + piece.count / 4 * 3 + 3)
        for octet in piece {
            let value = Self.values[Int(octet)]
            if value < 64 {
                group = group << 6 | UInt32(value)
                digits += 1
                if digits == 4 { flush(into: &output) }
            } else if octet == UInt8(ascii: "=") {
                flush(into: &output)
            }
        }
    }

    /// The octets of an unfinished last group.
    package mutating func finish(into output: inout [UInt8]) { flush(into: &output) }

    package static func decode(_ text: [UInt8]) -> [UInt8] {
        var decoder = Base64Decoder()
        var output: [UInt8] = []
        decoder.decode(text, into: &output)
        decoder.finish(into: &output)
        return output
    }

    private mutating func flush(into output: inout [UInt8]) {
        let bits = group << UInt32(6 * (4 - digits))
        if digits > 1 { output.append(UInt8(truncatingIfNeeded: bits >> 16)) }
        if digits > 2 { output.append(UInt8(truncatingIfNeeded: bits >> 8)) }
        if digits > 3 { output.append(UInt8(truncatingIfNeeded: bits)) }
        (group, digits) = (0, 0)
    }

    private static let values: [UInt8] = {
        var table = [UInt8](repeating: 0xFF, count: 256)
        let alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
        for (value, octet) in alphabet.utf8.enumerated() { table[Int(octet)] = UInt8(value) }
        return table
    }()
}
