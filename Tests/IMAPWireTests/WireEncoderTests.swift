// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

import IMAPWire
import Testing

/// Whatever the octets are, they come back, and what is on the wire is a valid token.
@Test(arguments: [WireEncoder.LiteralForm.plain, .nonSynchronizing])
func stringsAreAlwaysValid(form: WireEncoder.LiteralForm) throws {
    var dice = Dice(state: 1)
    var samples: [[UInt8]] = (0...255).map { [UInt8($0)] }
    samples += [[], Array("NIL".utf8), Array("nil".utf8), [UInt8](repeating: 0x41, count: 5000), Array("a\"b\\c".utf8)]
    samples += (0..<300).map { count in (0..<count % 40).map { _ in UInt8.random(in: 0...255, using: &dice) } }
    for octets in samples {
        var encoder = WireEncoder(literalForm: form)
        encoder.astring(octets)
        encoder.space()
        encoder.string(octets)
        encoder.space()
        encoder.nstring(octets)
        encoder.raw(" NIL")
        var scanner = WireScanner(encoder.bytes)
        #expect(try scanner.astring() == octets)
        try scanner.space()
        #expect(try scanner.string() == octets)
        try scanner.space()
        #expect(try scanner.nstring() == octets)
        try scanner.space()
        #expect(try scanner.nstring() == nil)
        #expect(scanner.isAtEnd)
    }
}

@Test
func partsOfArraysAreWrittenAsArraysAre() {
    let octets = Array("plain \"quoted\\ ".utf8) + [0x7E, 0x7F, 0x80, 0x1F] + [UInt8](repeating: 0x41, count: 1100)
    for start in [0, 3, 10] {
        for end in [start, start + 1, 14, 16, 19, 900, octets.count] where end >= start {
            var (whole, part) = (WireEncoder(), WireEncoder())
            whole.nstring(Array(octets[start..<end]))
            part.nstring(octets, start..<end)
            #expect(whole.bytes == part.bytes)
        }
    }
    var encoder = WireEncoder()
    encoder.nstring(octets, nil)
    #expect(encoder.bytes == Array("NIL".utf8))
}

@Test
func textIsOneLineOfASCII() {
    var encoder = WireEncoder()
    encoder.text("a\r\nb\u{0}ü")
    #expect(encoder.bytes == Array("a??b???".utf8))
    encoder = WireEncoder()
    encoder.text("")
    #expect(!encoder.bytes.isEmpty)
}

@Test(
    arguments: [
        ("1", [1...1]), ("3:1", [1...3]), ("*", [9...9]), ("5:*", [5...9]), ("*:12", [9...12]), ("1,2,3", [1...3]),
        ("7,1:3,2:5", [1...5, 7...7]), ("4294967295,1:4294967295", [1...4_294_967_295]), ("12:*", [9...12]),
    ] as [(String, [ClosedRange<UInt32>])]
)
func resolvesSets(text: String, ranges: [ClosedRange<UInt32>]) {
    #expect(set(text).resolved(largest: 9) == ranges)
}
