// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

import Locking
import Runtime
import SMTPClient
import Testing

@testable import TransportRole

@Suite(.timeLimit(.minutes(2))) struct OnDemandSessionsTests {
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

    @Test func `A second call has all of the connectors it asks for, or none`() throws {
        let sessions = OnDemandSessions()
        let (first, second) = (try line("one"), try line("two"))
        #expect(sessions.open(["a"], first))
        #expect(!sessions.open(["c", "a"], second))
        #expect(!sessions.isOpen("c"))
        #expect(sessions.open(["c"], second))
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
