// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import Events
internal import Locking

/// Says in the log that changes are refused since the disk is full: at the first, and then once a minute how many more;
/// and that there is room again, once changes were written and for a minute none was refused.
///
/// From any thread.
final class FullDiskNotices: Sendable {
    private struct State {
        /// Refused since the log was told last.
        var untold: Int64 = 0
        var told: ContinuousClock.Instant?
        /// Why the last one was.
        var errno: Int32 = 0
        /// When the last one was; `nil` once there is room.
        var refused: ContinuousClock.Instant?
        /// Something was written since that needed room.
        var isWriting = false

        /// How many are to be told of now, if any.
        mutating func due(at now: ContinuousClock.Instant) -> Int64? {
            if untold == 0 { return nil }
            if let told, told.duration(to: now) < FullDiskNotices.pause { return nil }
            defer { (untold, told) = (0, now) }
            return untold
        }

        /// Whether it is to be told now that there is room: a small change may still fit where a large one does not.
        mutating func hasRoom(at now: ContinuousClock.Instant) -> Bool {
            guard isWriting, let refused, refused.duration(to: now) >= FullDiskNotices.pause else { return false }
            self.refused = nil
            return true
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
        let now = clock()
        state.withLock { state in
            state.untold += 1
            (state.errno, state.refused, state.isWriting) = (errno, now, false)
        }
        tell()
    }

    /// A start could not write what it has to; nobody was refused anything yet.
    func foundFull(errno: Int32) {
        let now = clock()
        state.withLock { ($0.refused, $0.isWriting) = (now, false) }
        events.record(.storageFull, ["store.errno": .count(errno)])
    }

    /// A change was written that did not use the reserve.
    func written() {
        let wasFull = state.withLock { state in
            state.isWriting = true
            return state.refused != nil
        }
        if wasFull { tell() }
    }

    /// Tells of those that nobody was told of, and of room, once it is time.
    ///
    /// To be called now and then also where nothing changes.
    ///
    /// - Parameter isLast: nothing will be told after this: it is time.
    func tell(isLast: Bool = false) {
        let now = clock()
        let (due, hasRoom) = state.withLock { state in
            if isLast { state.told = nil }
            return (state.due(at: now).map { (count: $0, errno: state.errno) }, state.hasRoom(at: now))
        }
        if let due {
            events.record(.storageFull, ["store.errno": .count(due.errno), "store.refused": .count(due.count)])
        }
        if hasRoom { events.record(.storageHasRoom) }
    }
}
