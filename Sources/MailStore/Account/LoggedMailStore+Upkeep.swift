// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import Events
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
        return try await store.relocate(leaving: leaving, pace: pace) { body, record throws(MailStoreError) in
            try await self.restaged(body, of: account, as: record)
        }
    }

    /// Writes the state of an account as a base, and a snapshot that says that it is there; the account may be closed and
    /// is closed again.
    package func writeBase(of account: AccountID) async throws(MailStoreError) {
        let wasOpen = registry.peek(account) != nil
        let fence = try await leases.acquire(account, deadline: .now + .seconds(10))
        let store = try await owner(of: account, fence)
        let use = registry.lastUse(of: account)
        defer { if !wasOpen { registry.letGo(account, unlessUsedAfter: use) } }
        try await store.writeBase()
    }

    /// Takes a message that is in pieces, and may never have been acknowledged, out of its mailbox and into quarantine.
    ///
    /// False when that cannot be done: it stays, and is shown as a damaged one.
    package func withdraw(_ body: BodyReference, in mailbox: MailboxID, of account: AccountID) async -> Bool {
        do throws(MailStoreError) {
            let store = try await existing(account, deadline: .now + .seconds(10))
            guard let store, let uid = await store.uid(of: body) else { return true }
            _ = try await store.quarantine(UIDSet(ascending: CollectionOfOne(uid)), in: mailbox)
            services.events.record(
                .messageWithdrawn,
                ["store.account": .count(account.rawValue), "store.uid": .count(uid.rawValue)]
            )
            return true
        } catch {
            // Whoever reads it is told that it is damaged.
            return false
        }
    }

    /// The message at a place of an account, staged, when every octet of it can be read and it is the one that `record`
    /// tells of.
    package func restaged(
        _ body: BodyReference,
        of account: AccountID,
        as record: MessageRecord
    ) async throws(MailStoreError) -> StagedOctets? {
        let staging = stage(maximum: .max)
        while staging.count < record.size {
            let part = staging.count..<min(record.size, staging.count + Self.restagedOctets)
            let octets = try await log.read(body, of: account, size: record.size, range: part)
            guard octets.damaged.isEmpty, octets.bytes.count == part.count else { return nil }
            try staging.add(octets.bytes)
        }
        guard let staged = try await staging.finish() as? StagedOctets, staged.sha256 == record.sha256 else {
            return nil
        }
        return staged
    }

    private static let restagedOctets: UInt64 = 1 << 20
}

extension AccountStore {
    /// The state when nothing is under way.
    func settledState() async throws(MailStoreError) -> AccountState {
        try await enter(exclusive: true)
        defer { gate.leave(exclusive: true) }
        return state
    }
}
