// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

import SMTPWire
import Testing

/// Stuffing and unstuffing of message data: acceptance A3.1, rows F-50 to F-55.
@Suite struct DataCodecTests {
    @Test func `Every short body survives every cut`() {
        for body in bodies(upTo: 6) {
            let wire = stuff([body])
            let whole = completed(body)
            for cuts in 0..<(1 << max(0, body.count - 1)) {
                guard stuff(pieces(of: body, cuts)) == wire else {
                    Issue.record("stuffing of \(body) depends on the cut \(cuts)")
                    return
                }
            }
            guard terminators(in: wire) == [wire.count], unstuff([wire]).octets == whole else {
                Issue.record("\(body) became \(wire)")
                return
            }
        }
    }

    @Test func `Every cut of the wire reads the same`() {
        for body in bodies(upTo: 4) {
            let wire = stuff([body])
            let whole = unstuff([wire])
            for cuts in 0..<(1 << (wire.count - 1)) where unstuff(pieces(of: wire, cuts)) != whole {
                Issue.record("reading \(wire) depends on the cut \(cuts)")
                return
            }
        }
    }

    @Test(arguments: [1, 2, 3, 31, 32, 33, 34, 511, 4096, 4097])
    func `Random bodies survive, at any buffer size`(size: Int) {
        var random = SplitMix(seed: UInt64(size))
        for _ in 0..<60 {
            let body = (0..<Int.random(in: 0..<3000, using: &random)).map { _ in random.octet() }
            let wire = stuff(chunks(of: body, size))
            #expect(terminators(in: wire) == [wire.count])
            let read = unstuff(chunks(of: wire + Array("MAIL".utf8), size))
            #expect(read.octets == completed(body))
            #expect(read.count == wire.count)
        }
    }

    @Test(arguments: [1, 2, 3, 511, 512, 4095, 4096, 4097, 65_536])
    func `A message of dots, the seed of it all`(size: Int) {
        let line = Array("...and so on, with dots in front of every line.\r\n".utf8)
        let body = Array([[UInt8]](repeating: line, count: 8000).joined())
        let wire = stuff(chunks(of: body, size))
        #expect(wire.count == body.count + 8000 + 3)
        #expect(unstuff(chunks(of: wire, size)).octets == body)
    }

    @Test(arguments: [
        ("", ".\r\n"), ("\r\n", "\r\n.\r\n"), ("a", "a\r\n.\r\n"), ("a\r\n", "a\r\n.\r\n"), (".", "..\r\n.\r\n"),
        (".\r\n", "..\r\n.\r\n"), ("\r", "\r\r\n.\r\n"), ("\n", "\n\r\n.\r\n"), ("a\r\n.", "a\r\n..\r\n.\r\n"),
        (".x\r\n..\r\n. \r\n", "..x\r\n...\r\n.. \r\n.\r\n"),
    ])
    func `Endings and dots on the wire (F-51, F-53)`(body: String, wire: String) {
        #expect(String(decoding: stuff([Array(body.utf8)]), as: UTF8.self) == wire)
    }

    /// Whatever stands between a line's text and a dot, only CR LF on both sides of the dot ends the data.
    @Test(arguments: [
        "\n.\n", "\n.\r\n", "\r\n.\n", "\r.\r", "\r.\r\n", "\r\n.\r", "\n.\r", "\r\r\n.\r\r\n", "\r\n\u{0}.\r\n",
        "\r\n.\u{0}\r\n", "\r\n.\r\r\n", "\n\n.\r\n", "\r\n .\r\n", "\r\n. \r\n",
    ])
    func `Sequences that must not end the data (A3.4)`(sequence: String) {
        for treatment in [BareNewlineTreatment.keep, .normalize] {
            let wire = Array("text\(sequence)MAIL FROM:<x@y>\r\n.\r\n".utf8)
            for size in [1, 2, 5, 100] {
                let read = unstuff(chunks(of: wire, size), treatment)
                #expect(read.isAtEnd)
                #expect(read.count == wire.count)
            }
        }
    }

