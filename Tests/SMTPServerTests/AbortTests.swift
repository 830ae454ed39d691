// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

import Locking
import Runtime
import SMTPServer
import Testing

/// A client that goes away at any octet of a transaction: nothing is delivered before the end of the message.
@Suite(.timeLimit(.minutes(20))) struct AbortTests {
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
            let script =
                "EHLO x\r\nMAIL FROM:<a@b>\r\nRCPT TO:<bob@example.test>\r\nBDAT 8\r\na: b\r\n\r\n"
                + "\(command)\r\nBDAT 0 LAST\r\nQUIT\r\n"
            #expect(try await test.codes(script) == "220 250 250 250 250 250 503 221")
            #expect(test.messages.isEmpty && test.sink.aborted.withLock { $0 } == 1)
        }
    }
}

/// A process that drains says 421 between messages, and lets a message come to its end.
@Suite(.timeLimit(.minutes(20))) struct DrainingTests {
    private static let start = "EHLO x\r\nMAIL FROM:<a@b>\r\nRCPT TO:<bob@example.test>\r\nDATA\r\n"

    /// What the server says when the loop drains after `first`, `second` being sent behind that.
    private func codes(_ first: String, _ second: String, _ test: TestServer) async throws -> String {
        let server = test.server
        return try await EventLoop.run { loop in
            try await Connection.withPeer(
                loop: loop,
                peer: {
                    await server.serve($0); await $0.close()
                }
            ) { client in
                client.defersShutdown = true
                client.write(first)
                try await client.flush()
                try await loop.sleep(for: .milliseconds(50))
                loop.shutdownConnections()
                client.write(second)
                var said: [UInt8] = []
                while case let some = (try? await client.readSome(maximum: 65_536)) ?? [], !some.isEmpty {
                    said += some
                }
                return TestServer.codes(in: String(decoding: said, as: UTF8.self))
            }
        }
    }

    @Test func `Between messages`() async throws {
        #expect(try await codes("EHLO x\r\n", "", TestServer()) == "220 250 421")
    }

    @Test func `Within a message`() async throws {
        let test = TestServer()
        #expect(try await codes(Self.start + "a: b\r\n", "\r\n.\r\n", test) == "220 250 250 250 354 250 421")
        #expect(test.messages.count == 1)
    }
}
