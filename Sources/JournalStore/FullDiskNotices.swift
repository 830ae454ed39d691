// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import Events
internal import Locking

/// Says in the log that changes are refused since the disk is full: at the first, and then once a minute how many more.
///
/// From any thread.
final class FullDiskNotices: Sendable {
    private struct State {
        /// Refused since the log was told last.
        var untold: Int64 = 0
        var told: ContinuousClock.Instant?
        /// Why the last one was.
        var errno: Int32 = 0

        /// How many are to be told of now, if any.
        mutating func due(at now: ContinuousClock.Instant) -> Int64? {
            if untold == 0 { return nil }
            if let told, told.duration(to: now) < FullDiskNotices.pause { return nil }
            defer { (untold, told) = (0, now) }
            return untold
        }
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
        state.withLock { state in
            state.untold += 1
            state.errno = errno
        }
        tell()
    }

    /// Tells of those that nobody was told of, once it is time; to be called about once a minute.
    ///
    /// - Parameter isLast: nothing will be told after this: it is time.
    func tell(isLast: Bool = false) {
        let now = clock()
        let due = state.withLock { state in
            if isLast { state.told = nil }
            return state.due(at: now).map { (count: $0, errno: state.errno) }
        }
        guard let due else { return }
        events.record(.storageFull, ["store.errno": .count(due.errno), "store.refused": .count(due.count)])
    }
}
