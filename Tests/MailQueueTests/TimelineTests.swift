// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

import Locking
import MailTypes
import SMTPWire
import Testing

@testable import MailQueue

/// What happens when, by a clock that the test sets.
@Suite(.timeLimit(.minutes(20))) struct TimelineTests {
    @Test func `A message goes out at once, and leaves nothing`() async throws {
        try await onBench { bench in
            let queue = try await bench.open()
            await queue.setSending(true)
            _ = try await queue.accept(message(to: "bob@example.org"), content("hello"))
            await bench.settle(queue)
            #expect(bench.world.taken("<bob@example.org>") == 1)
            #expect(bench.world.log.withLock { $0.first?.content } == "hello")
            #expect(await queue.count == 0)
            #expect(await queue.figures.recipients == 0)
            await queue.close()
        }
    }

    @Test func `Nothing is sent before sending is switched on`() async throws {
        try await onBench { bench in
            let queue = try await bench.open()
            _ = try await queue.accept(message(to: "bob@example.org"), content("x"))
            await bench.pass(.seconds(3600), queue)
            #expect(bench.world.tries("<bob@example.org>") == 0)
            await queue.setSending(true)
            await bench.settle(queue)
            #expect(bench.world.taken("<bob@example.org>") == 1)
            await queue.close()
        }
    }

    /// The retry list, the notice of delay, and the end, each to the minute.
    @Test(arguments: [Duration.zero, .seconds(86_400), .seconds(-86_400), .seconds(3600)])
    func `A message is tried by the list, whatever is done to the clock`(step: Duration) async throws {
        try await onBench { bench in
            let queue = try await bench.open()
            await queue.setSending(true)
            bench.world.answers.withLock { $0["<bob@example.org>"] = .later }
            _ = try await queue.accept(message(to: "bob@example.org"), content("x"))
            await bench.settle(queue)
            var tries: [Int] = bench.world.tries("<bob@example.org>") == 1 ? [0] : []
            for minute in 1...(5 * 1440) {
                if minute == 200 { bench.clock.set(step) }
                await bench.pass(.seconds(60), queue)
                if bench.world.tries("<bob@example.org>") > tries.count { tries.append(minute) }
                let delayed = bench.world.reports.withLock { $0.contains { $0.action == .delayed } }
                #expect(delayed == (minute >= 720), "delay notice at minute \(minute)")
                guard minute < 5 * 1440 else { break }
                #expect(bench.world.reports.withLock { !$0.contains { $0.action == .failed } })
            }
            await bench.settle(queue)
            #expect(Array(tries.prefix(7)) == [0, 15, 45, 105, 345, 585, 825])
            #expect(bench.world.reports.withLock { $0.filter { $0.action == .failed }.count } == 1)
            #expect(bench.world.reports.withLock { $0.filter { $0.action == .delayed }.count } == 1)
            let told = bench.world.requests.withLock { $0.map { ($0.isFrozen, $0.arrival, $0.recipients[0]) } }
            #expect(told.allSatisfy { !$0.0 && $0.2.wasTried })
            // What is said of the last try is when that was, and not when it was given up.
            let end = try #require(told.last { $0.2.action == .failed })
            #expect(end.2.status.time - end.1 == (try #require(tries.last)) * 60_000)
            await bench.settle(queue)
            #expect(await queue.count == 0)
            #expect(bench.world.taken("<ann@example.test>") == 2)
            await queue.close()
        }
    }

    /// Greylisting, or a server in trouble: the time line of the list, to the second, over a change to summer time and
    /// back and a clock that is set.
    @Test(arguments: [Duration.zero, .seconds(3600), .seconds(-3600), .seconds(-30 * 86_400)])
    func `Put off for an hour, delivered once at the next time of the list`(step: Duration) async throws {
        try await onBench { bench in
            let queue = try await bench.open()
            await queue.setSending(true)
            bench.world.answers.withLock { $0["<bob@example.org>"] = .later }
            _ = try await queue.accept(message(to: "bob@example.org"), content("x"))
            await bench.settle(queue)
            var tries: [Int] = bench.world.tries("<bob@example.org>") == 1 ? [0] : []
            for second in stride(from: 5, through: 7200, by: 5) {
                if second == 1800 { bench.clock.set(step) }
                if second == 3600 { bench.world.answers.withLock { $0 = [:] } }
                await bench.pass(.seconds(5), queue)
                if bench.world.tries("<bob@example.org>") > tries.count { tries.append(second) }
            }
            #expect(tries == [0, 900, 2700, 6300])
            #expect(bench.world.taken("<bob@example.org>") == 1)
            #expect(bench.world.reports.withLock { $0.isEmpty })
            #expect(await queue.count == 0)
            await queue.close()
        }
    }

    /// Back by days, or a machine whose clock begins in 1970 until somebody tells it the time.
    @Test(arguments: [Duration.seconds(-3 * 86_400), .seconds(-1_800_000_000 + 60)])
    func `A clock that is wrong at a start and then set right keeps nothing longer`(step: Duration) async throws {
        try await onBench { bench in
            let queue = try await bench.open()
            await queue.setSending(true)
            bench.world.answers.withLock { $0["<bob@example.org>"] = .later }
            _ = try await queue.accept(message(to: "bob@example.org"), content("x"))
            await bench.settle(queue)
            await queue.close()
            bench.clock.set(step)
            let again = try await bench.open()
            await again.setSending(true)
            await bench.pass(.seconds(60), again)
            bench.clock.set(.zero - step)
            bench.world.answers.withLock { $0 = [:] }
            await bench.pass(.seconds(800), again)
            #expect(bench.world.taken("<bob@example.org>") == 0)
            await bench.pass(.seconds(60), again)
            #expect(bench.world.taken("<bob@example.org>") == 1)
            #expect(await again.count == 0)
            #expect(bench.world.reports.withLock { $0.isEmpty })
            await again.close()
        }
    }

    @Test func `A frozen message expires, with notice`() async throws {
        try await onBench { bench in
            let queue = try await bench.open()
            let id = try await queue.accept(message(to: "bob@example.org"), content("x"))
            #expect(try await queue.freeze(id))
            await queue.setSending(true)
            await bench.pass(.seconds(4 * 86_400), queue)
            #expect(await queue.count == 1)
            #expect(bench.world.taken("<ann@example.test>") == 1)
            #expect(bench.world.tries("<bob@example.org>") == 0)
            await bench.pass(.seconds(86_400 + 60), queue)
            await bench.pass(.seconds(1), queue)
            #expect(bench.world.reports.withLock { $0.map(\.action) } == [.delayed, .failed])
            let requests = bench.world.requests.withLock { $0 }
            #expect(requests.allSatisfy { $0.isFrozen && $0.recipients.allSatisfy { !$0.wasTried } })
            #expect(await queue.count == 0)
            await queue.close()
        }
    }

    @Test func `A message in doubt waits, is sent again, and is set aside in the end`() async throws {
        try await onBench { bench in
            let queue = try await bench.open()
            await queue.setSending(true)
            bench.world.answers.withLock { $0["<bob@example.org>"] = .doubt }
            let id = try await queue.accept(message(to: "bob@example.org"), content("x"))
            await bench.settle(queue)
            await bench.pass(.seconds(599), queue)
            #expect(bench.world.tries("<bob@example.org>") == 1)
            await bench.pass(.seconds(2), queue)
            #expect(bench.world.tries("<bob@example.org>") == 2)
            await bench.pass(.seconds(601), queue)
            await bench.pass(.seconds(86_400), queue)
            #expect(bench.world.tries("<bob@example.org>") == 3)
            #expect(try await queue.message(id)?.state == .quarantined)
            bench.world.answers.withLock { $0 = [:] }
            #expect(try await queue.thaw(id))
            await bench.settle(queue)
            #expect(bench.world.taken("<bob@example.org>") == 1)
            await queue.close()
        }
    }

    @Test func `What was set aside goes back to its sender after its time`() async throws {
        try await onBench { bench in
            let queue = try await bench.open()
            await queue.setSending(true)
            bench.world.answers.withLock { $0["<bob@example.org>"] = .doubt }
            _ = try await queue.accept(message(to: "bob@example.org"), content("x"))
            for _ in 0..<3 { await bench.pass(.seconds(601), queue) }
            await bench.pass(.seconds(29 * 86_400), queue)
            #expect(bench.world.reports.withLock { $0.isEmpty })
            await bench.pass(.seconds(2 * 86_400), queue)
            #expect(bench.world.reports.withLock { $0.map(\.action) } == [.failed])
            await bench.settle(queue)
            #expect(await queue.count == 0)
            await queue.close()
        }
    }

    @Test func `A destination that is down is tried with one message, and all go when it is back`() async throws {
        try await onBench { bench in
            let queue = try await bench.open()
            await queue.setSending(true)
            bench.world.unreachable.withLock { _ = $0.insert("mx:example.org") }
            for number in 0..<50 {
                _ = try await queue.accept(message(to: "u\(number)@example.org"), content("x"))
            }
            await bench.settle(queue)
            let view = try #require(await queue.destinations.first)
            #expect(view.state == .retry && view.why == "no answer" && view.recipients == 50)
            #expect(view.nextEvent == bench.clock.wall + 900_000)
            bench.world.unreachable.withLock { $0 = [] }
            await bench.pass(.seconds(899), queue)
            #expect(await queue.count == 50)
            await bench.pass(.seconds(2), queue)
            await bench.pass(.seconds(1), queue)
            #expect(await queue.count == 0)
            #expect(bench.world.log.withLock { $0.count } == 50)
            await queue.close()
        }
    }

    @Test func `Greylisting of thousands of messages leaves none asleep`() async throws {
        try await onBench { bench in
            let queue = try await bench.open()
            await queue.setSending(true)
            for number in 0..<1000 {
                bench.world.answers.withLock { $0["<u\(number)@d\(number % 10).test>"] = .later }
                _ = try await queue.accept(message(to: "u\(number)@d\(number % 10).test"), content("x"))
            }
            await bench.settle(queue)
            bench.world.answers.withLock { $0 = [:] }
            let whole = await queue.whole
            #expect(whole.asleep(whole.entries.keys, at: await queue.now, grace: 0) { _ in false } == [])
            await bench.pass(.seconds(901), queue)
            for _ in 0..<20 { await bench.pass(.seconds(1), queue) }
            #expect(await queue.count == 0)
            #expect(await queue.figures.woken == 0)
            await queue.close()
        }
    }

    @Test func `What is held and in doubt goes to who asks once its time is over, and not before`() async throws {
        try await onBench { bench in
            bench.world.routes.withLock { $0["fetch.test"] = .held("fetch/mx:fetch.test") }
            let queue = try await bench.open()
            await queue.setSending(true)
            _ = try await queue.accept(message(to: "a@fetch.test"), content("x"))
            bench.world.answers.withLock { $0["<a@fetch.test>"] = .doubt }
            await queue.release(connector: "fetch", call: "first", triedAtMost: .max) { _ in true }
            await bench.settle(queue)
            bench.world.answers.withLock { $0 = [:] }
            await queue.release(connector: "fetch", call: "second", triedAtMost: .max) { _ in true }
            await bench.settle(queue)
            #expect(bench.world.tries("<a@fetch.test>") == 1)
            await bench.pass(.seconds(601), queue)
            #expect(bench.world.tries("<a@fetch.test>") == 1)
            await queue.release(connector: "fetch", call: "third", triedAtMost: .max) { _ in true }
            await bench.settle(queue)
            #expect(bench.world.taken("<a@fetch.test>") == 1)
            #expect(await queue.count == 0)
            await queue.close()
        }
    }

    @Test func `What would sleep for ever is found, told of, and sent`() async throws {
        try await onBench { bench in
            let queue = try await bench.open()
            await queue.setSending(true)
            bench.world.answers.withLock { $0["<bob@example.org>"] = .later }
            _ = try await queue.accept(message(to: "bob@example.org"), content("x"))
            await bench.settle(queue)
            bench.world.answers.withLock { $0 = [:] }
            await queue.forgetTimers()
            // A quarter of an hour until it is due, and five minutes in which nothing is late.
            for _ in 0..<19 { await bench.pass(.seconds(60), queue) }
            #expect(await queue.figures.woken == 0)
            #expect(bench.world.taken("<bob@example.org>") == 0)
            for _ in 0..<3 { await bench.pass(.seconds(60), queue) }
            #expect(await queue.figures.woken == 1)
            #expect(bench.world.taken("<bob@example.org>") == 1)
            await queue.close()
        }
    }

    @Test func `A connector's hours are waited for, and a held message until it is asked for`() async throws {
        try await onBench { bench in
            let opens = bench.clock.wall + 7_200_000
            bench.world.routes.withLock {
                $0["night.test"] = .destination("night", opensAt: opens)
                $0["fetch.test"] = .held("fetch")
                $0["closed.test"] = .refused(SMTPReply(550, .notAuthorized, "Not for you"))
            }
            let queue = try await bench.open()
            await queue.setSending(true)
            let id = try await queue.accept(message(to: "a@night.test"), content("x"))
            let held = try await queue.accept(message(to: "a@fetch.test"), content("x"))
            #expect(try await queue.message(id)?.state == .scheduled)
            #expect(try await queue.message(held)?.state == .remote)
            _ = try await queue.accept(message(to: "a@closed.test"), content("x"))
            await bench.pass(.seconds(7190), queue)
            #expect(bench.world.reports.withLock { $0.map(\.recipients) } == [["<a@closed.test>"]])
            #expect(bench.world.tries("<a@night.test>") == 0)
            bench.world.routes.withLock { $0["night.test"] = .destination("night") }
            await bench.pass(.seconds(11), queue)
            #expect(bench.world.taken("<a@night.test>") == 1)
            bench.world.routes.withLock { $0["fetch.test"] = .held("fetch") }
            #expect(await queue.force(destination: "fetch") == 1)
            await bench.settle(queue)
            #expect(bench.world.taken("<a@fetch.test>") == 1)
            await queue.close()
        }
    }
}
