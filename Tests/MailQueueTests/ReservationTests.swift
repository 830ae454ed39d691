// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

import Journal
import Locking
import MailTypes
import Runtime
import SMTPWire
import Testing

@testable import MailQueue

/// What is done with a message as a whole is done by one at a time.
@Suite(.timeLimit(.minutes(20))) struct ReservationTests {
    /// Somebody comes to a gate, and stays there until it is opened.
    private final class Gate: Sendable {
        private let state = Lock((arrived: false, isOpen: false))
        var hasArrived: Bool { state.withLock { $0.arrived } }
        func open() { state.withLock { $0.isOpen = true } }

        func pass(_ loop: EventLoop) async {
            state.withLock { $0.arrived = true }
            while !state.withLock({ $0.isOpen }) { try? await loop.sleep(for: .milliseconds(1)) }
        }

        func arrival(_ loop: EventLoop) async {
            while !hasArrived { try? await loop.sleep(for: .milliseconds(1)) }
        }
    }

    /// A message that is being given back: its report is being made, and waits at the gate.
    private func onReturn(
        _ body: @escaping @Sendable (Bench, MailQueue, QueueID, Gate) async throws -> Void
    ) async throws {
        try await onBench { bench in
            let gate = Gate()
            let queue = try await bench.open()
            let id = try await queue.accept(message(to: "bob@far.test"), content("x"))
            bench.world.beforeDrafts.withLock { $0 = { await gate.pass(bench.loop) } }
            let giving = Task { try await queue.giveBack(id) }
            await gate.arrival(bench.loop)
            try await body(bench, queue, id, gate)
            gate.open()
            let isGivenBack = try await giving.value
            #expect(isGivenBack)
            await queue.setSending(true)
            await bench.settle(queue)
            #expect(bench.world.tries("<bob@far.test>") == 0)
            #expect(bench.world.taken("<ann@example.test>") == 1)
            await queue.close()
            let again = try await bench.open()
            #expect(await again.count == 0)
            await again.close()
        }
    }

    @Test func `What is being given back is not sent`() async throws {
        try await onReturn { bench, queue, _, _ in
            await queue.setSending(true)
            await bench.pass(.seconds(1), queue)
            #expect(bench.world.tries("<bob@far.test>") == 0)
        }
    }

    @Test func `What is being given back is not copied meanwhile, and so does not come back`() async throws {
        try await onReturn { _, queue, id, _ in
            #expect(await !queue.move(id))
        }
    }

    @Test func `Whoever comes second waits, and finds what the first left`() async throws {
        try await onReturn { _, queue, id, gate in
            let second = Task { try await queue.remove(id) }
            gate.open()
            let isRemoved = try await second.value
            #expect(!isRemoved)
        }
    }

    @Test func `What is being given back does not expire a second time`() async throws {
        try await onReturn { bench, queue, _, _ in
            await bench.pass(.seconds(6 * 86_400), queue)
            #expect(bench.world.reports.withLock { $0.isEmpty })
        }
        // One report, as `onReturn` counts, of what was given back.
    }

    @Test func `What is free again goes on its way`() async throws {
        try await onBench { bench in
            let queue = try await bench.open()
            let id = try await queue.accept(message(to: "bob@far.test"), content("x"))
            #expect(await queue.tryReserve(id))
            #expect(await !queue.tryReserve(id))
            await queue.setSending(true)
            await bench.pass(.seconds(1), queue)
            #expect(bench.world.tries("<bob@far.test>") == 0)
            await queue.release(id)
            await bench.settle(queue)
            #expect(bench.world.taken("<bob@far.test>") == 1)
            await queue.close()
        }
    }

    @Test func `Whoever works on a message is awake`() {
        var state = QueueState()
        let queued = message(to: "bob@far.test")
        var record = MessageRecord(QueueID(7), queued, arrival: 0, expiry: 1_000_000, delayNotice: 0)
        record.message.recipients[0].destination = "mx:far.test"
        state.apply(.message(record), at: RecordPosition(segment: 1, offset: 64), preamble: 100, size: 1)
        state.scheduleAll(at: 0)
        // Taken out of its line, and not noted as being sent yet.
        #expect(state.nextJob(at: 0)?.id == QueueID(7))
        #expect(state.asleep([QueueID(7)], at: 0, grace: 0) { _ in true } == [])
        #expect(state.asleep([QueueID(7)], at: 0, grace: 0) { _ in false } == [QueueID(7)])
    }
}
