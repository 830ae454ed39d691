// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

import IMAPClient
import Locking
import Runtime

/// A session that asks NOOP every few milliseconds and notes how long each answer takes, on a thread of its own: what the
/// rest of this program does does not count.
final class Prober: Sendable {
    typealias Instant = ContinuousClock.Instant

    private struct State {
        var answers: [(asked: Instant, took: Duration)] = []
        var isStopping = false
        var hasEnded = false
    }

    private static let pause = Duration.milliseconds(3)
    private let loop = EventLoop(name: "prober")
    private let state = Lock(State())

    /// Asks until `body` returns.
    static func during<Success>(
        _ user: User,
        of target: Target,
        _ body: (Prober) async throws -> Success
    ) async throws -> Success {
        let prober = Prober()
        prober.loop.start()
        defer { prober.loop.stop() }
        let asking = Task(executorPreference: prober.loop) {
            defer { prober.state.withLock { $0.hasEnded = true } }
            try await prober.ask(user, target)
        }
        let result: Success
        do {
            result = try await body(prober)
        } catch {
            prober.stop()
            _ = await asking.result
            throw error
        }
        prober.stop()
        try await asking.value
        return result
    }

    private func stop() { state.withLock { $0.isStopping = true } }

    private func ask(_ user: User, _ target: Target) async throws {
        let session = try await target.imap(user, loop)
        try await session.select("INBOX", readOnly: true)
        while !state.withLock({ $0.isStopping }) {
            let asked = Instant.now
            try await session.noop()
            let took = Instant.now - asked
            state.withLock { $0.answers.append((asked, took)) }
            try await loop.sleep(for: Self.pause)
        }
        try await session.logOut()
    }

    /// How long those answers took that were waited for since a moment, sorted; waits, on `loop`, until one is there that
    /// was asked for after the call.
    func answers(since begin: Instant, _ loop: EventLoop) async throws -> [Duration] {
        let end = Instant.now
        while state.withLock({ !$0.hasEnded && $0.answers.last.map { $0.asked <= end } ?? true }) {
            try await loop.sleep(for: .milliseconds(1))
        }
        return state.withLock { state in
            state.answers.filter { $0.asked <= end && $0.asked + $0.took >= begin }.map { $0.took }.sorted()
        }
    }
}
