// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import ByteTools

/// Quoted-printable (RFC 2045 §6.7), decoded leniently: an equals sign that begins no escape stands for itself, blanks
/// at the end of a line are transport padding.
///
/// Keeps its state between pieces.
package struct QuotedPrintableDecoder: Sendable {
    /// Octets whose meaning depends on what follows: an escape that is not whole, or blanks that may end the line.
    private var held: [UInt8] = []

    package init() {}

    package mutating func decode(_ piece: [UInt8], into output: inout [UInt8]) {
        output.reserveCapacity(output.count + piece.count)
        var index = 0
        while index < piece.count {
            let taken = held.isEmpty ? Self.takeWhole(piece, at: index, into: &output) : 0
            if taken == 0 { take(piece[index], into: &output) }
            index += max(1, taken)
        }
    }

    /// Takes what needs nothing held back: a run of plain octets, an escape or line end that is whole.
    ///
    /// 0 for anything else.
    private static func takeWhole(_ piece: [UInt8], at start: Int, into output: inout [UInt8]) -> Int {
        var end = start
        while end < piece.count, isPlain[Int(piece[end])] || isInnerBlank(piece, end) { end += 1 }
        if end > start {
            output += piece[start..<end]
            return end - start
        }
        if piece[start] == ASCII.lf {
            output.append(ASCII.lf)
            return 1
        }
        guard piece.count - start > 2 else { return 0 }
        let (second, third) = (piece[start + 1], piece[start + 2])
        if piece[start] == ASCII.cr, second == ASCII.lf {
            output += [ASCII.cr, ASCII.lf]
            return 2
        }
        guard piece[start] == UInt8(ascii: "=") else { return 0 }
        if second == ASCII.cr, third == ASCII.lf { return 3 }
        guard let high = Hex.value(of: second), let low = Hex.value(of: third) else { return 0 }
        output.append(high << 4 | low)
        return 3
    }

    /// A blank before a plain octet: no transport padding.
    private static func isInnerBlank(_ piece: [UInt8], _ index: Int) -> Bool {
        ASCII.isBlank(piece[index]) && index + 1 < piece.count && isPlain[Int(piece[index + 1])]
    }

    /// Octets that stand for themselves whatever follows.
    private static let isPlain: [Bool] = (UInt8.min...UInt8.max).map { octet in
        octet != UInt8(ascii: "=") && !ASCII.isBlank(octet) && octet != ASCII.cr && octet != ASCII.lf
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
