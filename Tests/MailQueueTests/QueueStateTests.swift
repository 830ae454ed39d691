// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

import Journal
import MailTypes
import SMTPWire
import Testing

@testable import MailQueue

/// The ledger and the schedule as a value, driven with random steps.
@Suite struct QueueStateTests {
    private static func place(_ number: Int) -> RecordPosition { RecordPosition(segment: 1, offset: UInt64(number)) }

    @Test func `What is held, scheduled or frozen does not look like what is tried again`() throws {
        var state = QueueState()
        var number = 0
        func add(_ destination: String, frozen: Bool = false, _ change: (inout RecipientProgress) -> Void = { _ in }) {
            number += 1
            var queued = message(to: "a@b.test")
            queued.recipients[0].destination = destination
            let arrival = Int64(number)
            var record = MessageRecord(QueueID(UInt64(number)), queued, arrival: arrival, expiry: 9000, delayNotice: 0)
            record.isFrozen = frozen
            record.progress[0].state = .deferred
            change(&record.progress[0])
            state.apply(.message(record), at: Self.place(number), preamble: 100, size: 10)
        }
        add("held/mx:a") { $0.next = .max }
        add("held/mx:a", frozen: true) { $0.next = 50 }
        add("hours/mx:b") { $0.next = 7000 }
        add("hours/mx:b") { $0.next = 6000 }
        add("mx:c") { ($0.next, $0.attempts) = (5000, 3) }
        add("mx:c") { $0.next = 4000 }
        add("mx:d", frozen: true) { $0.next = 100 }
        add("mx:e") { ($0.state, $0.next) = (.quarantined, 300) }
        let names = ["held/mx:a", "hours/mx:b", "mx:c", "mx:d", "mx:e"]
        let numbers = try names.map { try #require(state.destinations.number(of: $0)) }
        #expect(numbers.allSatisfy { state.destinations[$0].isQuiet(at: 10) })
        let waits = state.waits(for: Set(numbers), at: 10)
        let wanted: [(ClassicState, Int64)] = [
            (.remote, 9000), (.scheduled, 6000), (.retry, 4000), (.frozen, 9000), (.quarantined, 300),
        ]
        for (number, wanted) in zip(numbers, wanted) {
            #expect(waits[number] == DestinationWait(state: wanted.0, nextEvent: wanted.1))
        }
        #expect(state.waits(for: [], at: 10).isEmpty)
    }

    /// Steps of a random queue; after each, what must always hold.
    @Test(arguments: 1...20) func `Whatever happens, everything has a next event and the counts are right`(seed: Int) {
        var random = SeededGenerator(UInt64(seed))
        var state = QueueState()
        state.limits = QueueLimits(total: 7, initialWindow: 1, maximumWindow: 3)
        state.reminder = 10
        var now: Int64 = 0
        var number = 0
        var jobs: [QueueJob] = []
        var records: [(QueueRecord, Int)] = []
        func apply(_ record: QueueRecord, _ state: inout QueueState) {
            number += 1
            records.append((record, number))
            state.apply(record, at: Self.place(number), preamble: 100, size: 10)
        }
        for step in 0..<400 {
            now += Int64.random(in: 0..<50, using: &random)
            for event in state.advance(to: now) {
                guard case .expired(let id) = event, let entry = state.entries[id] else { continue }
                var change = ChangeRecord(id)
                for (index, slot) in entry.slots.enumerated() where !slot.state.isActive && !slot.state.isFinal {
                    change.recipients.append(.init(index: index, progress: RecipientProgress(.bounced)))
                }
                apply(.change(change), &state)
                state.schedule(id, at: now)
            }
            switch Int.random(in: 0..<6, using: &random) {
            case 0, 1:
                var queued = message(to: "a@b.test", "c@d.test")
                for index in queued.recipients.indices {
                    queued.recipients[index].destination = "d\(Int.random(in: 0..<4, using: &random))"
                }
                let id = QueueID(UInt64(step + 1))
                apply(.message(MessageRecord(id, queued, arrival: now, expiry: now + 2000, delayNotice: 0)), &state)
                state.schedule(id, at: now)
            case 2, 3:
                guard let job = state.nextJob(at: now) else { break }
                var change = ChangeRecord(job.id)
                change.recipients = job.recipients.map { .init(index: $0, progress: RecipientProgress(.sending)) }
                apply(.change(change), &state)
                jobs.append(job)
            case 4:
                guard let job = jobs.popLast() else { break }
                var change = ChangeRecord(job.id)
                for index in job.recipients {
                    var progress = RecipientProgress(
                        [.delivered, .deferred, .bounced].randomElement(using: &random) ?? .pending
                    )
                    progress.next = now + Int64.random(in: 1..<300, using: &random)
                    change.recipients.append(.init(index: index, progress: progress))
                }
                apply(.change(change), &state)
                if Bool.random(using: &random) { _ = state.failed(job, "down", at: now) { _ in 100 } }
                state.finished(job, at: now)
                state.schedule(job.id, for: job.destination, at: now)
            default:
                guard let id = state.entries.keys.min(), let entry = state.entries[id] else { break }
                var change = ChangeRecord(id)
                change.isFrozen = !entry.isFrozen
                apply(.change(change), &state)
                state.schedule(id, at: now)
            }
            if step % 5 == 0 { checkCounts(state, jobs) }
            #expect(state.timers.count < 20 * (state.entries.count + 20))
            // What expires while it is being sent is looked at again ten later.
            let asleep = state.asleep(state.entries.keys, at: now, grace: 60) { id in jobs.contains { $0.id == id } }
            if let first = asleep.first, let entry = state.entries[first] {
                let destinations = entry.slots.map { state.destinations[$0.destination] }
                Issue.record("seed \(seed), step \(step), at \(now): \(entry) \(destinations)")
                return
            }
        }
        // A start reads the same from the records.
        var again = QueueState()
        for (record, number) in records {
            let place = Self.place(number)
            let isKnown = again.replay(kind: record.kind, record.metadata, at: place, preamble: 100, size: 10)
            #expect(isKnown)
        }
        #expect(again.entries.keys.sorted() == state.entries.keys.sorted())
        for (id, entry) in again.entries {
            #expect(entry.slots.map(\.state) == state.entries[id]?.slots.map(\.state))
            #expect(entry.slots.map(\.next) == state.entries[id]?.slots.map(\.next))
            #expect(entry.isFrozen == state.entries[id]?.isFrozen)
        }
        #expect(again.liveOctets == state.liveOctets)
    }

    private func checkCounts(_ state: QueueState, _ jobs: [QueueJob]) {
        for kind in DeliveryState.allCases {
            let found = state.entries.values.reduce(0) { $0 + $1.slots.filter { $0.state == kind }.count }
            #expect(state[kind] == found)
        }
        #expect(state.active == jobs.count && state.active <= 7)
        for number in state.destinations.inUse {
            let destination = state.destinations[number]
            let waiting = state.entries.values.reduce(0) { sum, entry in
                sum + entry.slots.filter { $0.destination == number && !$0.state.isFinal }.count
            }
            #expect(destination.recipients == waiting)
            #expect(destination.active == jobs.filter { $0.destination == number }.count)
            #expect(destination.active <= 3)
        }
        let live = state.entries.values.reduce(UInt64(0)) { $0 + $1.storedOctets }
        #expect(state.liveOctets.values.reduce(0, +) == live)
    }

    @Test func `Timers come in their order`() {
        var heap = TimerHeap()
        var random = SeededGenerator(4)
        for number in 0..<1000 {
            heap.add(
                QueueTimer(time: .random(in: 0..<500, using: &random), id: QueueID(UInt64(number)), destination: 0)
            )
        }
        var last: Int64 = 0
        #expect(heap.popFirst(upTo: -1) == nil)
        while let timer = heap.popFirst(upTo: 400) {
            #expect(timer.time >= last && timer.time <= 400)
            last = timer.time
        }
        #expect(heap.first.map { $0.time > 400 } ?? true)
    }

    @Test func `Destinations take turns, and urgent messages come first`() {
        var state = QueueState()
        state.limits = QueueLimits(total: 100, initialWindow: 100, maximumWindow: 100)
        for number in 1...30 {
            var queued = message(to: "a@b.test")
            queued.recipients[0].destination = number <= 20 ? "busy" : number <= 25 ? "quiet" : "silent"
            queued.priority = number == 20 ? .urgent : number == 19 ? .low : .normal
            let id = QueueID(UInt64(number))
            state.apply(
                .message(MessageRecord(id, queued, arrival: 0, expiry: 1000, delayNotice: 0)),
                at: Self.place(number),
                preamble: 1,
                size: 1
            )
            state.schedule(id, at: 0)
        }
        var order: [UInt64] = []
        while let job = state.nextJob(at: 1) {
            var change = ChangeRecord(job.id)
            change.recipients = [.init(index: 0, progress: RecipientProgress(.sending))]
            state.apply(.change(change), at: Self.place(99), preamble: 0, size: 0)
            order.append(job.id.rawValue)
        }
        #expect(order.prefix(6) == [20, 21, 26, 1, 22, 27])
        #expect(order.last == 19 && order.count == 30)
    }
    @Test func `Destinations that never end leave a quarter to those that have none`() {
        var state = QueueState()
        state.limits = QueueLimits(total: 20, initialWindow: 5, maximumWindow: 10)
        func queue(_ numbers: ClosedRange<Int>, to destination: (Int) -> String) {
            for number in numbers {
                var queued = message(to: "a@b.test")
                queued.recipients[0].destination = destination(number)
                let id = QueueID(UInt64(number))
                state.apply(
                    .message(MessageRecord(id, queued, arrival: 0, expiry: 1000, delayNotice: 0)),
                    at: Self.place(number),
                    preamble: 1,
                    size: 1
                )
                state.schedule(id, at: 0)
            }
        }
        func begin() -> [QueueJob] {
            var jobs: [QueueJob] = []
            while let job = state.nextJob(at: 1) {
                var change = ChangeRecord(job.id)
                change.recipients = [.init(index: 0, progress: RecipientProgress(.sending))]
                state.apply(.change(change), at: Self.place(99), preamble: 0, size: 0)
                jobs.append(job)
            }
            return jobs
        }
        queue(1...40) { "silent\($0 % 4)" }
        #expect(begin().count == 15)
        queue(41...50) { _ in "good" }
        // One at a time, and at the end of each the next.
        for number in 41...50 {
            let jobs = begin()
            #expect(jobs.map(\.id.rawValue) == [UInt64(number)])
            for job in jobs { state.finished(job, at: 1) }
        }
        #expect(begin().isEmpty)
    }
}
