// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import Events
internal import Locking

/// Says in the log that changes are refused since the disk is full: at the first, and then once a minute how many.
///
/// From any thread.
final class FullDiskNotices: Sendable {
    private struct State {
        /// Refused since the log was told last.
        var untold: Int64 = 0
        var told: ContinuousClock.Instant?
    }

    private static let pause = Duration.seconds(60)
    private let events: EventRecorder
    private let clock: @Sendable () -> ContinuousClock.Instant
    private let state = Lock(State())

    init(_ events: EventRecorder, clock: @escaping @Sendable () -> ContinuousClock.Instant = { .now }) {
        self.events = events
        self.clock = clock
    }

    /// A change was refused; `errno` says why.
    func refused(errno: Int32) {
        let now = clock()
        let count = state.withLock { state -> Int64? in
            state.untold += 1
            if let told = state.told, told.duration(to: now) < Self.pause { return nil }
            defer { (state.untold, state.told) = (0, now) }
            return state.untold
        }
        guard let count else { return }
        events.record(.storageFull, ["store.errno": .count(errno), "store.refused": .count(count)])
    }
}
