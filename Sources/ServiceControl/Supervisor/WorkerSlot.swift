// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

/// A worker that there is to be: its name stays while processes come and go.
///
/// Used on the supervisor's loop only.
final class WorkerSlot {
    /// What administrators see.
    enum State: String {
        case starting
        case running
        case stopping
        case stopped
        /// Waiting for its next start after a failure.
        case waiting
        /// The breaker opened; see `RecoveryPolicy`.
        case failed
    }

    let role: WorkerRole
    let index: Int
    var state = State.stopped
    var current: RunningWorker?
    /// Predecessors that still drain.
    var retiring: [RunningWorker] = []
    var recovery = RecoveryState()
    /// Unexpected ends since service control started.
    var restarts = 0
    var lastEnd: String?
    /// The last process ended by a fault of its own.
    var diedOfFault = false
    /// Asked to restart, and its process must be gone first.
    var startsAgainOnceStopped = false
    /// Counts plans to start, so that a later plan makes an earlier one void.
    var plan = 0

    var name: String { "\(role.rawValue)-\(index)" }

    /// Every listening socket of this worker, by the name under which it is handed down.
    let sockets: [(name: String, fd: Int32)]

    init(role: WorkerRole, index: Int, sockets: [(name: String, fd: Int32)]) {
        self.role = role
        self.index = index
        self.sockets = sockets
    }

    /// Whether two processes of this worker can be at work at once.
    ///
    /// A back-end owns its accounts alone, a transport its queue.
    var overlaps: Bool { role != .backEnd && role != .transport }
}
