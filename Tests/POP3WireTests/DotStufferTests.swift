// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

import POP3Wire
import Testing

@Suite struct DotStufferTests {
    static let messages: [(message: String, encoded: String)] = [
        ("", ".\r\n"),
        ("a\r\n", "a\r\n.\r\n"),
        ("a", "a\r\n.\r\n"),
        ("a\r", "a\r\r\n.\r\n"),
        ("a\n", "a\n\r\n.\r\n"),
        ("a\n\r\n", "a\n\r\n.\r\n"),
        (".", "..\r\n.\r\n"),
        (".\r\n", "..\r\n.\r\n"),
        ("..\r\n.a\r\nb.\r\n", "...\r\n..a\r\nb.\r\n.\r\n"),
        ("a\r\n.\r\nb", "a\r\n..\r\nb\r\n.\r\n"),
        ("\r\n\r\n.\r\n", "\r\n\r\n..\r\n.\r\n"),
        // Bare CR and bare LF begin no line, ...
        ("a\r.b\r\n", "a\r.b\r\n.\r\n"),
        ("a\n.b\r\n", "a\n.b\r\n.\r\n"),
        ("a\n..\r\n", "a\n..\r\n.\r\n"),
        ("a\r\r\n.\r\n", "a\r\r\n..\r\n.\r\n"),
        // ... but a dot alone after a bare LF would end the response for many clients.
        ("a\n.\r\nb\r\n", "a\n..\r\nb\r\n.\r\n"),
        ("a\n.\nb\r\n", "a\n..\nb\r\n.\r\n"),
        ("a\n.\n.\n.\r\n", "a\n..\n..\n..\r\n.\r\n"),
        ("a\n.", "a\n..\r\n.\r\n"),
        ("a\n.\r", "a\n..\r\r\n.\r\n"),
        ("a\n.\rb", "a\n.\rb\r\n.\r\n"),
        ("a\n.\r\r\n.", "a\n.\r\r\n..\r\n.\r\n"),
        ("\n.\n", "\n..\n\r\n.\r\n"),
    ]

    private func encode(_ message: [UInt8], cutting size: Int) -> [UInt8] {
        var stuffer = DotStuffer()
        var output: [UInt8] = []
        for start in stride(from: 0, to: message.count, by: size) {
            output += stuffer.encode(Array(message[start..<min(start + size, message.count)]))
        }
        return output + stuffer.finish()
    }

    @Test("whole, and cut at every size", arguments: messages)
    func encodes(_ message: String, _ expected: String) {
        for size in 1...max(1, message.utf8.count) {
            #expect(String(decoding: encode(Array(message.utf8), cutting: size), as: UTF8.self) == expected)
        }
    }

    @Test("a reader that keeps to the RFC gets every octet back, however chunks are cut") func roundTrip() {
        var generator = SystemRandomNumberGenerator()
        let alphabet = Array("..\r\n\r\na".utf8)
        for _ in 0..<3000 {
            let noise = (0..<Int.random(in: 0...40)).map { _ in alphabet.randomElement(using: &generator) ?? 0 }
            let encoded = encode(noise, cutting: 40)
            #expect(encoded == encode(noise, cutting: 1))
            #expect(encoded == encode(noise, cutting: 3))
            // Nothing before the end looks like the end, to strict and to lenient readers alike.
            let text = String(decoding: encoded.dropLast(3), as: UTF8.self).utf8.split(
                separator: 0x0A,
                omittingEmptySubsequences: false
            )
            let isDot = { (line: Substring.UTF8View) in line.elementsEqual(".".utf8) || line.elementsEqual(".\r".utf8) }
            #expect(!text.contains(where: isDot))
        }
    }
}
