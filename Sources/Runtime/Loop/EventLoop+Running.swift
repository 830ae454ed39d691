// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import Locking

extension EventLoop {
    /// Runs `body` on a loop of its own, on a new thread, and ends the loop afterwards.
    @discardableResult
    package static func run<Success: Sendable>(
        name: String = "loop",
        _ body: @escaping @Sendable (EventLoop) async throws -> Success
    ) async throws -> Success {
        let loop = EventLoop(name: name)
        loop.start()
        defer { loop.stop() }
        return try await Task(executorPreference: loop) { try await body(loop) }.value
    }

    /// Runs `body` on a loop on the calling thread, which is blocked until `body` returns: for `main` and for tools.
    @discardableResult
    package static func runBlocking<Success: Sendable>(
        name: String = "main",
        _ body: @escaping @Sendable (EventLoop) async -> Success
    ) -> Success {
        let loop = EventLoop(name: name)
        let outcome = Outcome<Success>()
        Task(executorPreference: loop) {
            let value = await body(loop)
            outcome.value.withLock { $0 = value }
            loop.stop()
        }
        loop.runOnThisThread()
        guard let value = outcome.value.withLock({ $0 }) else {
            // The loop ends only by the stop above, after the value is there.
            preconditionFailure("event loop ended before its task")
        }
        return value
    }
}

private final class Outcome<Success: Sendable>: Sendable {
    let value = Lock<Success?>(nil)
}
