// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

import Locking
import Runtime
import Testing

@Suite("Turns of tasks on one loop", .timeLimit(.minutes(20)))
struct LoopTurnTests {
    @Test func aTurnEndsByTheClock() {
        let begun = ContinuousClock.now
        let turn = LoopTurn()
        #expect(!turn.isOver(at: begun))
        #expect(turn.isOver(at: .now + LoopTurn.length))
    }

    /// A task that never waits would otherwise keep the other from running at all.
    @Test func whoGivesWayLetsOthersRun() async throws {
        try await EventLoop.run { loop in
            let hasRun = Lock(false)
            let other = Task(executorPreference: loop) { hasRun.withLock { $0 = true } }
            var turn = LoopTurn()
            while !hasRun.withLock({ $0 }) { await turn.giveWay() }
            await other.value
        }
    }
}
