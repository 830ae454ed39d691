// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

import Locking
import MailTypes
import Runtime
import SMTPWire
import Testing

@testable import MailQueue

/// Times that the sender sets, and mail that waits until it is asked for.
@Suite(.timeLimit(.minutes(20))) struct SenderTimesTests {
    @Test func `What is to be kept is kept, also over a restart, and its time is counted from its release`()
        async throws
    {
        try await onBench { bench in
            var queue = try await bench.open()
            await queue.setSending(true)
            var held = message(to: "bob@far.test", "carl@other.test")
            held.releaseTime = bench.clock.wall + 7_200_000
            let id = try await queue.accept(held, content("x"))
            await bench.pass(.seconds(3600), queue)
            let view = try #require(try await queue.message(id))
            #expect(view.state == .scheduled && view.nextEvent == held.releaseTime)
            #expect(view.expiry == bench.clock.wall - 3_600_000 + 7_200_000 + 5 * 86_400_000)
            #expect(view.recipients.first?.status?.reply.summary.contains("sender asked for") ?? false)
            await queue.close()
            queue = try await bench.open()
            await queue.setSending(true)
            await bench.pass(.seconds(3590), queue)
            #expect(bench.world.log.withLock { $0.isEmpty })
            await bench.pass(.seconds(11), queue)
            await bench.settle(queue)
            #expect(bench.world.taken("<bob@far.test>") == 1 && bench.world.taken("<carl@other.test>") == 1)
            await queue.close()
        }
    }

    @Test func `What is late goes back, or its sender is told`() async throws {
        try await onBench { bench in
            let queue = try await bench.open()
            await queue.setSending(true)
            bench.world.answers.withLock {
                $0["<bob@far.test>"] = .later
                $0["<carl@far.test>"] = .later
            }
            var back = message(to: "bob@far.test")
            back.mail.deliverBy = MailCommand.DeliverBy(seconds: 120, mode: .giveBack)
            var told = message(to: "carl@far.test")
            told.mail.deliverBy = MailCommand.DeliverBy(seconds: 120, mode: .notify)
            _ = try await queue.accept(back, content("x"))
            _ = try await queue.accept(told, content("x"))
            await bench.pass(.seconds(100), queue)
            #expect(bench.world.reports.withLock { $0.isEmpty })
            await bench.pass(.seconds(21), queue)
            for _ in 0..<3 { await bench.settle(queue) }
            let reports = bench.world.reports.withLock { $0.map { ("\($0.action)", $0.recipients) } }
            #expect(Set(reports.map(\.0)) == ["failed", "delayed"])
            #expect(reports.first { $0.0 == "failed" }?.1 == ["<bob@far.test>"])
            #expect(reports.first { $0.0 == "delayed" }?.1 == ["<carl@far.test>"])
            await queue.close()
        }
    }

    @Test func `The next system is told what is left of the time, and who does not know of it is reported`()
        async throws
    {
        try await onBench { bench in
            let queue = try await bench.open()
            var timed = message(to: "bob@far.test")
            timed.mail.deliverBy = MailCommand.DeliverBy(seconds: 500, mode: .notify)
            _ = try await queue.accept(timed, content("x"))
            bench.clock.pass(.seconds(100))
            await queue.setSending(true)
            await bench.settle(queue)
            await bench.settle(queue)
            #expect(bench.world.deliverBy.withLock { $0.first } == MailCommand.DeliverBy(seconds: 400, mode: .notify))
            #expect(bench.world.reports.withLock { $0.map { "\($0.action)" } } == ["relayed"])
            await queue.close()
        }
    }

    @Test(arguments: [
        ("example.org", ["<a@example.org>"]), ("@example.org", ["<a@example.org>", "<b@sub.example.org>"]),
        ("#branch", ["<c@one.test>", "<d@two.test>"]), ("two.test", ["<d@two.test>"]), ("other.test", []),
    ])
    func `What waits for a domain is sent when it is asked for, and nothing else`(
        request: String,
        sent: [String]
    ) async throws {
        try await onBench { bench in
            bench.world.routes.withLock {
                $0["example.org"] = .held("kept/mx:example.org")
                $0["sub.example.org"] = .held("kept/mx:sub.example.org")
                $0["one.test"] = .held("branch/smart-host:hub.test")
                $0["two.test"] = .held("branch/smart-host:hub.test")
            }
            let queue = try await bench.open()
            await queue.setSending(true)
            for recipient in ["a@example.org", "b@sub.example.org", "c@one.test", "d@two.test"] {
                _ = try await queue.accept(message(to: recipient), content("x"))
            }
            await bench.settle(queue)
            #expect(bench.world.log.withLock { $0.isEmpty })
            let count = await queue.start(try #require(QueueRequest(text: request)))
            await bench.settle(queue)
            await bench.settle(queue)
            #expect(count == sent.count)
            #expect(bench.world.log.withLock { $0.map(\.recipient) }.sorted() == sent)
            await queue.close()
        }
    }

    @Test(arguments: ["", "#", "@", "a b", "-x-"]) func `What names nothing is no request`(text: String) {
        #expect(QueueRequest(text: text) == nil)
    }
}
