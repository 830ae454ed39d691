// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import Locking
internal import Runtime
internal import Testing

@testable import ServiceControl

@Suite struct SideLoopTests {
    private func until(_ condition: () -> Bool) async throws {
        while !condition() { try await Task.sleep(for: .milliseconds(2)) }
    }

    @Test func `A loop that stands still stops the heartbeat, until it turns again`() async throws {
        let loops = SideLoops()
        let loop = loops.start(name: "side", niceness: 1)
        defer { loop.stop() }
        try await until { loops.allTurn() }
        let released = Lock(false)
        loop.execute { while !released.withLock({ $0 }) {} }
        // The first question finds the turn that was taken before.
        try await until { !loops.allTurn() }
        #expect(!loops.allTurn())
        released.withLock { $0 = true }
        try await until { loops.allTurn() }
    }

    @Test func `Without side loops the heartbeat is the main loop's`() {
        #expect(SideLoops().allTurn())
    }
}
