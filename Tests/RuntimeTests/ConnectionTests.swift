// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

import ByteTools
import Glibc
import Runtime
import Testing

@Suite("Connections", .timeLimit(.minutes(20)))
struct ConnectionTests {
    @Test("Lines are framed at LF, with CRLF told apart, however the bytes come", arguments: [1, 2, 3, 7, 100])
    func lines(chunk: Int) async throws {
        try await EventLoop.run { loop in
            let text = Array("EHLO x\r\nbare\nlast\r\r\n\r\ncut".utf8)
            try await Connection.withPeer(loop: loop, peer: { try await feed(text, to: $0, by: chunk) }) { server in
                var lines: [Line] = []
                while let line = try await server.readLine(maximum: 100) { lines.append(line) }
                #expect(lines.map { String(decoding: $0.bytes, as: UTF8.self) } == ["EHLO x", "bare", "last\r", ""])
                #expect(lines.map(\.endsWithCRLF) == [true, false, true, true])
            }
        }
    }

    @Test("A line that is too long is thrown once, and the connection goes on")
    func longLine() async throws {
        try await EventLoop.run { loop in
            let text = [UInt8](repeating: 0x61, count: 1 << 20) + Array("\r\nNOOP\r\n".utf8)
            try await Connection.withPeer(loop: loop, peer: { try await feed(text, to: $0, by: 65_536) }) { server in
                await #expect(throws: IOError.lineTooLong) { try await server.readLine(maximum: 512) }
                let next = try await server.readLine(maximum: 512)
                #expect(next?.bytes == Array("NOOP".utf8))
            }
        }
    }

    @Test("The longest line that is allowed is allowed")
    func boundary() async throws {
        try await EventLoop.run { loop in
            let (client, server) = try Connection.pair(loop: loop)
            client.write([UInt8](repeating: 0x61, count: 10) + Array("\r\n".utf8))
            client.write([UInt8](repeating: 0x61, count: 11) + Array("\nx\r\n".utf8))
            try await client.flush()
            #expect(try await server.readLine(maximum: 10)?.bytes.count == 10)
            await #expect(throws: IOError.lineTooLong) { try await server.readLine(maximum: 10) }
            #expect(try await server.readLine(maximum: 10)?.bytes == Array("x".utf8))
            await client.close()
            await server.close()
        }
    }

    @Test("Waits end at the idle time-out and at the deadline")
    func timeouts() async throws {
        try await EventLoop.run { loop in
            let (client, server) = try Connection.pair(loop: loop)
            server.idleTimeout = .milliseconds(50)
            await #expect(throws: IOError.timedOut) { try await server.readLine(maximum: 10) }
            server.idleTimeout = .seconds(60)
            server.deadline = .now + .milliseconds(50)
            let start = ContinuousClock.now
            await #expect(throws: IOError.timedOut) { try await server.readLine(maximum: 10) }
            #expect(start.duration(to: .now) < .seconds(5))
            await client.close()
            await server.close()
        }
    }

    @Test("A notice reaches a parked session, and one that came before is not lost")
    func notices() async throws {
        try await EventLoop.run { loop in
            let (client, server) = try Connection.pair(loop: loop)
            let notifier = server.notifier
            BlockingPool.shared.submit { notifier.notify() }
            #expect(try await server.nextInput(maximum: 10) == .notified)
            notifier.notify()
            notifier.notify()
            try await loop.sleep(for: .milliseconds(5))
            #expect(try await server.nextInput(maximum: 10) == .notified)
            client.write("x\r\n")
            try await client.flush()
            #expect(try await server.nextInput(maximum: 10) == .line(Line(bytes: [0x78], endsWithCRLF: true)))
            await client.close()
            #expect(try await server.nextInput(maximum: 10) == .end)
            await server.close()
        }
    }

    @Test("Draining interrupts waits for input, but not those that are deferred")
    func shutdown() async throws {
        try await EventLoop.run { loop in
            let (client, server) = try Connection.pair(loop: loop)
            client.write("a\r\n")
            try await client.flush()
            loop.shutdownConnections()
            server.defersShutdown = true
            #expect(try await server.readLine(maximum: 10)?.bytes == [0x61])
            server.defersShutdown = false
            await #expect(throws: IOError.shutdown) { try await server.readLine(maximum: 10) }
            await client.close()
            await server.close()
        }
    }

    @Test("Back-pressure: a writer waits for a slow reader, and everything arrives")
    func backPressure() async throws {
        try await EventLoop.run { loop in
            let bytes = [UInt8](repeating: 7, count: 8 << 20)
            try await Connection.withPeer(loop: loop, peer: { try await feed(bytes, to: $0, by: 1 << 20) }) { server in
                var received = 0
                while case let some = try await server.readSome(maximum: 10_000), !some.isEmpty {
                    received += some.count
                }
                #expect(received == bytes.count)
            }
        }
    }

