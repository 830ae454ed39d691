// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

import ByteTools
import Events
import Glibc
import Locking
import MailTypes
import Runtime
import Settings
import Testing

@testable import Resolver

@Suite(.timeLimit(.minutes(20))) struct ResolverClientTests {
    /// Keeps the numbers of events.
    private final class Numbers: EventSink {
        let seen = Lock<[UInt16]>([])
        func record(_ event: Event) { seen.withLock { $0.append(event.definition.number) } }
    }

    private static let answer = ResolverReply.hosts(.failed(ResolutionFailure(.nullMX, "takes no mail")), [])

    /// Asks a client whose resolver does what `serve` does, connection by connection, counted from 0.
    private func ask(
        timeout: Duration = .seconds(20),
        _ serve: @escaping @Sendable (Int, Connection) async throws -> Void
    ) async throws -> (answer: MailHostAnswer, connections: Int, events: [UInt16]) {
        let path = "/tmp/martlet-test-\(Hex.encode(secureRandom(8))).sock"
        let fd = try bindUnix(path: path, mode: 0o600)
        defer {
            close(fd)
            unsafe unlink(path)
        }
        let (count, numbers) = (Lock(0), Numbers())
        let settings = LiveSettings(SettingsSnapshot(texts: [ResolverSettings.timeout.path: timeout.settingText]))
        let answer = try await EventLoop.run { loop in
            let listener = Listener(fd: fd, loops: [loop], maximumConnections: 10) { connection in
                let number = count.withLock { count in
                    defer { count += 1 }
                    return count
                }
                try? await serve(number, connection)
                connection.abort()
            }
            async let running: Void = listener.run()
            let client = ResolverClient(
                path: path,
                loop: loop,
                settings: settings,
                events: EventRecorder(sink: numbers)
            )
            let answer = await client.mailHosts(of: try #require(Domain("d.test")))
            listener.stop()
            loop.shutdownConnections()
            await running
            return answer
        }
        return (answer, count.withLock { $0 }, numbers.seen.withLock { $0 })
    }

    private static func request(_ connection: Connection) async throws -> ResolverRequest {
        let prefix = try await connection.readExactly(ResolverFrame.prefixOctets)
        let octets = try await connection.readExactly(try #require(ResolverFrame.length(prefix)))
        return try ResolverRequest.decode(octets).request
    }

    @Test func asksAndGetsAnAnswer() async throws {
        let (answer, connections, events) = try await ask { _, connection in
            #expect(try await Self.request(connection) == .mailHosts(domain: "d.test"))
            connection.write(ResolverFrame.framed(Self.answer.encoded))
            try await connection.flush()
        }
        #expect(answer.failure?.class == .nullMX && connections == 1 && events.isEmpty)
    }

    @Test(arguments: [0, 2, 7])
    func asksAgainWhenTheResolverDiesInTheMiddle(sent: Int) async throws {
        let (answer, connections, events) = try await ask { number, connection in
            _ = try await Self.request(connection)
            let octets = ResolverFrame.framed(Self.answer.encoded)
            connection.write(number == 0 ? Array(octets.prefix(sent)) : octets)
            try await connection.flush()
        }
        #expect(answer.failure?.class == .nullMX && connections == 2 && events.isEmpty)
    }

    @Test func aResolverThatAlwaysDiesIsLater() async throws {
        let (answer, connections, events) = try await ask { _, connection in _ = try await Self.request(connection) }
        #expect(answer.failure?.class == .later && connections == 3 && events == [9658])
    }

    @Test func nonsenseIsLater() async throws {
        for octets in [[0xFF, 0xFF, 0xFF, 0xFF], [1, 0, 0, 0, 9]] as [[UInt8]] {
            let (answer, _, _) = try await ask { _, connection in
                _ = try await Self.request(connection)
                connection.write(octets)
                try await connection.flush()
            }
            #expect(answer.failure?.class == .later)
        }
    }

    @Test func aResolverThatHangsIsLaterInTime() async throws {
        let start = ContinuousClock.now
        let (answer, connections, events) = try await ask(timeout: .seconds(1)) { _, connection in
            _ = try await Self.request(connection)
            _ = try await connection.readExactly(1)
        }
        #expect(answer.failure?.class == .later && connections == 1 && events == [9658])
        // It would hang for ever; the rest is for busy machines.
        #expect(start.duration(to: .now) < .seconds(150))
    }

    @Test func noResolverIsLaterInTime() async throws {
        let settings = LiveSettings(SettingsSnapshot(texts: [ResolverSettings.timeout.path: "1s"]))
        let answer = try await EventLoop.run { loop in
            let client = ResolverClient(
                path: "/tmp/martlet-test-none.sock",
                loop: loop,
                settings: settings,
                events: .none
            )
            return await client.addresses(of: try #require(Domain("h.test")))
        }
        #expect(answer.failure?.class == .later)
    }
}
