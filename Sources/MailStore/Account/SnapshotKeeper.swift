// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import Locking

/// When an account's next snapshot is due.
///
/// One is written at a time.
final class SnapshotKeeper: Sendable {
    private struct State {
        var recordsSince = 0
        var isWriting = false
    }

    /// Replaying this many records is not worth a snapshot.
    static let worthwhile = 16
    /// At least so many records between two.
    static let interval = 256

    private let state = Lock(State())

    func opened(with replayed: Int) { state.withLock { $0.recordsSince = replayed } }
    func applied(_ count: Int) { state.withLock { $0.recordsSince += count } }

    var isWorthwhile: Bool { state.withLock { $0.recordsSince >= Self.worthwhile } }

    /// Large accounts write snapshots less often, so that the octets written stay in proportion to the mail.
    func isDue(messages: Int) -> Bool {
        state.withLock { $0.recordsSince >= max(Self.interval, messages / 16) && !$0.isWriting }
    }

    /// False while another is being written.
    func begin() -> Bool {
        state.withLock { state in
            guard !state.isWriting else { return false }
            state = State(recordsSince: 0, isWriting: true)
            return true
        }
    }

    func end() { state.withLock { $0.isWriting = false } }
}
