// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

import Locking
import SMTPServer
import Testing

/// A client that goes away at any octet of a transaction: nothing is delivered before the end of the message.
@Suite(.timeLimit(.minutes(2))) struct AbortTests {
    @Test(arguments: [
        "EHLO x\r\nMAIL FROM:<a@b>\r\nRCPT TO:<bob@example.test>\r\nDATA\r\nSubject: x\r\n\r\n..\r\n..x\r\n.\r\n",
        "EHLO x\r\nMAIL FROM:<a@b>\r\nRCPT TO:<bob@example.test>\r\nBDAT 6\r\na: b\r\nBDAT 5 LAST\r\n\r\n.\r\n",
    ])
    func `At every octet`(script: String) async throws {
        let octets = Array(script.utf8)
        for count in 0..<octets.count {
            let test = TestServer()
            try await test.run(Array(octets[..<count]), closes: true)
            guard test.messages.isEmpty else {
                Issue.record("delivered after \(count) of \(octets.count) octets")
                return
            }
        }
        let whole = TestServer()
        try await whole.run(octets + Array("QUIT\r\n".utf8))
        #expect(whole.messages.count == 1)
    }

    @Test func `RSET and EHLO drop what has come in chunks`() async throws {
        for command in ["RSET", "EHLO y"] {
            let test = TestServer()
            let script = "EHLO x\r\nMAIL FROM:<a@b>\r\nRCPT TO:<bob@example.test>\r\nBDAT 8\r\na: b\r\n\r\n\(command)\r\nBDAT 0 LAST\r\nQUIT\r\n"
            #expect(try await test.codes(script) == "220 250 250 250 250 250 503 221")
            #expect(test.messages.isEmpty && test.sink.aborted.withLock { $0 } == 1)
        }
    }
}
