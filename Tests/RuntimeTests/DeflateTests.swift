// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

import Runtime
import Testing

@Suite("Compressed connections", .timeLimit(.minutes(1)))
struct DeflateConnectionTests {
    @Test("Lines go both ways; what was read before belongs to what is compressed")
    func lines() async throws {
        let text = String(repeating: "line of text ", count: 20_000)
        try await EventLoop.run { loop in
            try await Connection.withPeer(
                loop: loop,
                peer: { peer in
                    #expect(try await peer.readLine(maximum: 100)?.bytes == Array("COMPRESS".utf8))
                    peer.write("OK\r\n")
                    try await peer.startDeflate(received: [])
                    while let line = try await peer.readLine(maximum: 1 << 20) {
                        peer.write(line.bytes + Array("!\r\n".utf8))
                    }
                }
            ) { client in
                client.write("COMPRESS\r\n")
                #expect(try await client.readLine(maximum: 100)?.bytes == Array("OK".utf8))
                try await client.startDeflate(received: [])
                for line in ["a", text, "b"] {
                    client.write(line + "\r\n")
                    #expect(try await client.readLine(maximum: 1 << 20)?.bytes == Array((line + "!").utf8))
                }
                client.write("x\r\ny\r\n")
                #expect(try await client.readLine(maximum: 100)?.bytes == Array("x!".utf8))
                #expect(try await client.readSome(maximum: 100) == Array("y!\r\n".utf8))
            }
        }
    }

    @Test("Octets that are not compressed end the connection")
    func hostile() async throws {
        try await EventLoop.run { loop in
            try await Connection.withPeer(loop: loop, peer: { $0.write("a1 NOOP\r\na2 NOOP\r\n") }) { client in
                try await client.startDeflate(received: [])
                await #expect(throws: IOError.self) { try await client.readLine(maximum: 100) }
            }
        }
    }
}
