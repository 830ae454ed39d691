// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

import Glibc
import SMTPWire
import Testing

/// Numbers that a seed makes again (SplitMix64).
private struct Numbers: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var value = state
        value = (value ^ (value >> 30)) &* 0xBF58_476D_1CE4_E5B9
        value = (value ^ (value >> 27)) &* 0x94D0_49BB_1331_11EB
        return value ^ (value >> 31)
    }
}

private let crlf: [UInt8] = [13, 10]

/// Bodies of all kinds through encoder and decoder, in pieces of all kinds: out comes what went in.
///
/// `MARTLET_BODIES` says how many, `MARTLET_SEED` which.
@Suite(.timeLimit(.minutes(60))) struct DataPropertyTests {
    private static func number(_ name: String, _ usual: UInt64) -> UInt64 {
        guard let text = unsafe getenv(name) else { return usual }
        return UInt64(unsafe String(cString: text)) ?? usual
    }

    private static let bodies = number("MARTLET_BODIES", 20_000)
    private static let seed = number("MARTLET_SEED", 1)

    /// Pieces that bodies are made of: what means something in message data, and what does not.
    private static let pieces: [[UInt8]] = [
        crlf, crlf, crlf + [46], [46], [46, 46], crlf + [46] + crlf, [13], [10], [10, 46], [13, 46], [10, 46, 13, 10],
        [13, 13, 10], [97], [32], [0], [255], Array(repeating: 120, count: 33), Array(repeating: 121, count: 70) + crlf,
    ]

    private static func body(_ numbers: inout Numbers) -> [UInt8] {
        let count = Int.random(in: 0...9, using: &numbers) == 0 ? 40 : 6
        var body: [UInt8] = []
        for _ in 0..<Int.random(in: 0...count, using: &numbers) {
            body += pieces[Int.random(in: 0..<pieces.count, using: &numbers)]
        }
        return body
    }

    /// Cuts octets at places that a mask says; place 0 is before the second octet.
    private static func cut(_ octets: [UInt8], _ isCut: (Int) -> Bool) -> [[UInt8]] {
        var parts: [[UInt8]] = [[]]
        for (index, octet) in octets.enumerated() {
            if index > 0, isCut(index - 1) { parts.append([]) }
            parts[parts.count - 1].append(octet)
        }
        return parts
    }

    private static func wire(_ parts: [[UInt8]], _ treatment: BareNewlineTreatment = .keep) -> [UInt8] {
        var encoder = DataEncoder(bareNewlines: treatment)
        var wire: [UInt8] = []
        for part in parts { encoder.encode(part, into: &wire) }
        encoder.finish(into: &wire)
        return wire
    }

    /// What the decoder makes of parts, and what it left of them behind the end.
    private static func decoded(_ parts: [[UInt8]], _ treatment: BareNewlineTreatment = .keep) -> ([UInt8], [UInt8]) {
        var decoder = DataDecoder(framing: .dotted, bareNewlines: treatment)
        var octets: [UInt8] = []
        var left: [UInt8] = []
        for part in parts {
            let read = decoder.isAtEnd ? 0 : decoder.decode(part, into: &octets)
            left += part[read...]
        }
        return (octets, decoder.isAtEnd ? left : [])
    }

    private static func counted(_ parts: [[UInt8]], _ treatment: BareNewlineTreatment) -> [UInt8] {
        var decoder = DataDecoder(framing: .counted, bareNewlines: treatment)
        var octets: [UInt8] = []
        for part in parts { _ = decoder.decode(part, into: &octets) }
        decoder.finish(into: &octets)
        return octets
    }

    /// The first thing that does not hold for a body, in these pieces on either side.
    private static func fault(_ body: [UInt8], _ given: [[UInt8]], _ cuts: (Int) -> Bool) -> String? {
        let whole = body.isEmpty || body.suffix(2) == crlf ? body : body + crlf
        let behind = Array("QUIT\r\n".utf8)
        let wire = wire(given)
        guard wire == Self.wire([body]) else { return "encoded differently in pieces" }
        guard wire.suffix(3) == [46] + crlf else { return "no end" }
        let (octets, left) = decoded(cut(wire + behind, cuts))
        guard octets == whole else { return "decoded to something else" }
        guard left == behind else { return "read beyond the end" }
        // What leaves for other systems has whole line ends only, and means the same to a strict and to a lax reader.
        let clean = Self.wire(given, .normalize)
        let (strict, lax) = (decoded(cut(clean, cuts)).0, decoded([clean], .normalize).0)
        let normal = counted([body], .normalize)
        let lines = normal.isEmpty || normal.suffix(2) == crlf ? normal : normal + crlf
        guard strict == lax, strict == lines else { return "readers differ" }
        guard counted(cut(body, cuts), .keep) == body else { return "chunks changed something" }
        guard counted(cut(body, cuts), .normalize) == normal else { return "chunks differ" }
        return nil
    }

    @Test func `What goes in comes out, in whatever pieces`() {
        var numbers = Numbers(state: Self.seed)
        for number in 0..<Self.bodies {
            let body = Self.body(&numbers)
            let (first, second) = (numbers.next() | numbers.next(), numbers.next() & numbers.next())
            let given = Self.cut(body) { first >> UInt64($0 & 63) & 1 == 0 }
            if let fault = Self.fault(body, given, { second >> UInt64($0 & 63) & 1 == 1 }) {
                Issue.record("body \(number) of seed \(Self.seed): \(fault): \(body)")
                return
            }
        }
    }
}
