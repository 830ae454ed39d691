// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import Locking
package import MailTypes

/// Which messages need no surrogate, for the sessions to come: most clients log on every few minutes and ask for the
/// sizes of all messages, most of which stay.
///
/// Shared by the sessions of a process. A message never changes, so what is here is never wrong, and what is not is
/// found out again.
package final class PlainMessages: Sendable {
    private struct Key: Hashable {
        var account: AccountID
        var mailbox: MailboxID
    }

    private struct State {
        var known: [Key: UIDSet] = [:]
        var ranges = 0
    }

    private let state = Lock(State())
    private let maximum: Int

    /// - Parameter maximum: ranges of UIDs that are kept, of some 8 octets each; with more, all is found out anew.
    package init(maximum: Int = 100_000) { self.maximum = maximum }

    package func known(_ account: AccountID, _ mailbox: MailboxID) -> UIDSet {
        state.withLock { $0.known[Key(account: account, mailbox: mailbox)] ?? UIDSet() }
    }

    package func add(_ uids: UIDSet, _ account: AccountID, _ mailbox: MailboxID) {
        guard !uids.isEmpty else { return }
        let key = Key(account: account, mailbox: mailbox)
        state.withLock { state in
            let before = state.known[key] ?? UIDSet()
            var after = before
            after.formUnion(uids)
            state.ranges += after.ranges.count - before.ranges.count
            state.known[key] = after
            if state.ranges > maximum { state = State() }
        }
    }
}
