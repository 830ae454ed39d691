// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

import Journal
import Locking
import MailTypes
import Runtime
import SMTPWire
import Testing

@testable import MailQueue

/// Room is given back, and what stays is moved whole.
@Suite(.timeLimit(.minutes(20))) struct UpkeepTests {
    private static var smallSegments: JournalOptions {
        var options = JournalOptions()
        options.segmentOctets = 16 << 10
        return options
    }

    private func tidy(_ queue: MailQueue) async {
        await queue.tidy()
        await queue.tidying?.value
    }

    @Test func `The clock alone has room given back, from its first tick on`() async throws {
        try await onBench { bench in
            let queue = try await bench.open(options: Self.smallSegments)
            await queue.setSlack(0)
            await queue.setSending(true)
            for number in 0..<200 {
                _ = try await queue.accept(
                    MailQueueTests.message(to: "u\(number)@other.test"),
                    content(String(repeating: "x", count: 500))
                )
            }
            await bench.settle(queue)
            let before = await queue.journal.segmentNumbers
            #expect(before.count > 5)
            for _ in 0..<3 {
                await bench.pass(.seconds(6), queue)
                await queue.tidying?.value
            }
            let after = await queue.journal.segmentNumbers
            #expect(after.count <= 2, "\(before) \(after)")
            await queue.close()
        }
    }

    @Test func `Segments that nobody needs go, and what stays is moved with all that is known of it`() async throws {
        try await onBench { bench in
            var queue = try await bench.open(options: Self.smallSegments)
            await queue.setSlack(0)
            bench.world.answers.withLock { $0["<late@far.test>"] = .later }
            var message = message(to: "late@far.test", "gone@far.test")
            message.mail.envelopeID = "kept"
            let id = try await queue.accept(message, content("this stays"))
            let frozen = try await queue.accept(MailQueueTests.message(to: "cold@far.test"), content("so does this"))
            _ = try await queue.freeze(frozen)
            await queue.setSending(true)
            for number in 0..<300 {
                _ = try await queue.accept(
                    MailQueueTests.message(to: "u\(number)@other.test"),
                    content(String(repeating: "x", count: 500))
                )
            }
            await bench.settle(queue)
            #expect(await queue.count == 2)
            let before = await queue.journal.segmentNumbers
            #expect(before.count > 5)
            await tidy(queue)
            let after = await queue.journal.segmentNumbers
            #expect(after.count <= 3 && after.first.map { $0 > 1 } ?? false, "\(before) \(after)")
            try await checkStaying(queue, id, frozen)
            await queue.close()
            queue = try await bench.open(options: Self.smallSegments)
            try await checkStaying(queue, id, frozen)
            bench.world.answers.withLock { $0 = [:] }
            await queue.setSending(true)
            await bench.pass(.seconds(1000), queue)
            #expect(bench.world.taken("<late@far.test>") == 1 && bench.world.taken("<gone@far.test>") == 1)
            #expect(bench.world.log.withLock { $0.last { $0.recipient == "<late@far.test>" }?.content } == "this stays")
            #expect(await queue.count == 1)
            await queue.close()
        }
    }

    private func checkStaying(_ queue: MailQueue, _ id: QueueID, _ frozen: QueueID) async throws {
        let view = try #require(try await queue.message(id))
        #expect(view.recipients.map(\.state) == [.deferred, .delivered])
        #expect(view.recipients.first?.status?.reply.summary == "451 4.3.0 Later")
        #expect(view.recipients.first?.attempts == 1)
        #expect(try await queue.message(frozen)?.state == .frozen)
        let octets = try await queue.content(of: id)?.read(at: 0, maximum: 100)
        #expect(octets.map { String(decoding: $0, as: UTF8.self) } == "this stays")
    }

    @Test func `The time line outlives the segment it is written in`() async throws {
        try await onBench { bench in
            var queue = try await bench.open(options: Self.smallSegments)
            await queue.setSlack(0)
            let id = try await queue.accept(message(to: "late@far.test"), content("x"))
            let expiry = try #require(try await queue.message(id)?.expiry)
            bench.clock.set(.seconds(86_400))
            await queue.tick()
            await queue.setSending(true)
            bench.world.answers.withLock { $0["<late@far.test>"] = .later }
            for number in 0..<100 {
                _ = try await queue.accept(
                    message(to: "u\(number)@other.test"),
                    content(String(repeating: "x", count: 900))
                )
            }
            await bench.settle(queue)
            await tidy(queue)
            #expect(try await queue.message(id)?.expiry == expiry + 86_400_000)
            await queue.close()
            queue = try await bench.open(options: Self.smallSegments)
            #expect(try await queue.message(id)?.expiry == expiry + 86_400_000)
            await queue.close()
        }
    }

    @Test func `A message whose octets are damaged is set aside, and the others go`() async throws {
        try await onBench { bench in
            var queue = try await bench.open()
            let id = try await queue.accept(message(to: "bad@far.test"), content(String(repeating: "b", count: 5000)))
            _ = try await queue.accept(message(to: "good@far.test"), content(String(repeating: "g", count: 5000)))
            await queue.close()
            let path = bench.folder.path + "/segment-0000000001.log"
            var octets = try #require(WholeFile.contents(path))
            let place = try #require(octets.firstIndex(of: 0x62).map { $0 + 2500 })
            for index in place..<(place + 40) { octets[index] = 0 }
            WholeFile.replace(path, with: octets)
            queue = try await bench.open()
            await queue.setSending(true)
            await bench.settle(queue)
            #expect(bench.world.taken("<good@far.test>") == 1 && bench.world.tries("<bad@far.test>") == 0)
            #expect(try await queue.message(id)?.state == .quarantined)
            await queue.close()
        }
    }

    @Test func `What was being sent at two faults is set aside; a kill from outside is none`() async throws {
        for (isFault, isAside) in [(true, true), (false, false)] {
            try await onBench { bench in
                var id: QueueID?
                for start in 0..<3 {
                    let queue = try await bench.open(diedOfFault: isFault && start > 0)
                    if start == 0 { id = try await queue.accept(message(to: "a@far.test"), content("x")) }
                    guard start < 2 else {
                        bench.world.beforeDot.withLock { $0 = nil }
                        await queue.setSending(true)
                        await bench.settle(queue)
                        let left = try #require(id)
                        #expect(try await queue.message(left)?.state == (isAside ? .quarantined : nil))
                        #expect(bench.world.taken("<a@far.test>") == (isAside ? 0 : 1))
                        return await queue.close()
                    }
                    // The process dies while the message is on its way.
                    let reached = Lock(false)
                    bench.world.beforeDot.withLock { hook in
                        hook = {
                            reached.withLock { $0 = true }
                            try? await bench.loop.sleep(for: .milliseconds(100))
                            return false
                        }
                    }
                    await queue.setSending(true)
                    for _ in 0..<1000 where !reached.withLock({ $0 }) {
                        try await bench.loop.sleep(for: .milliseconds(1))
                    }
                    #expect(reached.withLock { $0 })
                    await queue.die()
                    try await bench.loop.sleep(for: .milliseconds(150))
                }
            }
        }
    }
}
