// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

import MessageFormat
import Testing

@Suite struct ContentFactsTests {
    private func names(_ facts: ContentFacts) -> String {
        [
            facts.hasEightBit ? "8" : "", facts.hasEightBitHeader ? "h" : "", facts.hasNull ? "0" : "",
            facts.hasBareNewline ? "n" : "", facts.hasLongLine ? "l" : "",
        ].joined()
    }

    private static let long = String(repeating: "x", count: 998)

    @Test(arguments: [
        ("", ""), ("\r\n", ""), ("Subject: x\r\n\r\nbody\r\n", ""), ("Subject: x\r\n\r\nbody", ""),
        ("Subject: é\r\n\r\nbody\r\n", "8h"), ("Subject: x\r\n\r\nbodé\r\n", "8"), ("\r\né", "8"), ("é", "8h"),
        ("a\0b\r\n", "0"), ("a\nb\r\n", "n"), ("a\rb\r\n", "n"), ("a\r\r\nb\r\n", "n"), ("a\r", "n"), ("a\n", "n"),
        ("Subject: x\n\né\n", "8n"),
        (long + "\r\n", ""), (long + "x\r\n", "l"), (long + "x", "l"), ("a\r\n\r\n" + long + "\r\n" + long, ""),
        ("\u{7}\u{B}\u{C}\u{1F}\u{7F}\t", ""),
    ])
    func `What the octets demand, cut anywhere`(text: String, expected: String) {
        let octets = Array(text.utf8)
        #expect(names(ContentFacts(of: octets)) == expected)
        for piece in [1, 2, 3, 7, 8, 9] {
            var scanner = ContentFacts.Scanner()
            for start in stride(from: 0, to: octets.count, by: piece) {
                scanner.read(Array(octets[start..<min(start + piece, octets.count)]))
            }
            #expect(names(scanner.facts) == expected, "in pieces of \(piece)")
        }
    }

    @Test func `Every octet at every place of a word`() {
        for octet in UInt8.min...UInt8.max {
            for place in 0..<17 {
                var octets = [UInt8](repeating: 0x20, count: 17)
                octets[place] = octet
                let facts = ContentFacts(of: octets)
                #expect(facts.hasEightBit == (octet >= 0x80))
                #expect(facts.hasNull == (octet == 0))
                #expect(facts.hasBareNewline == (octet == 10 || octet == 13))
            }
        }
    }
}
