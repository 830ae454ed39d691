// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

import Compression
import Runtime
import Testing

@Suite("Compressed connections", .timeLimit(.minutes(20)))
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

    @Test("Compression ends behind what was flushed; what follows is plain, however it comes", arguments: [1, 3, 1000])
    func ends(piece: Int) async throws {
        try await EventLoop.run { loop in
            try await Connection.withPeer(
                loop: loop,
                peer: { peer in
                    for round in 0..<3 {
                        try await peer.startDeflate(received: [])
                        #expect(try await peer.readLine(maximum: 100)?.bytes == Array("END \(round)".utf8))
                        peer.write("OK\r\n")
                        try await peer.endDeflate()
                        peer.write("plain\r\n")
                        #expect(try await peer.readLine(maximum: 100)?.bytes == Array("plain".utf8))
                        peer.write("on\r\n")
                    }
                }
            ) { client in
                for round in 0..<3 {
                    let octets = try #require(Deflate.compress(Array("END \(round)\r\n".utf8)))
                    let sent = octets + Array("plain\r\n".utf8)
                    for start in stride(from: 0, to: sent.count, by: piece) {
                        client.write(sent[start..<min(sent.count, start + piece)])
                        try await client.flush()
                        for _ in 0..<3 { await Task.yield() }
                    }
                    try await client.startDeflate(received: [])
                    #expect(try await client.readLine(maximum: 100)?.bytes == Array("OK".utf8))
                    try await client.endDeflate()
                    #expect(try await client.readLine(maximum: 100)?.bytes == Array("plain".utf8))
                    #expect(try await client.readLine(maximum: 100)?.bytes == Array("on".utf8))
                }
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
