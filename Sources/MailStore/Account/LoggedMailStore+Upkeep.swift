// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import Locking
package import MailTypes

// What an engine's upkeep needs to know of accounts, and to have done by their owners.

extension LoggedMailStore {
    /// Octets of messages that went since the process began.
    package var freedOctets: UInt64 { services.freed.withLock { $0 } }

    /// An account as it is, with everything that was submitted before the call; it is not opened for that.
    package func currentState(of account: AccountID) async throws(MailStoreError) -> AccountState {
        if let store = registry.peek(account) { return try await store.settledState() }
        return try await replay(account).state
    }

    /// As `AccountStore.relocate`, for an account that may be closed and is closed again.
    package func relocate(
        _ account: AccountID,
        leaving: Set<UInt32>,
        pace: @Sendable (UInt64) async -> Bool
    ) async throws(MailStoreError) -> Relocation {
        let wasOpen = registry.peek(account) != nil
        let fence = try await leases.acquire(account, deadline: .now + .seconds(10))
        let store = try await owner(of: account, fence)
        let use = registry.lastUse(of: account)
        defer { if !wasOpen { registry.letGo(account, unlessUsedAfter: use) } }
        return try await store.relocate(leaving: leaving, pace: pace)
    }
}

extension AccountStore {
    /// The state when nothing is under way.
    func settledState() async throws(MailStoreError) -> AccountState {
        try await enter(exclusive: true)
        defer { gate.leave(exclusive: true) }
        return state
    }
}
