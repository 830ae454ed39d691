// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import Locking
package import MailTypes

/// The change feed of a store that only this process uses.
///
/// A subscriber is called on the thread that published.
package final class EmbeddedFeed: ChangeFeed {
    private struct State {
        var next: UInt64 = 0
        var subscribers: [AccountID: [UInt64: @Sendable (ModSeq) -> Void]] = [:]
    }

    private let state = Lock(State())

    package init() {}

    package func publish(_ account: AccountID, _ modSeq: ModSeq) {
        let told = state.withLock { state in state.subscribers[account].map { Array($0.values) } ?? [] }
        for notify in told { notify(modSeq) }
    }

    package func subscribe(
        _ account: AccountID,
        notify: @escaping @Sendable (ModSeq) -> Void
    ) -> MailboxWatch {
        let key = state.withLock { state in
            state.next += 1
            state.subscribers[account, default: [:]][state.next] = notify
            return state.next
        }
        return MailboxWatch { [weak self] in self?.end(account, key) }
    }

    private func end(_ account: AccountID, _ key: UInt64) {
        state.withLock { state in
            state.subscribers[account]?[key] = nil
            if state.subscribers[account]?.isEmpty == true { state.subscribers[account] = nil }
        }
    }

    /// Accounts that somebody is subscribed to.
    package var accounts: Int { state.withLock { $0.subscribers.count } }
}
