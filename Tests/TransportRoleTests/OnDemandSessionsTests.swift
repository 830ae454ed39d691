// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

import Locking
import Runtime
import SMTPClient
import Testing

@testable import TransportRole

@Suite(.timeLimit(.minutes(20))) struct OnDemandSessionsTests {
    private func line(_ name: String) throws -> OnDemandSessions.Line {
        let address = try #require(SocketAddress(host: "127.0.0.1", port: 0))
        return OnDemandSessions.Line(host: SMTPHost(name, address), options: SMTPOutboundOptions(heloName: "x"))
    }

    @Test func `Connectors of one call take turns on its connection`() async throws {
        let (sessions, line) = (OnDemandSessions(), try line("one"))
        #expect(sessions.open(["a", "b"], line))
        #expect(await sessions.take("a") == line)
        let order = Lock<[String]>([])
        let second = Task {
            let taken = await sessions.take("b")
            order.withLock { $0.append("b takes it") }
            return taken
        }
        order.withLock { $0.append("a is done") }
        sessions.giveBack(line)
        #expect(await second.value == line)
        #expect(order.withLock { $0 } == ["a is done", "b takes it"])
    }

    @Test func `A second call has all of the connectors it asks for, or none`() async throws {
        let sessions = OnDemandSessions()
        let (first, second) = (try line("one"), try line("two"))
        #expect(sessions.open(["a"], first))
        #expect(!sessions.open(["c", "a"], second))
        #expect(!sessions.isOpen(second))
        #expect(await sessions.take("c") == nil)
        #expect(sessions.open(["c"], second))
        #expect(sessions.isOpen(first) && sessions.isOpen(second))
    }

    @Test func `Who wants one connection does not get that of the next call`() async throws {
        let sessions = OnDemandSessions()
        let (first, second) = (try line("one"), try line("two"))
        #expect(sessions.open(["a"], first))
        #expect(await sessions.take(first))
        sessions.close(first)
        #expect(sessions.open(["a"], second))
        #expect(!(await sessions.take(first)))
        // Nobody has the other.
        #expect(await sessions.take(second))
        let waiting = Task { await sessions.take(second) }
        sessions.giveBack(second)
        #expect(await waiting.value)
        sessions.giveBack(second)
        await sessions.end(second)
        #expect(!(await sessions.take(second)))
    }

    @Test func `Nobody gets a connection before there is somebody at its other end`() async throws {
        let (sessions, line) = (OnDemandSessions(), try line("one"))
        #expect(sessions.open(["a"], line, isReady: false))
        let order = Lock<[String]>([])
        let first = Task {
            let taken = await sessions.take("a")
            order.withLock { $0.append("taken") }
            return taken
        }
        order.withLock { $0.append("ready") }
        sessions.giveBack(line)
        #expect(await first.value == line)
        #expect(order.withLock { $0 } == ["ready", "taken"])
        sessions.close(line)
        #expect(sessions.open(["a"], line, isReady: false))
        let second = Task { await sessions.take("a") }
        sessions.close(line)
        #expect(await second.value == nil)
    }

    @Test func `The end comes when what is under way is over, and nothing begins meanwhile`() async throws {
        for breaks in [false, true] {
            let (sessions, line) = (OnDemandSessions(), try line("one"))
            #expect(sessions.open(["a", "b"], line))
            #expect(await sessions.take("a") == line)
            let waiting = Task { await sessions.take("b") }
            let order = Lock<[String]>([])
            let ending = Task {
                await sessions.end(line)
                order.withLock { $0.append("ended") }
            }
            // Nobody gets it but from who has it, who does not give it back before.
            #expect(await waiting.value == nil)
            #expect(await sessions.take("a") == nil)
            order.withLock { $0.append("done") }
            if breaks { sessions.close(line) } else { sessions.giveBack(line) }
            await ending.value
            #expect(order.withLock { $0 } == ["done", "ended"])
            #expect(await sessions.take("a") == nil)
            #expect(sessions.open(["a"], line))
            await sessions.end(line)
            #expect(!sessions.isOpen(line))
        }
    }

    @Test func `A connection that is gone is gone for all, at once, and only that one`() async throws {
        let sessions = OnDemandSessions()
        let (first, second) = (try line("one"), try line("two"))
        #expect(sessions.open(["a", "b"], first))
        #expect(await sessions.take("a") == first)
        let waiting = Task { await sessions.take("b") }
        sessions.close(first)
        #expect(await waiting.value == nil)
        #expect(await sessions.take("a") == nil)
        #expect(sessions.open(["a"], second))
        // Who had the first one is late.
        sessions.giveBack(first)
        sessions.close(first)
        #expect(await sessions.take("a") == second)
    }
}
