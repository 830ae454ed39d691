// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

import Locking
import Runtime
import Testing

@testable import MailQueue

/// What holds for single destinations.
@Suite(.timeLimit(.minutes(1))) struct TermsTests {
    @Test func `A destination has its own bound on transactions`() async throws {
        try await onBench { bench in
            bench.world.terms.withLock { $0["mx:slow.test"] = DestinationTerms(connections: 1) }
            bench.world.afterDot.withLock { hook in hook = { try? await bench.loop.sleep(for: .milliseconds(5)) } }
            let queue = try await bench.open()
            for number in 0..<12 {
                _ = try await queue.accept(message(to: "a\(number)@slow.test"), content("x"))
                _ = try await queue.accept(message(to: "a\(number)@far.test"), content("x"))
            }
            await queue.setSending(true)
            await bench.settle(queue)
            #expect(await queue.count == 0)
            #expect(bench.world.atOnce.withLock { $0.most["mx:slow.test"] } == 1)
            #expect(bench.world.atOnce.withLock { $0.most["mx:far.test"] ?? 0 } > 1)
            await queue.close()
        }
    }

    @Test func `A destination has its own pauses`() async throws {
        try await onBench { bench in
            bench.world.terms.withLock {
                $0["mx:slow.test"] = DestinationTerms(retry: RetryList([.seconds(7), .seconds(100)]))
            }
            bench.world.answers.withLock { $0["<a@slow.test>"] = .later }
            let queue = try await bench.open()
            await queue.setSending(true)
            _ = try await queue.accept(message(to: "a@slow.test"), content("x"))
            await bench.settle(queue)
            var tries: [Int] = []
            for _ in 0..<120 {
                await bench.pass(.seconds(1), queue)
                tries.append(bench.world.tries("<a@slow.test>"))
            }
            #expect(tries[5] == 1 && tries[6] == 2 && tries[105] == 2 && tries[106] == 3)
            await queue.close()
        }
    }
}
