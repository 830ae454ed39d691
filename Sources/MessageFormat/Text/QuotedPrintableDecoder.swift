// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import ByteTools

/// Quoted-printable (RFC 2045 §6.7), decoded leniently: an equals sign that begins no escape stands for itself, blanks
/// at the end of a line are transport padding. Keeps its state between pieces.
package struct QuotedPrintableDecoder: Sendable {
    /// Octets whose meaning depends on what follows: an escape that is not whole, or blanks that may end the line.
    private var held: [UInt8] = []

    package init() {}

    package mutating func decode(_ piece: [UInt8], into output: inout [UInt8]) {
        output.reserveCapacity(output.count + piece.count)
        for octet in piece { take(octet, into: &output) }
    }

    /// What was held back and can no longer become an escape.
    package mutating func finish(into output: inout [UInt8]) {
        if held.first == equals { output += held.count == 1 ? [] : held }
        held = []
    }

    package static func decode(_ text: [UInt8]) -> [UInt8] {
        var decoder = QuotedPrintableDecoder()
        var output: [UInt8] = []
        decoder.decode(text, into: &output)
        decoder.finish(into: &output)
        return output
    }

    private let equals = UInt8(ascii: "=")

    private mutating func take(_ octet: UInt8, into output: inout [UInt8]) {
        if held.first == equals {
            takeEscape(octet, into: &output)
        } else if octet == equals {
            output += held
            held = [equals]
        } else if ASCII.isBlank(octet) || octet == ASCII.cr {
            holdBlank(octet, into: &output)
        } else if octet == ASCII.lf {
            output += held.last == ASCII.cr ? [ASCII.cr, ASCII.lf] : [ASCII.lf]
            held = []
        } else {
            if !held.isEmpty {
                output += held
                held = []
            }
            output.append(octet)
        }
    }

    /// Longer runs of blanks are text: RFC 2045 §6.7 lines have at most 76 octets.
    private static let maximumHeld = 1_000

    private mutating func holdBlank(_ octet: UInt8, into output: inout [UInt8]) {
        if held.count >= Self.maximumHeld || held.last == ASCII.cr {
            output += held
            held = []
        }
        held.append(octet)
    }

    private mutating func takeEscape(_ octet: UInt8, into output: inout [UInt8]) {
        let onlyBlanks = held.dropFirst().allSatisfy { ASCII.isBlank($0) || $0 == ASCII.cr }
        if octet == ASCII.lf, onlyBlanks {
            held = []
        } else if (ASCII.isBlank(octet) || octet == ASCII.cr), onlyBlanks, held.count < 76 {
            held.append(octet)
        } else if held.count == 1, Hex.value(of: octet) != nil {
            held.append(octet)
        } else if held.count == 2, let high = Hex.value(of: held[1]), let low = Hex.value(of: octet) {
            output.append(high << 4 | low)
            held = []
        } else {
            output += held
            held = []
            take(octet, into: &output)
        }
    }
}
