// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import Glibc
internal import Locking
internal import Runtime

/// How far a piece of upkeep is.
package struct UpkeepProgress: Sendable, Hashable {
    package enum Stage: String, Sendable, Hashable {
        /// Octets of segments that were read.
        case segments
        /// Accounts that were looked at.
        case accounts
        /// Octets of messages that were copied.
        case moving
        /// Octets of files that were copied.
        case files
    }

    package var stage: Stage
    package var done: UInt64
    package var total: UInt64

    package init(_ stage: Stage, done: UInt64, of total: UInt64) {
        self.stage = stage
        self.done = done
        self.total = total
    }
}

/// Told of progress now and then, on any thread; must not block.
package typealias UpkeepObserver = @Sendable (UpkeepProgress) -> Void

/// One piece of upkeep under way: its rate, its progress, and whether it is to end early.
///
/// Its blocking parts run on threads of their own, so that a slow rate holds up nobody.
final class UpkeepRun: Sendable {
    private struct State {
        var isCancelled = false
        /// When the octets so far are to have been read, at the rate.
        var due = ContinuousClock.now
        /// What was told last, and from when on more of the same is told.
        var told: UpkeepProgress.Stage?
        var tellsFrom = ContinuousClock.now
    }

    static let pool = BlockingPool(name: "upkeep", threads: 5)
    /// A sleeper looks this often whether the work is to end.
    private static let slice = Duration.milliseconds(50)
    private static let tellingInterval = Duration.milliseconds(100)

    /// Octets a second; 0 for no bound.
    private let rate: @Sendable () -> UInt64
    private let observe: UpkeepObserver
    private let state = Lock(State())

    init(rate: @escaping @Sendable () -> UInt64 = { 0 }, observe: @escaping UpkeepObserver = { _ in }) {
        self.rate = rate
        self.observe = observe
    }

    var isCancelled: Bool { state.withLock { $0.isCancelled } }
    func cancel() { state.withLock { $0.isCancelled = true } }

    func checkCancelled() throws {
        if isCancelled { throw CancellationError() }
    }

    /// Tells the observer, but not oftener than anybody can look.
    func report(_ stage: UpkeepProgress.Stage, done: UInt64, of total: UInt64) {
        let isTold = state.withLock { state in
            let now = ContinuousClock.now
            guard stage != state.told || done >= total || now >= state.tellsFrom else { return false }
            (state.told, state.tellsFrom) = (stage, now + Self.tellingInterval)
            return true
        }
        if isTold { observe(UpkeepProgress(stage, done: done, of: total)) }
    }

    /// Sleeps for as long as `octets` take at the rate.
    ///
    /// Blocks; ends early when cancelled.
    func pace(_ octets: UInt64) {
        let rate = rate()
        guard rate > 0 else { return }
        let until = state.withLock { state in
            state.due =
                max(state.due, .now) + .nanoseconds(Int64(clamping: octets) * 1000 / Int64(clamping: rate) * 1_000_000)
            return state.due
        }
        sleep(until: until, slice: Self.slice)
    }

    private func sleep(until end: ContinuousClock.Instant, slice: Duration) {
        while !isCancelled {
            let left = min(end - .now, slice)
            guard left > .zero else { return }
            usleep(UInt32(clamping: max(1, left.components.attoseconds / 1_000_000_000_000)))
        }
    }

    /// Waits between two looks; false when the task was cancelled.
    static func rest(_ interval: Duration) async -> Bool {
        let run = UpkeepRun()
        await withTaskCancellationHandler {
            await pool.run { run.sleep(until: .now + interval, slice: .milliseconds(200)) }
        } onCancel: {
            run.cancel()
        }
        return !Task.isCancelled
    }

    /// As `pace`, for tasks; false when the work is to end.
    func paceTask(_ octets: UInt64) async -> Bool {
        await Self.pool.run { self.pace(octets) }
        return !isCancelled
    }

    /// Runs `body` on a thread for upkeep; cancelling the task ends it at its next step.
    func blocking<Success: Sendable>(_ body: @escaping @Sendable () throws -> Success) async throws -> Success {
        try await withTaskCancellationHandler {
            try checkCancelled()
            return try await Self.pool.run(body)
        } onCancel: {
            cancel()
        }
    }
}
