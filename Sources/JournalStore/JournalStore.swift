// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

package import Events
package import Journal
package import MailStore
package import MailTypes
package import Runtime
package import Settings

// The embedded mail store: `AccountLog` over journals in one folder that one process owns.
//
//     FORMAT                 version, identity, number of shards
//     lock                   held by the owner while it runs
//     shard-00/              a journal; an account's records are all in one shard
//     accounts/3f/63.snap    snapshots, derived
//     tmp/                   snapshots and large messages on their way; emptied at each start
//
// Invariants: one process owns the folder (lock) under an epoch that no start used before; everything but FORMAT and
// the segments can be deleted while the store is closed, at the price of a slower start.

/// A mail store in one folder.
package final class JournalStore: MailStore {
    private let store: LoggedMailStore
    private let log: JournalAccountLog
    private let lock: FolderLock
    let upkeep: StoreUpkeep
    /// For drills: another owner can be played.
    package let leases: EmbeddedLeases
    /// Says which accounts have changed.
    package let feed: EmbeddedFeed

    private init(
        _ opened: OpenedStore,
        _ store: LoggedMailStore,
        _ leases: EmbeddedLeases,
        _ feed: EmbeddedFeed,
        _ upkeep: StoreUpkeep
    ) {
        self.store = store
        log = opened.log
        lock = opened.lock
        self.leases = leases
        self.feed = feed
        self.upkeep = upkeep
    }

    /// Opens the store in `directory`, making it when the folder is missing or empty.
    ///
    /// Waits a little for an earlier owner to end. Throws `.busy` when it does not, `.unavailable` when the folder
    /// cannot be used.
    package static func open(
        _ directory: String,
        loops: [EventLoop],
        settings: LiveSettings,
        events: EventRecorder,
        quota: @escaping QuotaSource = { _ in .none },
        summarize: @escaping MessageSummarizer
    ) async throws(MailStoreError) -> JournalStore {
        var options = JournalOptions()
        options.reservedOctets = UInt64(clamping: settings.current[StoreSettings.reservedSpace].octets)
        let shards = settings.current[JournalStoreSettings.shards]
        return try await open(
            directory,
            options: options,
            shards: shards,
            loops: loops,
            settings: settings,
            events: events,
            quota: quota,
            summarize: summarize
        )
    }

    /// As above, with the journal's own options.
    package static func open(
        _ directory: String,
        options: JournalOptions,
        shards: Int,
        loops: [EventLoop],
        settings: LiveSettings,
        events: EventRecorder,
        quota: @escaping QuotaSource = { _ in .none },
        summarize: @escaping MessageSummarizer
    ) async throws(MailStoreError) -> JournalStore {
        let outcome = await BlockingPool.shared.run { () -> Result<OpenedStore, MailStoreError> in
            do throws(MailStoreError) {
                return .success(try OpenedStore(directory, options: options, shards: shards, events: events))
            } catch {
                return .failure(error)
            }
        }
        let opened = try outcome.get()
        let doubtful = try await opened.log.begin()
        let leases = EmbeddedLeases(epoch: opened.log.epoch)
        let feed = EmbeddedFeed()
        let store = LoggedMailStore(
            log: opened.log,
            leases: leases,
            feed: feed,
            loops: loops,
            stagingDirectory: opened.stagingDirectory,
            settings: settings,
            events: events,
            quota: quota,
            summarize: summarize
        )
        let upkeep = StoreUpkeep(
            directory: directory,
            identity: opened.identity,
            log: opened.log,
            store: store,
            settings: settings,
            events: events
        )
        upkeep.memory.setInDoubt(doubtful)
        await upkeep.settleDoubt()
        return JournalStore(opened, store, leases, feed, upkeep)
    }

    package func account(
        _ id: AccountID,
        deadline: ContinuousClock.Instant
    ) async throws(MailStoreError) -> any MailAccount {
        try await store.account(id, deadline: deadline)
    }

    /// As `LoggedMailStore.quarantine(of:deadline:)`.
    package func quarantine(
        of id: AccountID,
        deadline: ContinuousClock.Instant
    ) async throws(MailStoreError) -> any MailQuarantine {
        try await store.quarantine(of: id, deadline: deadline)
    }

    /// As `LoggedMailStore.noteDamage(_:of:lost:)`.
    package func noteDamage(_ body: BodyReference, of id: AccountID, lost: [Range<UInt64>]) async {
        await store.noteDamage(body, of: id, lost: lost)
    }

    /// The log below, and the epoch of this start: for tests of its contract.
    package var accountLog: (log: any AccountLog, epoch: UInt64) { (log, log.epoch) }

    package func stage() -> any MessageStaging { store.stage() }

    package func remove(_ id: AccountID) async throws(MailStoreError) { try await store.remove(id) }

    /// Makes the search texts that an account has not, and waits until they are there; with `anew`, makes all of them
    /// again.
    ///
    /// As `LoggedMailStore.makeTexts(of:anew:)`.
    package func makeTexts(of id: AccountID, anew: Bool = false) async throws(MailStoreError) {
        try await store.makeTexts(of: id, anew: anew)
    }

    /// Commits what is waiting, writes what makes the next start quick, and gives the folder up.
    ///
    /// To be called when the sessions have ended; changes after it fail with `.unavailable`.
    package func close() async {
        await store.close()
        await log.close()
        lock.release()
    }
}
