// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import Locking
internal import MailTypes

/// Who wants to know of changes of one account.
final class WatchRegistry: Sendable {
    private struct Watch {
        var mailbox: MailboxID?
        var notify: @Sendable () -> Void
    }

    private struct State {
        var next: UInt64 = 0
        var watches: [UInt64: Watch] = [:]
    }

    private let state = Lock(State())

    func add(_ mailbox: MailboxID?, _ notify: @escaping @Sendable () -> Void) -> MailboxWatch {
        let key = state.withLock { state in
            state.next += 1
            state.watches[state.next] = Watch(mailbox: mailbox, notify: notify)
            return state.next
        }
        return MailboxWatch { [weak self] in self?.state.withLock { $0.watches[key] = nil } }
    }

    /// Tells the watchers of these mailboxes, and those of the whole account.
    func changed(_ mailboxes: Set<MailboxID>) {
        let told = state.withLock { state in
            state.watches.values.filter { $0.mailbox.map(mailboxes.contains) ?? true }.map(\.notify)
        }
        for notify in told { notify() }
    }
}
