// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import ByteTools

/// Quoted-printable (RFC 2045 §6.7), such that decoding gives the same octets: CRLF stays a line end, a CR or LF that
/// stands alone is written as an escape.
struct QuotedPrintableEncoder: Sendable {
    /// Octets of a line before its line end.
    static let lineOctets = 76

    /// Octets of the line being written.
    private var column = 0

    /// Appends the encoded form of `octets[range]`, which reaches to `end` in all: up to there is what may follow a
    /// blank.
    ///
    /// The pieces of one body come in order; none begins between a CR and its LF.
    mutating func encode(_ octets: [UInt8], _ range: Range<Int>, end: Int, into output: inout [UInt8]) {
        var index = range.lowerBound
        while index < range.upperBound {
            let octet = octets[index]
            if octet == ASCII.cr, index + 1 < end, octets[index + 1] == ASCII.lf {
                output += [ASCII.cr, ASCII.lf]
                column = 0
                index += 2
                continue
            }
            let endsLine = index + 1 == end || Self.isLineEnd(octets, at: index + 1, end: end)
            if Self.standsForItself(octet) || (ASCII.isBlank(octet) && !endsLine) {
                breakLine(before: 1, endsLine, &output)
                output.append(octet)
                column += 1
            } else {
                breakLine(before: 3, endsLine, &output)
                output.append(UInt8(ascii: "="))
                output += [Self.digits[Int(octet >> 4)], Self.digits[Int(octet & 15)]]
                column += 3
            }
            index += 1
        }
    }

    /// A soft line break where the line would get too long; its equals sign needs room, too, unless the line ends.
    private mutating func breakLine(before width: Int, _ endsLine: Bool, _ output: inout [UInt8]) {
        guard column + width > Self.lineOctets - (endsLine ? 0 : 1) else { return }
        output += [UInt8(ascii: "="), ASCII.cr, ASCII.lf]
        column = 0
    }

    private static func isLineEnd(_ octets: [UInt8], at index: Int, end: Int) -> Bool {
        index + 1 < end && octets[index] == ASCII.cr && octets[index + 1] == ASCII.lf
    }

    /// Octets that need no escape wherever they are.
    static func standsForItself(_ octet: UInt8) -> Bool { octet > ASCII.space && octet < 0x7F && octet != 0x3D }

    private static let digits = Array("0123456789ABCDEF".utf8)

    /// Octets of the encoded form, near enough for an estimate.
    static func estimate(_ octets: ArraySlice<UInt8>) -> Int {
        let escapes = octets.count { !standsForItself($0) && $0 != ASCII.space && $0 != ASCII.cr && $0 != ASCII.lf }
        let size = octets.count + 2 * escapes
        return size + size / 75 * 3
    }
}
