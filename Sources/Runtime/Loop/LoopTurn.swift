// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

/// How long one task may keep the others of its loop waiting: long work asks between its steps whether its turn is over,
/// and then gives way.
///
/// Reading the clock takes less than 0.1 µs, so that it may be asked as often as once for each message.
package struct LoopTurn: Sendable {
    /// A few turns of several tasks are still no time that a client notices.
    package static let length = Duration.milliseconds(4)

    private var end: ContinuousClock.Instant

    /// Begins now.
    package init() { end = .now + Self.length }

    /// Whether the others are to have their turn.
    ///
    /// What was waited for since counts too, so that a task may give way too early, never too late.
    package func isOver(at now: ContinuousClock.Instant = .now) -> Bool { now >= end }

    /// Lets the others of the loop have their turn, when this one is over.
    package mutating func giveWay() async {
        guard isOver() else { return }
        await Task.yield()
        self = LoopTurn()
    }
}
