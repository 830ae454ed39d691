// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

package import Events
internal import Locking
package import MailTypes
package import Runtime
package import Settings

/// A mail store above any log: finds the owner of an account, or opens the account by snapshot and replay.
package final class LoggedMailStore: MailStore {
    let log: any AccountLog
    let leases: any LeaseService
    private let loops: [EventLoop]
    private let stagingDirectory: String
    private let summarize: MessageSummarizer
    let registry = AccountRegistry()
    let services: AccountServices

    /// `loops` must be running, and be one at least; each account lives on one of them.
    ///
    /// `stagingDirectory` takes large messages that are coming in; files there have no names and need no cleaning.
    package init(
        log: any AccountLog,
        leases: any LeaseService,
        feed: (any ChangeFeed)? = nil,
        loops: [EventLoop],
        stagingDirectory: String,
        settings: LiveSettings,
        events: EventRecorder,
        quota: @escaping QuotaSource = { _ in .none },
        now: @escaping @Sendable () -> Int64 = wallClock,
        summarize: @escaping MessageSummarizer
    ) {
        precondition(!loops.isEmpty, "an account needs a loop to live on")
        self.log = log
        self.leases = leases
        self.loops = loops
        self.stagingDirectory = stagingDirectory
        self.summarize = summarize
        let inForce = Lock(StoreSettingsInForce(settings.current))
        services = AccountServices(
            log: log,
            feed: feed,
            events: events,
            settings: inForce,
            damage: DamageReports(),
            quota: quota,
            texts: TextKeeper(loop: loops[0]),
            reservedOctets: UInt64(clamping: settings.current[StoreSettings.reservedSpace].octets),
            now: now
        )
        settings.observe { snapshot in inForce.withLock { $0 = StoreSettingsInForce(snapshot) } }
    }

    package func account(
        _ id: AccountID,
        deadline: ContinuousClock.Instant
    ) async throws(MailStoreError) -> any MailAccount {
        let fence = try await leases.acquire(id, deadline: deadline)
        let store = try await owner(of: id, fence)
        // Upkeep opens accounts without making anything in them.
        if !store.provisioned.withLock({ $0 }) { try await store.provision() }
        return store
    }

    /// The owner of an account, opened when it is not; it may lack what every account has.
    func owner(of id: AccountID, _ fence: Fence) async throws(MailStoreError) -> AccountStore {
        while true {
            switch await registry.find(id) {
            case .open(let store): return store
            case .other(let opened?): return try opened.get()
            case .other(nil): continue
            case .mine:
                if let opened = await open(fence) { return try opened.get() }
            }
        }
    }

    /// The account, unless the store has nothing of it: then it is not made.
    func existing(
        _ id: AccountID,
        deadline: ContinuousClock.Instant
    ) async throws(MailStoreError) -> AccountStore? {
        let fence = try await leases.acquire(id, deadline: deadline)
        while true {
            switch await registry.find(id) {
            case .open(let store): return store
            case .other(let opened?): return try opened.get()
            case .other(nil): continue
            case .mine: return try await open(fence, onlyExisting: true)?.get()
            }
        }
    }

    /// `nil` when the store has nothing of the account and it is not to be made.
    private func open(_ fence: Fence, onlyExisting: Bool = false) async -> AccountRegistry.Opened? {
        let outcome: AccountRegistry.Opened
        do throws(MailStoreError) {
            let opened = try await replay(fence.account)
            if onlyExisting, opened.state.mailboxes.isEmpty, opened.state.quarantine.isEmpty {
                _ = registry.finish(fence.account, nil, limit: .max)
                return nil
            }
            let loop = loops[Int(fence.account.rawValue % UInt64(loops.count))]
            outcome = .success(AccountStore(opened, fence: fence, loop: loop, services: services))
        } catch {
            services.events.record(
                .accountOpenFailed,
                ["store.account": .count(fence.account.rawValue), "store.detail": .string(error.detail)]
            )
            outcome = .failure(error)
        }
        let limit = services.settings.withLock { $0.openAccounts }
        for store in registry.finish(fence.account, outcome, limit: limit) { await store.saveSnapshot() }
        return outcome
    }

    /// An account as its records have it.
    func replay(_ account: AccountID) async throws(MailStoreError) -> OpenedAccount {
        let (log, events) = (log, services.events)
        let outcome = await BlockingPool.shared.run { () -> Result<OpenedAccount, MailStoreError> in
            do throws(MailStoreError) {
                return .success(try OpenedAccount(account, from: log, events: events))
            } catch {
                return .failure(error)
            }
        }
        return try outcome.get()
    }

    package func stage() -> any MessageStaging {
        stage(maximum: services.settings.withLock { $0.maximumMessageOctets })
    }

    func stage(maximum: UInt64) -> OctetStaging {
        OctetStaging(directory: stagingDirectory, maximum: maximum, summarize: summarize)
    }

    package func remove(_ id: AccountID) async throws(MailStoreError) {
        let store = try await existing(id, deadline: .now + .seconds(10))
        try await store?.remove()
        store?.texts?.remove()
        registry.forget(id)
        let log = log
        await BlockingPool.shared.run { log.forget(id) }
        if let store { leases.release(store.fence) }
    }

    /// What an operator may do with an account's damaged messages.
    ///
    /// Throws `.noSuchMailbox` when the store has nothing of the account.
    package func quarantine(
        of id: AccountID,
        deadline: ContinuousClock.Instant
    ) async throws(MailStoreError) -> any MailQuarantine {
        guard let store = try await existing(id, deadline: deadline) else {
            throw MailStoreError(.noSuchMailbox, "no mail of account \(id) is stored")
        }
        return store
    }

    /// Tells the store that octets of a message were found to be lost, by whoever looked: once for each message there
    /// is an event, and the message gets `$Damaged`, durably when this returns.
    ///
    /// Messages that nobody has any more are passed over.
    package func noteDamage(_ body: BodyReference, of id: AccountID, lost: [Range<UInt64>]) async {
        let store: AccountStore?
        do throws(MailStoreError) {
            store = try await existing(id, deadline: .now + .seconds(10))
        } catch {
            // Whoever looks next tells again.
            return
        }
        guard let store, let uid = await store.uid(of: body) else { return }
        await store.noteDamage(body, uid: uid, lost: lost)
    }

    /// Makes the search texts that an account has not, and waits until they are there; with `anew`, makes all of them
    /// again.
    ///
    /// Nothing is made of an account that the store has nothing of. Throws `.forbidden` when `store/search-index` is off,
    /// else as `account` does.
    package func makeTexts(of id: AccountID, anew: Bool) async throws(MailStoreError) {
        guard services.settings.withLock({ $0.keepsTexts }) else {
            throw MailStoreError(.forbidden, "search texts are switched off: store/search-index")
        }
        try await existing(id, deadline: .now + .seconds(10))?.makeTexts(anew: anew)
    }

    /// Writes what makes the next start quick.
    ///
    /// Call it when the sessions have ended.
    package func close() async {
        await services.texts.close()
        for store in registry.all { await store.saveLastSnapshot() }
    }
}

/// Seconds since 1970, now.
package let wallClock: @Sendable () -> Int64 = { WallClock.seconds }
