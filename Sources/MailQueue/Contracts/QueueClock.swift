// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import Runtime

/// The two clocks that the queue goes by.
package protocol QueueClock: Sendable {
    /// The time of day: milliseconds since 1970.
    ///
    /// Somebody may set it.
    var wall: Int64 { get }
    /// Milliseconds since some moment; goes on while the machine sleeps, and nobody can set it.
    var steady: Int64 { get }
}

/// The machine's clocks.
package struct SystemQueueClock: QueueClock {
    private let start = ContinuousClock.now

    package init() {}

    package var wall: Int64 { WallClock.nanoseconds / 1_000_000 }

    package var steady: Int64 {
        let (seconds, attoseconds) = (ContinuousClock.now - start).components
        return seconds &* 1000 &+ attoseconds / 1_000_000_000_000_000
    }
}

/// The queue's own time: the time of day as it would be if nobody had set the clock since the queue was made.
///
/// Times in the ledger are of this line, so that a clock that is set by a day neither returns mail nor keeps it a day
/// longer. How far the time of day is from it is written in the ledger whenever it changes.
struct QueueTimeline: Sendable {
    private let base: Int64
    private let steadyBase: Int64
    /// The time of day less the queue's time.
    private(set) var offset: Int64

    /// The clock jumped when it is this far off.
    static let tolerance: Int64 = 2000

    /// - Parameter known: a moment of this line that has passed: where the clock says an earlier one, it was set back, or
    ///   is not set yet, and time goes on from there.
    init(_ clock: some QueueClock, offset: Int64, after known: Int64 = .min) {
        let isBehind = clock.wall &- offset < known
        self.offset = isBehind ? clock.wall &- known : offset
        base = isBehind ? known : clock.wall &- offset
        steadyBase = clock.steady
    }

    func now(_ clock: some QueueClock) -> Int64 { base &+ (clock.steady &- steadyBase) }

    /// The new offset when the clock was set.
    mutating func step(_ clock: some QueueClock) -> Int64? {
        let found = clock.wall &- now(clock)
        guard abs(found &- offset) > Self.tolerance else { return nil }
        offset = found
        return found
    }
}
