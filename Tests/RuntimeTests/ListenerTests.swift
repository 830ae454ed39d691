// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

import ByteTools
import Glibc
import Locking
import Runtime
import Testing

@Suite("Listeners and TLS", .timeLimit(.minutes(20)))
struct ListenerTests {
    /// A self-signed certificate in files, for the time of a test.
    static func withCertificate<R>(_ body: (TLSContext, TLSContext) async throws -> R) async throws -> R {
        let made = try SelfSignedCertificate(names: ["localhost", "127.0.0.1"])
        let base = "/tmp/martlet-test-\(Hex.encode(secureRandom(8)))"
        for (suffix, bytes) in [(".crt", made.certificate), (".key", made.key)] {
            let fd = unsafe open(base + suffix, O_CREAT | O_WRONLY, 0o600)
            _ = unsafe Glibc.write(fd, bytes, bytes.count)
            close(fd)
        }
        defer { for suffix in [".crt", ".key"] { unsafe unlink(base + suffix) } }
        let server = try TLSContext.server(certificateFile: base + ".crt", keyFile: base + ".key")
        return try await body(server, try TLSContext.client(verify: false))
    }

    private func port(of fd: Int32) throws -> SocketAddress {
        try #require(localAddress(of: fd))
    }

    private func listen() throws -> Int32 {
        try bindTCP(try #require(SocketAddress(host: "127.0.0.1", port: 0)))
    }

    @Test("Many connections over TCP are served, on two loops, and run() ends after stop")
    func manyConnections() async throws {
        let fd = try listen()
        let loops = [EventLoop(name: "a"), EventLoop(name: "b")]
        for loop in loops { loop.start() }
        let served = Lock(0)
        let listener = Listener(fd: fd, loops: loops, maximumConnections: 1000) { connection in
            while let line = try? await connection.readLine(maximum: 100) { connection.write(line.bytes + [0x0A]) }
            served.withLock { $0 += 1 }
        }
        async let running: Void = listener.run()
        let address = try port(of: fd)
        try await EventLoop.run { loop in
            for n in 0..<200 {
                let client = try await Connection.connect(to: address, loop: loop, timeout: .seconds(5))
                client.write("hello \(n)\r\n")
                #expect(try await client.readLine(maximum: 100)?.bytes == Array("hello \(n)".utf8))
                await client.close()
            }
        }
        listener.stop()
        await running
        #expect(served.withLock { $0 } == 200)
        #expect(listener.openCount == 0)
        for loop in loops { loop.stop() }
        close(fd)
    }

    @Test("TLS: implicit and STARTTLS, facts are told, a clean end is clean")
    func handshakes() async throws {
        try await Self.withCertificate { server, client in
            try await EventLoop.run { loop in
                let echo: @Sendable (Connection) async throws -> Void = { far in
                    try await far.startTLS(server)
                    #expect(far.tls?.serverName == "localhost")
                    while let line = try await far.readLine(maximum: 300_000) { far.write(line.bytes + [13, 10]) }
                }
                try await Connection.withPeer(loop: loop, peer: echo) { near in
                    try await near.connectTLS(client, serverName: "localhost")
                    #expect(near.tls?.version == "TLSv1.3")
                    near.write([UInt8](repeating: 0x61, count: 200_000) + Array("\r\n".utf8))
                    #expect(try await near.readLine(maximum: 300_000)?.bytes.count == 200_000)
                }
            }
        }
    }

    @Test("Clear bytes behind STARTTLS are refused")
    func injection() async throws {
        try await Self.withCertificate { server, _ in
            try await EventLoop.run { loop in
                let (near, far) = try Connection.pair(loop: loop)
                near.write("STARTTLS\r\nMAIL FROM:<evil@x>\r\n")
                try await near.flush()
                _ = try await far.readLine(maximum: 100)
                await #expect(throws: IOError.tls("data in the clear behind the request for TLS")) {
                    try await far.startTLS(server)
                }
                await near.close()
                await far.close()
            }
        }
    }

    @Test("A peer that talks nonsense instead of TLS gets an error, not a trap")
    func nonsense() async throws {
        try await Self.withCertificate { server, _ in
            try await EventLoop.run { loop in
                let (near, far) = try Connection.pair(loop: loop)
                near.write("GET / HTTP/1.0\r\n\r\n")
                try await near.flush()
                let start = ContinuousClock.now
                while far.bufferedCount == 0, start.duration(to: .now) < .milliseconds(20) {
                    try await loop.sleep(for: .milliseconds(1))
                }
                await #expect(throws: IOError.self) { try await far.startTLS(server) }
                await near.close()
                await far.close()
            }
        }
    }

    @Test("Unix sockets with short and very long paths")
    func unixSockets() async throws {
        for length in [10, 150] {
            let directory = "/tmp/martlet-\(String(repeating: "d", count: length))-\(Hex.encode(secureRandom(6)))"
            unsafe mkdir(directory, 0o700)
            let path = directory + "/socket"
            let fd = try bindUnix(path: path, mode: 0o600)
            let loop = EventLoop(name: "unix")
            loop.start()
            let listener = Listener(fd: fd, loops: [loop], maximumConnections: 10) { connection in
                connection.write("user \(connection.peerCredentials?.user ?? 99)\r\n")
            }
            listener.start()
            try await EventLoop.run { loop in
                let client = try await Connection.connect(unixPath: path, loop: loop, timeout: .seconds(5))
                #expect(try await client.readLine(maximum: 100)?.bytes == Array("user \(getuid())".utf8))
                await client.close()
            }
            listener.stop()
            loop.stop()
            close(fd)
            unsafe unlink(path)
            unsafe rmdir(directory)
        }
    }

    @Test("Connections above the maximum get the refusal")
    func maximum() async throws {
        let fd = try listen()
        let address = try port(of: fd)
        let loop = EventLoop(name: "max")
        loop.start()
        let listener = Listener(
            fd: fd,
            loops: [loop],
            maximumConnections: 1,
            refusal: Array("421 busy\r\n".utf8)
        ) { connection in
            connection.write("220\r\n")
            _ = try? await connection.readLine(maximum: 10)
        }
        listener.start()
        try await EventLoop.run { loop in
            let first = try await Connection.connect(to: address, loop: loop, timeout: .seconds(5))
            #expect(try await first.readLine(maximum: 10)?.bytes == Array("220".utf8))
            let second = try await Connection.connect(to: address, loop: loop, timeout: .seconds(5))
            #expect(try await second.readLine(maximum: 10)?.bytes == Array("421 busy".utf8))
            await first.close()
            await second.close()
        }
        listener.stop()
        loop.stop()
        close(fd)
    }

    @Test("A connection that is refused says so")
    func refused() async throws {
        let fd = try listen()
        let address = try port(of: fd)
        close(fd)
        try await EventLoop.run { loop in
            await #expect(throws: IOError.system(errno: ECONNREFUSED, call: "connect")) {
                _ = try await Connection.connect(to: address, loop: loop, timeout: .seconds(5))
            }
        }
    }
}
