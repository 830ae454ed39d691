// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

import Locking
import MailTypes
import Runtime
import SMTPWire
import Testing

@testable import MailQueue

/// Who is told what, and what happens to reports themselves.
@Suite(.timeLimit(.minutes(20))) struct ReportTests {
    @Test func `One recipient's refusal is its own`() async throws {
        try await onBench { bench in
            let queue = try await bench.open()
            await queue.setSending(true)
            bench.world.answers.withLock {
                ($0["<never@far.test>"], $0["<later@far.test>"]) = (.never, .later)
            }
            let id = try await queue.accept(
                message(to: "never@far.test", "later@far.test", "fine@far.test"),
                content("x")
            )
            await bench.settle(queue)
            await bench.settle(queue)
            #expect(bench.world.reports.withLock { $0.map(\.recipients) } == [["<never@far.test>"]])
            #expect(bench.world.taken("<ann@example.test>") == 1)
            let view = try #require(try await queue.message(id))
            #expect(view.recipients.map(\.state) == [.bounced, .deferred, .delivered])
            #expect(view.recipients.first?.status?.reply.summary == "550 5.1.1 No")
            await queue.close()
        }
    }

    @Test func `A report that cannot be delivered goes to postmaster, and a notice to postmaster nowhere`() async throws
    {
        try await onBench { bench in
            let queue = try await bench.open()
            await queue.setSending(true)
            bench.world.answers.withLock {
                $0["<bob@far.test>"] = .never
                $0["<ann@example.test>"] = .never
                $0["<postmaster@example.test>"] = .never
            }
            _ = try await queue.accept(message(to: "bob@far.test"), content("x"))
            for _ in 0..<4 { await bench.settle(queue) }
            #expect(bench.world.reports.withLock { $0.map(\.to) } == ["ann@example.test", "postmaster@example.test"])
            let left = await queue.page(QueueFilter(), after: nil, limit: 10).messages
            #expect(left.map(\.state) == [.quarantined] && left.first?.origin == .notice)
            await queue.close()
        }
    }

    /// Each status is in a record of all recipients: read one by one, this takes minutes.
    @Test func `A message to 5,000 that wait is shown, copied and given up`() async throws {
        try await onBench { bench in
            let queue = try await bench.open()
            await queue.setSending(true)
            let names = (0..<5000).map { "user\($0)@far.test" }
            bench.world.answers.withLock { answers in
                for name in names { answers["<\(name)>"] = name == "user7@far.test" ? .doubt : .later }
            }
            let recipients = names.compactMap { MailboxAddress($0) }.map {
                QueuedRecipient(RecipientCommand(.address($0)), destination: "")
            }
            let sender = try #require(MailboxAddress("ann@example.test"))
            let id = try await queue.accept(QueuedMessage(MailCommand(.address(sender)), recipients), content("x"))
            await bench.settle(queue)
            let view = try #require(try await queue.message(id))
            #expect(view.recipients.count == 5000 && view.recipients.allSatisfy { $0.status != nil })
            #expect(view.recipients[6].status?.reply.summary == "451 4.3.0 Later")
            #expect(view.recipients[7].status?.reply.summary == "451 4.4.2 Gone")
            #expect(await queue.move(id))
            #expect(try await queue.message(id)?.recipients.map(\.status) == view.recipients.map(\.status))
            await bench.pass(.seconds(6 * 86_400), queue)
            await bench.settle(queue)
            #expect(bench.world.reports.withLock { $0.last?.recipients.count } == 5000)
            await queue.close()
        }
    }

    @Test func `What cannot be reported now is not given up now`() async throws {
        try await onBench { bench in
            let queue = try await bench.open()
            await queue.setSending(true)
            bench.world.answers.withLock { $0["<bob@far.test>"] = .never }
            bench.world.canReport.withLock { $0 = false }
            let id = try await queue.accept(message(to: "bob@far.test"), content("x"))
            await bench.settle(queue)
            #expect(try await queue.message(id)?.recipients.first?.state == .deferred)
            await bench.pass(.seconds(61), queue)
            bench.world.canReport.withLock { $0 = true }
            await bench.pass(.seconds(61), queue)
            await bench.settle(queue)
            #expect(bench.world.reports.withLock { $0.map(\.recipients) } == [["<bob@far.test>"]])
            #expect(await queue.count == 0)
            await queue.close()
        }
    }

    @Test func `Success is reported by the last who can`() async throws {
        try await onBench { bench in
            let queue = try await bench.open()
            await queue.setSending(true)
            var asked = message(to: "a@far.test", "b@far.test", "c@far.test")
            asked.recipients[0].command.notify = .on(success: true, failure: true, delay: false)
            asked.recipients[1].command.notify = .never
            _ = try await queue.accept(asked, content("x"))
            await bench.settle(queue)
            await bench.settle(queue)
            let reports = bench.world.reports.withLock { $0.map { ($0.action, $0.recipients) } }
            #expect(reports.count == 1 && reports.first?.0 == .relayed && reports.first?.1 == ["<a@far.test>"])
            #expect(await queue.count == 0)
            await queue.close()
        }
    }

    @Test func `Hold rules freeze what they name`() async throws {
        try await onBench { bench in
            var bench = bench
            bench.texts = ["queue/hold": "from:spam.test, to:bob@far.test"]
            let queue = try await bench.open()
            await queue.setSending(true)
            let ids = [
                try await queue.accept(message(from: "x@spam.test", to: "a@far.test"), content("1")),
                try await queue.accept(message(to: "bob@far.test"), content("2")),
                try await queue.accept(message(to: "bobby@far.test"), content("3")),
            ]
            await bench.settle(queue)
            #expect(bench.world.log.withLock { $0.map(\.content) } == ["3"])
            #expect(try await queue.message(ids[0])?.state == .frozen)
            #expect(try await queue.message(ids[1])?.state == .frozen)
            await queue.close()
            // Which rule it was is known over a restart, too.
            let again = try await bench.open()
            #expect(try await again.message(ids[0])?.why == "Held when it came: queue/hold = from:spam.test")
            #expect(try await again.message(ids[1])?.why == "Held when it came: queue/hold = to:bob@far.test")
            #expect(await again.destinations.map(\.state) == [.frozen])
            await again.close()
        }
    }

    @Test func `A queue that is full says so, and pages are in the order of arrival`() async throws {
        try await onBench { bench in
            var bench = bench
            bench.texts = ["queue/maximum-messages": "7"]
            let queue = try await bench.open()
            var ids: [QueueID] = []
            for number in 0..<7 {
                ids.append(try await queue.accept(message(to: "u\(number)@d\(number % 2).test"), content("x")))
            }
            await #expect(throws: QueueError.tooMany) {
                _ = try await queue.accept(message(to: "one@more.test"), content("x"))
            }
            let first = await queue.page(QueueFilter(), after: nil, limit: 3)
            let second = await queue.page(QueueFilter(), after: first.next, limit: 10)
            #expect(first.messages.map(\.id) + second.messages.map(\.id) == ids && second.next == nil)
            var filter = QueueFilter()
            filter.destination = "mx:d1.test"
            #expect(await queue.page(filter, after: nil, limit: 10).messages.map(\.id) == [ids[1], ids[3], ids[5]])
            filter = QueueFilter()
            filter.recipient = "U4@"
            #expect(await queue.page(filter, after: nil, limit: 10).messages.map(\.id) == [ids[4]])
            #expect(try await queue.remove(ids[0]))
            #expect(try await queue.giveBack(ids[1]))
            #expect(try await queue.remove(ids[0]) == false)
            #expect(bench.world.reports.withLock { $0.map(\.recipients) } == [["<u1@d1.test>"]])
            await queue.close()
        }
    }

    @Test func `A busy destination opens its window step by step and leaves the others their turn`() async throws {
        try await onBench { bench in
            var bench = bench
            bench.texts = ["queue/initial-connections": "2", "queue/destination-connections": "6"]
            let (world, loop) = (bench.world, bench.loop)
            world.afterDot.withLock { $0 = { try? await loop.sleep(for: .milliseconds(2)) } }
            let queue = try await bench.open()
            for number in 0..<60 {
                _ = try await queue.accept(message(to: "u\(number)@busy.test"), content("x"))
            }
            _ = try await queue.accept(message(to: "u@quiet.test"), content("x"))
            await queue.setSending(true)
            await bench.settle(queue)
            #expect(world.atOnce.withLock { $0.most["mx:busy.test"] } == 6)
            let order = world.log.withLock { $0.map(\.recipient) }
            #expect(order.firstIndex(of: "<u@quiet.test>").map { $0 < 5 } ?? false)
            await queue.close()
        }
    }
}
