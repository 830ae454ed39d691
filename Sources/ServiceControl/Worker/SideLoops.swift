// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import Glibc
internal import Locking
package import Runtime

/// The loops that a worker has besides its main loop.
///
/// The worker's heartbeat stands for all of them: it stops when one of them does.
package final class SideLoops: Sendable {
    private struct Member {
        let loop: EventLoop
        var owesTurn = false
    }

    private let members = Lock<[Member]>([])

    package init() {}

    /// A new loop on a thread of its own.
    ///
    /// - Parameter niceness: 0 to 19; with 5 it gets about a third of what a thread with 0 gets when both want a core.
    package func start(name: String, niceness: Int32 = 0) -> EventLoop {
        let loop = EventLoop(name: name)
        loop.start()
        // Of the calling thread alone, on Linux.
        if niceness > 0 { loop.execute { setpriority(__priority_which_t(PRIO_PROCESS.rawValue), 0, niceness) } }
        members.withLock { $0.append(Member(loop: loop)) }
        return loop
    }

    /// Whether each has turned since it was last asked to; asks them to turn again.
    func allTurn() -> Bool {
        members.withLock { members in
            guard !members.contains(where: \.owesTurn) else { return false }
            for index in members.indices {
                members[index].owesTurn = true
                members[index].loop.execute { [weak self] in self?.turned(index) }
            }
            return true
        }
    }

    private func turned(_ index: Int) { members.withLock { $0[index].owesTurn = false } }
}
