// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

import POP3Wire
import Testing

@Suite struct TopExtractTests {
    static let message = "A: 1\r\nB: 2\r\n\r\none\r\ntwo\r\nthree\r\n"
    static let table: [(message: String, lines: UInt64, extract: String)] = [
        (message, 0, "A: 1\r\nB: 2\r\n\r\n"),
        (message, 1, "A: 1\r\nB: 2\r\n\r\none\r\n"),
        (message, 3, message),
        (message, .max, message),
        ("\r\nbody\r\n", 0, "\r\n"),
        ("\r\nbody\r\n", 1, "\r\nbody\r\n"),
        ("A: 1\n\nb\nc\n", 1, "A: 1\n\nb\n"),
        ("no header end", 0, "no header end"),
        ("A: 1\r\n\r\nunfinished", 1, "A: 1\r\n\r\nunfinished"),
        ("", 5, ""),
        ("\r\n", 0, "\r\n"),
    ]

    @Test("cut at every size", arguments: table)
    func extracts(_ message: String, _ lines: UInt64, _ expected: String) {
        let octets = Array(message.utf8)
        for size in 1...max(1, octets.count) {
            var extract = TopExtract(bodyLines: lines)
            var output: [UInt8] = []
            for start in stride(from: 0, to: octets.count, by: size) {
                output += extract.take(Array(octets[start..<min(start + size, octets.count)]))
            }
            #expect(String(decoding: output, as: UTF8.self) == expected)
        }
    }
}