    @Test(arguments: [
        ("a\nb\r\n.\r\n", BareNewline(kind: .lineFeed, offset: 1)),
        ("a\rb\r\n.\r\n", BareNewline(kind: .carriageReturn, offset: 1)),
        ("a\r\r\n.\r\n", BareNewline(kind: .carriageReturn, offset: 1)),
        ("\n.\r\n", BareNewline(kind: .lineFeed, offset: 0)),
        (".\n.\r\n", BareNewline(kind: .lineFeed, offset: 1)),
        (".\r.\r\n", BareNewline(kind: .carriageReturn, offset: 1)),
        ("a\r\n.\r\r\nx", BareNewline(kind: .carriageReturn, offset: 4)),
    ])
    func `The first lone CR or LF is named with its place`(wire: String, first: BareNewline) {
        for size in [1, 2, 3, 100] { #expect(unstuff(chunks(of: Array(wire.utf8), size)).first == first) }
    }

    @Test func `A lone LF far into a long run is found`() {
        for position in [1, 30, 31, 32, 33, 63, 64, 65, 200, 999] {
            for octet in [UInt8(10), 13] {
                var body = [UInt8](repeating: 0x61, count: 1000)
                body[position] = octet
                let read = unstuff([body + Array("\r\n.\r\n".utf8)])
                #expect(read.first?.offset == UInt64(position))
                #expect(read.first?.kind == (octet == 10 ? .lineFeed : .carriageReturn))
            }
        }
    }

    @Test func `Normalising makes every line end whole, and is the same on both ways`() {
        for body in bodies(upTo: 5) {
            let wanted = normalized(body)
            var encoder = DataEncoder(bareNewlines: .normalize)
            var wire: [UInt8] = []
            encoder.encode(body, into: &wire)
            encoder.finish(into: &wire)
            let read = unstuff([wire])
            #expect(read.octets == completed(wanted) && read.first == nil && read.isAtEnd, "\(body)")
            for size in [1, 2, 3] {
                var decoder = DataDecoder(framing: .counted, bareNewlines: .normalize)
                var octets: [UInt8] = []
                for chunk in chunks(of: body, size) { _ = decoder.decode(chunk, into: &octets) }
                decoder.finish(into: &octets)
                #expect(octets == wanted, "\(body)")
            }
        }
    }

    @Test func `Counted data passes as it is, lone line ends reported`() {
        for body in bodies(upTo: 5) {
            for size in [1, 2, 3] {
                var decoder = DataDecoder(framing: .counted, bareNewlines: .keep)
                var octets: [UInt8] = []
                for chunk in chunks(of: body, size) { #expect(decoder.decode(chunk, into: &octets) == chunk.count) }
                decoder.finish(into: &octets)
                #expect(octets == body)
                #expect((decoder.firstBareNewline == nil) == (normalized(body) == body))
            }
        }
    }

    @Test func `Chunks are counted to the octet`() {
        var ledger = ChunkLedger()
        ledger.begin(ChunkCommand(count: 5, isLast: false))
        #expect(ledger.take(3) == 3 && !ledger.isChunkComplete)
        #expect(ledger.take(9) == 2 && ledger.isChunkComplete && !ledger.isMessageComplete)
        ledger.begin(ChunkCommand(count: UInt64.max, isLast: true))
        #expect(ledger.announced == .max && !ledger.isMessageComplete)
        ledger.begin(ChunkCommand(count: 0, isLast: true))
        #expect(ledger.isMessageComplete && ledger.take(10) == 0)
    }
}

/// What came of reading data.
private struct Read: Equatable {
    var octets: [UInt8] = []
    /// Octets of the wire that were read.
    var count = 0
    var isAtEnd = false
    var first: BareNewline?
}

private func unstuff(_ pieces: [[UInt8]], _ treatment: BareNewlineTreatment = .keep) -> Read {
    var decoder = DataDecoder(framing: .dotted, bareNewlines: treatment)
    var read = Read()
    for piece in pieces where !decoder.isAtEnd { read.count += decoder.decode(piece, into: &read.octets) }
    read.isAtEnd = decoder.isAtEnd
    read.first = decoder.firstBareNewline
    return read
}

private func stuff(_ pieces: [[UInt8]]) -> [UInt8] {
    var encoder = DataEncoder(bareNewlines: .keep)
    var wire: [UInt8] = []
    for piece in pieces { encoder.encode(piece, into: &wire) }
    encoder.finish(into: &wire)
    return wire
}

/// The body with its last line ended.
private func completed(_ body: [UInt8]) -> [UInt8] {
    body.isEmpty || body.suffix(2) == [13, 10] ? body : body + [13, 10]
}

/// The definition of normalising, octet by octet.
private func normalized(_ body: [UInt8]) -> [UInt8] {
    body.indices.flatMap { index -> [UInt8] in
        switch body[index] {
        case 10 where index == 0 || body[index - 1] != 13: [13, 10]
        case 13 where index == body.count - 1 || body[index + 1] != 10: [32]
        case let octet: [octet]
        }
    }
}

/// Offsets behind every CR LF "." CR LF, the start of the data counting as a line start.
private func terminators(in wire: [UInt8]) -> [Int] {
    let lines: [UInt8] = [13, 10] + wire
    return (0..<max(0, lines.count - 4)).filter { Array(lines[$0..<$0 + 5]) == [13, 10, 46, 13, 10] }.map { $0 + 3 }
}

/// Every body of dots, CRs, LFs and text up to a length.
private func bodies(upTo length: Int) -> [[UInt8]] {
    (0...length).reduce(into: [[[UInt8]]]()) { all, count in
        all.append(count == 0 ? [[]] : (all.last ?? []).flatMap { body in [46, 13, 10, 97].map { body + [$0] } })
    }.flatMap(\.self)
}

/// The pieces that the bits of `cuts` make: bit n cuts behind octet n.
private func pieces(of body: [UInt8], _ cuts: Int) -> [[UInt8]] {
    body.indices.reduce(into: [[]]) { pieces, index in
        pieces[pieces.count - 1].append(body[index])
        if cuts >> index & 1 == 1 { pieces.append([]) }
    }
}

private func chunks(of body: [UInt8], _ size: Int) -> [[UInt8]] {
    stride(from: 0, to: body.count, by: size).map { Array(body[$0..<min($0 + size, body.count)]) }
}

/// A small generator, so that a failure can be had again.
private struct SplitMix: RandomNumberGenerator {
    var state: UInt64
    init(seed: UInt64) { state = seed }

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var word = state
        word = (word ^ (word >> 30)) &* 0xBF58_476D_1CE4_E5B9
        word = (word ^ (word >> 27)) &* 0x94D0_49BB_1331_11EB
        return word ^ (word >> 31)
    }

    /// Mostly text, with more line ends and dots than mail has.
    mutating func octet() -> UInt8 {
        switch next() % 16 {
        case 0: 13
        case 1: 10
        case 2: 46
        default: UInt8(truncatingIfNeeded: next() % 26 + 97)
        }
    }
}
