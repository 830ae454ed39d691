// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

import Locking
import Runtime
import SMTPWire
import Testing

@testable import MailQueue

/// Mail that waits until somebody asks for it (RFC 2645).
@Suite(.timeLimit(.minutes(20))) struct OnDemandTests {
    private static let line = "fetch/mx:fetch.test"

    private func onHeld(_ body: @escaping @Sendable (Bench, MailQueue) async throws -> Void) async throws {
        try await onBench { bench in
            bench.world.routes.withLock { routes in
                for name in ["fetch.test", "annex.test"] { routes[name] = .held("fetch/mx:\(name)") }
            }
            let queue = try await bench.open()
            await queue.setSending(true)
            try await body(bench, queue)
            await queue.close()
        }
    }

    private func release(_ queue: MailQueue, _ call: String, triedAtMost limit: Int = .max) async {
        await queue.release(connector: "fetch", call: call, triedAtMost: limit) { _ in true }
    }

    @Test func `A try that was none counts for nothing, and nothing is said of it`() async throws {
        try await onHeld { bench, queue in
            let id = try await queue.accept(message(to: "a@fetch.test"), content("x"))
            let before = try #require(try await queue.message(id))
            bench.world.uncalled.withLock { $0 = [Self.line] }
            for call in ["first", "second"] {
                await release(queue, call)
                await bench.settle(queue)
                let after = try await queue.message(id)
                #expect(after == before)
            }
            #expect(before.state == .remote && before.recipients[0].attempts == 0)
            #expect(await queue.destinations.map(\.failures) == [0])
            bench.world.uncalled.withLock { $0 = [] }
            await release(queue, "third")
            await bench.settle(queue)
            #expect(bench.world.taken("<a@fetch.test>") == 1)
        }
    }

    @Test func `What was last said stays, when the next call does not get to it`() async throws {
        try await onHeld { bench, queue in
            let id = try await queue.accept(message(to: "a@fetch.test"), content("x"))
            bench.world.answers.withLock { $0["<a@fetch.test>"] = .later }
            await release(queue, "first")
            await bench.settle(queue)
            let said = try await queue.message(id)?.recipients[0].status
            #expect(said?.reply.lines == ["Later"])
            bench.world.uncalled.withLock { $0 = [Self.line] }
            await release(queue, "second")
            await bench.settle(queue)
            let view = try #require(try await queue.message(id))
            #expect(view.recipients[0].status == said)
            #expect(view.recipients[0].attempts == 1 && view.state == .remote)
        }
    }

    @Test func `What has been tried least goes first, urgent or not`() async throws {
        try await onHeld { bench, queue in
            var urgent = message(to: "p@fetch.test")
            urgent.priority = .urgent
            _ = try await queue.accept(urgent, content("x"))
            bench.world.answers.withLock { $0["<p@fetch.test>"] = .later }
            await release(queue, "first")
            await bench.settle(queue)
            _ = try await queue.accept(message(to: "n@fetch.test", "n@annex.test"), content("x"))
            #expect(await queue.tries(forConnector: "fetch") == [0, 1])
            await release(queue, "second", triedAtMost: 0)
            await bench.settle(queue)
            #expect(bench.world.tries("<p@fetch.test>") == 1)
            #expect(bench.world.taken("<n@fetch.test>") == 1 && bench.world.taken("<n@annex.test>") == 1)
            bench.world.answers.withLock { $0 = [:] }
            await release(queue, "second", triedAtMost: 1)
            await bench.settle(queue)
            #expect(bench.world.taken("<p@fetch.test>") == 1)
            #expect(await queue.count == 0)
        }
    }

    /// Else it would wait until it is given up.
    @Test func `What was held goes when its connector holds nothing any more, after a restart, too`() async throws {
        for restarts in [false, true] {
            try await onBench { bench in
                bench.world.routes.withLock { $0["fetch.test"] = .held(Self.line) }
                bench.world.terms.withLock { $0[Self.line] = DestinationTerms(isHeld: true) }
                var queue = try await bench.open()
                await queue.setSending(true)
                _ = try await queue.accept(message(to: "a@fetch.test"), content("x"))
                await bench.pass(.seconds(1), queue)
                bench.touchSettings()
                await bench.pass(.seconds(1), queue)
                #expect(bench.world.tries("<a@fetch.test>") == 0)
                if restarts { await queue.close() }
                bench.world.routes.withLock { $0 = [:] }
                bench.world.terms.withLock { $0[Self.line] = DestinationTerms(isHeld: false) }
                if restarts {
                    queue = try await bench.open()
                    await queue.setSending(true)
                } else {
                    bench.touchSettings()
                }
                await bench.pass(.seconds(1), queue)
                #expect(bench.world.taken("<a@fetch.test>") == 1)
                #expect(bench.world.log.withLock { $0.map(\.destination) } == ["mx:fetch.test"])
                await queue.close()
            }
        }
    }

    @Test func `One call tries nothing twice`() async throws {
        try await onHeld { bench, queue in
            _ = try await queue.accept(message(to: "a@fetch.test"), content("x"))
            bench.world.answers.withLock { $0["<a@fetch.test>"] = .later }
            for limit in [0, 1, 9] {
                await release(queue, "first", triedAtMost: limit)
                await bench.settle(queue)
            }
            #expect(bench.world.tries("<a@fetch.test>") == 1)
            await release(queue, "second")
            await bench.settle(queue)
            #expect(bench.world.tries("<a@fetch.test>") == 2)
        }
    }

    @Test func `What a call did not get to waits for the next, in its order`() async throws {
        try await onHeld { bench, queue in
            _ = try await queue.accept(message(to: "a@fetch.test"), content("x"))
            await queue.setSending(false)
            await release(queue, "first")
            await queue.withdraw(connector: "fetch", call: "first")
            await queue.setSending(true)
            await bench.settle(queue)
            #expect(bench.world.tries("<a@fetch.test>") == 0)
            // As if the first had not ended well.
            await queue.setSending(false)
            await release(queue, "second")
            await release(queue, "third", triedAtMost: -1)
            await queue.setSending(true)
            await bench.settle(queue)
            #expect(bench.world.tries("<a@fetch.test>") == 0)
            await release(queue, "third", triedAtMost: 0)
            await bench.settle(queue)
            #expect(bench.world.taken("<a@fetch.test>") == 1)
        }
    }

    /// What waits for its turn takes a place that other mail needs.
    @Test func `A round is released in parts, the oldest first`() async throws {
        try await onHeld { bench, queue in
            await queue.setSending(false)
            for number in 0..<5 {
                _ = try await queue.accept(message(to: "u\(number)@fetch.test", "u\(number)@annex.test"), content("x"))
            }
            var counts: [Int] = []
            for _ in 0..<6 {
                let count = await queue.release(connector: "fetch", call: "first", triedAtMost: 0, maximum: 3) { _ in
                    true
                }
                counts.append(count)
                await queue.setSending(true)
                await bench.settle(queue)
                await queue.setSending(false)
                if counts.count == 2 {
                    #expect(await queue.count == 2)
                    #expect((0..<3).allSatisfy { bench.world.taken("<u\($0)@annex.test>") == 1 })
                }
            }
            #expect(counts == [3, 3, 3, 1, 0, 0])
            #expect(await queue.count == 0)
        }
    }

    /// It ends late: the next has begun.
    @Test func `The end of a call takes nothing back from another`() async throws {
        try await onHeld { bench, queue in
            _ = try await queue.accept(message(to: "a@fetch.test"), content("x"))
            await queue.setSending(false)
            await release(queue, "first")
            await release(queue, "second")
            await queue.withdraw(connector: "fetch", call: "first")
            await queue.setSending(true)
            await bench.settle(queue)
            #expect(bench.world.taken("<a@fetch.test>") == 1)
        }
    }
}
