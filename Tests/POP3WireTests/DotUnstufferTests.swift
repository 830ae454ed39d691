// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

import POP3Wire
import Testing

@Suite struct DotUnstufferTests {
    static let messages = [
        "", "\r\n", ".", "..", ".\r\n", "a\r\n.b\r\n..\r\n", "no end", "bare\r and\n.x\r\n", "\r\r\n.",
        String(repeating: ".\r\n", count: 50),
    ]

    private func decode(_ octets: [UInt8], cutting size: Int) throws -> (output: [UInt8], rest: Int) {
        var unstuffer = DotUnstuffer()
        var output: [UInt8] = []
        var taken = 0
        while taken < octets.count, !unstuffer.isComplete {
            let chunk = Array(octets[taken..<min(octets.count, taken + size)])
            taken += try unstuffer.decode(chunk, into: &output)
        }
        #expect(unstuffer.isComplete)
        return (output, octets.count - taken)
    }

    @Test("what was stuffed comes out again, wherever it is cut", arguments: messages, [1, 2, 3, 1000])
    func roundTrip(_ message: String, _ size: Int) throws {
        var stuffer = DotStuffer()
        let stuffed = stuffer.encode(Array(message.utf8)) + stuffer.finish()
        let (output, rest) = try decode(stuffed + Array("+OK".utf8), cutting: size)
        let isWhole = message.isEmpty || message.hasSuffix("\r\n")
        #expect(output == Array((isWhole ? message : message + "\r\n").utf8))
        #expect(rest == 3)
    }

    @Test(
        "a dot alone in front of other octets is no valid line",
        arguments: [".x\r\n", "a\r\n.x", ".\rx", "a\r\n.\n"]
    )
    func refused(_ octets: String) {
        for size in [1, 100] { #expect(throws: POP3ReplyError.self) { try decode(Array(octets.utf8), cutting: size) } }
    }
}
