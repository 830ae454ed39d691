// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

import Locking
import Runtime
import SMTPWire
import Testing

@testable import MailQueue

/// What holds for single destinations.
@Suite(.timeLimit(.minutes(20))) struct TermsTests {
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

    /// Of a message to two destinations each is given up at its own time, and the sender hears of each.
    @Test func `A destination has its own end`() async throws {
        try await onBench { bench in
            bench.world.terms.withLock { $0["mx:hasty.test"] = DestinationTerms(expire: .seconds(600)) }
            bench.world.unreachable.withLock { $0 = ["mx:hasty.test", "mx:far.test"] }
            let queue = try await bench.open()
            await queue.setSending(true)
            let id = try await queue.accept(message(to: "a@hasty.test", "a@far.test"), content("x"))
            let arrival = bench.clock.wall
            await bench.settle(queue)
            #expect(try await queue.message(id)?.expiry == arrival + 600_000)
            await bench.pass(.seconds(599), queue)
            #expect(bench.world.reports.withLock { $0.isEmpty })
            await bench.pass(.seconds(1), queue)
            #expect(bench.world.reports.withLock { $0.map(\.recipients) } == [["<a@hasty.test>"]])
            let left = try #require(try await queue.message(id))
            #expect(left.recipients.map(\.state) == [.bounced, .deferred] && left.expiry == arrival + 5 * 86_400_000)
            await bench.pass(.seconds(5 * 86_400 - 601), queue)
            #expect(bench.world.reports.withLock { $0.filter { $0.action == .failed }.count } == 1)
            await bench.pass(.seconds(61), queue)
            #expect(bench.world.reports.withLock { $0.filter { $0.action == .failed }.count } == 2)
            await bench.settle(queue)
            #expect(await queue.count == 0)
            await queue.close()
        }
    }

    /// The end of what waits already moves with the rule, and comes after a restart as before.
    @Test func `A new end holds for what waits, frozen or not, and after a restart`() async throws {
        try await onBench { bench in
            bench.world.unreachable.withLock { $0 = ["mx:hasty.test"] }
            var queue = try await bench.open()
            await queue.setSending(true)
            let frozen = try await queue.accept(message(to: "f@hasty.test"), content("x"))
            #expect(try await queue.freeze(frozen))
            _ = try await queue.accept(message(to: "a@hasty.test"), content("x"))
            await bench.pass(.seconds(1), queue)
            bench.world.terms.withLock { $0["mx:hasty.test"] = DestinationTerms(expire: .seconds(3600)) }
            bench.touchSettings()
            await bench.pass(.seconds(3597), queue)
            #expect(await queue.count == 2)
            await queue.close()
            queue = try await bench.open()
            await queue.setSending(true)
            await bench.pass(.seconds(1), queue)
            #expect(bench.world.reports.withLock { $0.isEmpty })
            await bench.pass(.seconds(2), queue)
            await bench.settle(queue)
            #expect(bench.world.reports.withLock { $0.filter { $0.action == .failed }.count } == 2)
            #expect(await queue.count == 0)
            await queue.close()
        }
    }

    /// Hours that are changed, and a clock that is set: what was not tried yet goes when the hours of now have come.
    @Test(arguments: ["settings", "clock", "start"])
    func `What waits for hours does not wait for those of before`(change: String) async throws {
        try await onBench { bench in
            let opens = bench.clock.wall + 7_200_000
            bench.world.routes.withLock { $0["night.test"] = .destination("night") }
            bench.world.terms.withLock { $0["night"] = DestinationTerms(hours: "22:00-06:00") }
            var queue = try await bench.open()
            await queue.setSending(true)
            // Put off once, and closed when it is due again.
            bench.world.answers.withLock { $0["<c@night.test>"] = .later }
            _ = try await queue.accept(message(to: "c@night.test"), content("x"))
            await bench.settle(queue)
            bench.world.answers.withLock { $0 = [:] }
            bench.world.routes.withLock { $0["night.test"] = .destination("night", opensAt: opens) }
            await bench.pass(.seconds(901), queue)
            _ = try await queue.accept(message(to: "a@night.test"), content("x"))
            var later = message(to: "b@night.test")
            later.releaseTime = opens + 3_600_000
            _ = try await queue.accept(later, content("x"))
            await bench.pass(.seconds(60), queue)
            #expect(bench.world.log.withLock { $0.map(\.kind) } == [.deferred])
            switch change {
            case "clock": bench.clock.set(.seconds(7200))
            default:
                bench.world.routes.withLock { $0["night.test"] = .destination("night") }
                bench.world.terms.withLock { $0 = [:] }
                if change == "settings" { bench.touchSettings() }
            }
            if change == "start" {
                await queue.close()
                queue = try await bench.open()
                await queue.setSending(true)
            }
            await bench.pass(.seconds(5), queue)
            await bench.pass(.seconds(1), queue)
            #expect(bench.world.taken("<a@night.test>") == 1)
            // At a start, what may wait for its next try is left alone.
            #expect(bench.world.taken("<c@night.test>") == (change == "start" ? 0 : 1))
            // The sender's own wish stands.
            #expect(bench.world.tries("<b@night.test>") == 0)
            await bench.pass(.seconds(3 * 3600), queue)
            #expect(bench.world.taken("<b@night.test>") == 1 && bench.world.taken("<c@night.test>") == 1)
            #expect(await queue.count == 0)
            await queue.close()
        }
    }

    @Test func `What was put off, or had no way at all, when the routing changes`() async throws {
        try await onBench { bench in
            let queue = try await bench.open()
            await queue.setSending(true)
            bench.world.answers.withLock { $0["<a@slow.test>"] = .later }
            bench.world.routes.withLock { $0["shut.test"] = .waits(SMTPReply(450, .mailSystem, "Shut")) }
            _ = try await queue.accept(message(to: "a@slow.test"), content("x"))
            _ = try await queue.accept(message(to: "a@shut.test"), content("x"))
            await bench.pass(.seconds(60), queue)
            bench.world.terms.withLock { $0["mx:slow.test"] = DestinationTerms(hours: "always") }
            bench.world.routes.withLock { $0 = [:] }
            bench.touchSettings()
            await bench.pass(.seconds(5), queue)
            #expect(bench.world.taken("<a@shut.test>") == 1)
            // Its host asked for patience.
            #expect(bench.world.tries("<a@slow.test>") == 1)
            await queue.close()
        }
    }
}