    @Test("Behind what was lost in a flush nothing is sent: the peer would take it for a part of that")
    func cutOutput() async throws {
        try await EventLoop.run { loop in
            let (client, server) = try Connection.pair(loop: loop)
            let count = 16 << 20
            server.idleTimeout = .milliseconds(50)
            server.write([UInt8](repeating: 7, count: count))
            await #expect(throws: IOError.timedOut) { try await server.flush() }
            var received: [UInt8] = []
            // There is room again.
            while let some = try client.readAvailable(), !some.isEmpty { received += some }
            server.write("* BYE\r\n")
            await #expect(throws: IOError.closed) { try await server.flush() }
            server.write("* BYE\r\n")
            await server.close()
            while case let some = try await client.readSome(maximum: 65_536), !some.isEmpty { received += some }
            #expect(!received.isEmpty && received.count < count && received.allSatisfy { $0 == 7 })
            await client.close()
        }
    }

    @Test("What the peer does not take at once stays gathered, and comes in its order", .timeLimit(.minutes(20)))
    func flushWithoutWaiting() async throws {
        try await EventLoop.run { loop in
            let (client, server) = try Connection.pair(loop: loop)
            let text = (0..<(2 << 20)).map { UInt8(truncatingIfNeeded: $0 / 251) }
            server.write(text)
            try server.flushWithoutWaiting()
            #expect(server.unsentCount > 0 && server.unsentCount < text.count)
            try server.flushWithoutWaiting()
            server.write("end")
            var received: [UInt8] = []
            while server.unsentCount > 0 {
                while let some = try client.readAvailable(), !some.isEmpty { received += some }
                try server.flushWithoutWaiting()
            }
            await server.close()
            while case let some = try await client.readSome(maximum: 65_536), !some.isEmpty { received += some }
            #expect(received == text + Array("end".utf8))
            await client.close()
        }
    }

    @Test("One task can wait for two connections")
    func either() async throws {
        try await EventLoop.run { loop in
            let (a, farA) = try Connection.pair(loop: loop)
            let (b, farB) = try Connection.pair(loop: loop)
            farB.write("b")
            try await farB.flush()
            var ready = try await Connection.waitForEither(a, b)
            #expect(!ready.a && ready.b)
            #expect(try b.readAvailable() == [0x62])
            #expect(try b.readAvailable() == nil)
            farA.write("a")
            try await farA.flush()
            ready = try await Connection.waitForEither(a, b)
            #expect(ready.a && !ready.b)
            await farA.close()
            #expect(try a.readAvailable() == [0x61])
            ready = try await Connection.waitForEither(a, b)
            #expect(ready.a)
            #expect(try a.readAvailable() == [])
            for connection in [a, b, farB] { await connection.close() }
        }
    }

    /// The loop tells of the octets and of the error at once, and of nothing behind that.
    @Test("A peer that is gone with something unread is found out behind its last octets", arguments: [false, true])
    func broken(inPair: Bool) async throws {
        try await EventLoop.run { loop in
            var ends: [Int32] = [-1, -1]
            let kind = Int32(SOCK_STREAM.rawValue | SOCK_NONBLOCK.rawValue)
            #expect(unsafe socketpair(AF_UNIX, kind, 0, &ends) == 0)
            let (near, far) = (Connection(fd: ends[0], loop: loop, peer: .unix), ends[1])
            let (other, otherFar) = try Connection.pair(loop: loop)
            near.idleTimeout = .seconds(30)
            other.idleTimeout = .seconds(30)
            near.write("never read")
            try await near.flush()
            loop.execute {
                _ = unsafe write(far, "cut", 3)
                close(far)
            }
            var failure: IOError?
            do {
                if inPair {
                    while true {
                        try await Connection.waitForAny(near, other)
                        while let some = try near.readArrived() { if some.isEmpty { throw IOError.closed } }
                    }
                } else {
                    _ = try await near.readLine(maximum: 100)
                }
            } catch { failure = error as? IOError }
            #expect(failure != nil && failure != .timedOut)
            for connection in [near, other, otherFar] { await connection.close() }
        }
    }

    @Test("What has arrived is what the loop has told of, to the end of the stream")
    func arrived() async throws {
        try await EventLoop.run { loop in
            let (a, far) = try Connection.pair(loop: loop)
            let (b, farB) = try Connection.pair(loop: loop)
            for octet in UInt8(1)...3 {
                far.write([octet])
                try await far.flush()
                // Of a new connection nothing is known, so that it is looked at.
                if octet > 1 { #expect(try a.readArrived() == nil) }
                try await Connection.waitForAny(a, b)
                #expect(try a.readArrived() == [octet])
                #expect(try a.readArrived() == nil && b.readArrived() == nil)
            }
            // As much as one read takes, and more.
            let long = [UInt8](repeating: 9, count: 70_000)
            far.write(long)
            try await far.flush()
            var received: [UInt8] = []
            while received.count < long.count {
                try await Connection.waitForAny(a, b)
                while let some = try a.readArrived() { received += some }
            }
            #expect(received == long)
            await far.close()
            try await Connection.waitForAny(a, b)
            #expect(try a.readArrived() == [])
            for connection in [a, b, farB] { await connection.close() }
        }
    }
}

/// Writes `bytes` in pieces and closes.
private func feed(_ bytes: [UInt8], to connection: Connection, by size: Int) async throws {
    for start in stride(from: 0, to: bytes.count, by: size) {
        connection.write(Array(bytes[start..<min(start + size, bytes.count)]))
        try await connection.flush()
    }
    await connection.close()
}
