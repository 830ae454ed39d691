// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import Runtime

@Suite("Jobs of an event loop", .timeLimit(.minutes(20)))
struct EventLoopTests {
    /// Lives on a loop.
    private actor Resident {
        let loop: EventLoop
        private(set) var visits = 0

        init(on loop: EventLoop) { self.loop = loop }

        nonisolated var unownedExecutor: UnownedSerialExecutor { unsafe loop.asUnownedSerialExecutor() }

        func visit() -> Int {
            preconditionIsolated()
            visits += 1
            return visits
        }

        /// Leaves the actor in between.
        func visitTwice() async -> Int {
            _ = visit()
            await Task.yield()
            preconditionIsolated()
            return visit()
        }
    }

    /// Without a hop: for who is on its loop.
    private func visits(of resident: Resident) -> Int { resident.assumeIsolated { $0.visits } }

    @Test("An actor that lives on a loop is entered on its thread, from there and from other loops")
    func actors() async throws {
        try await EventLoop.run(name: "one") { one in
            let resident = Resident(on: one)
            try await EventLoop.run(name: "other") { other in
                for turn in 0..<100 {
                    let once = await resident.visit()
                    #expect(once == 3 * turn + 1 && other.isCurrent)
                    let twice = await resident.visitTwice()
                    #expect(twice == 3 * turn + 3 && other.isCurrent)
                }
            }
            #expect(one.isCurrent)
            let last = await resident.visit()
            #expect(last == 301 && one.isCurrent)
            #expect(visits(of: resident) == 301)
        }
    }

    @Test("What a timer makes ready that was due before the loop could wait is run at once")
    func dueTimers() async throws {
        try await EventLoop.run { loop in
            for _ in 0..<20 {
                let end = ContinuousClock.now + .milliseconds(5)
                while ContinuousClock.now < end {}
                try await loop.sleep(for: .milliseconds(1))
            }
        }
    }

    @Test("Tasks that never rest leave descriptors and timers their turn")
    func turns() async throws {
        try await EventLoop.run { loop in
            let resident = Resident(on: loop)
            let restless = (0..<3).map { _ in
                Task(executorPreference: loop) {
                    while !Task.isCancelled { _ = await resident.visitTwice() }
                }
            }
            try await Connection.withPeer(
                loop: loop,
                peer: { far in
                    while let line = try await far.readLine(maximum: 100) {
                        far.write(line.bytes)
                        far.write("\n")
                    }
                },
                { near in
                    for turn in 0..<100 {
                        near.write("\(turn)\n")
                        let line = try await near.readLine(maximum: 100)
                        #expect(line.map { String(decoding: $0.bytes, as: UTF8.self) } == "\(turn)")
                    }
                }
            )
            try await loop.sleep(for: .milliseconds(5))
            for task in restless { task.cancel() }
        }
    }
}
