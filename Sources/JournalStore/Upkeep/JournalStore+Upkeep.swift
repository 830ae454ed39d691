// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import Journal
package import MailTypes
internal import Settings

// What administrators ask of an open store. Every call may be made from any task, waits for long work without holding up
// sessions or deliveries, and ends early with `CancellationError` when its task is cancelled: what it did until then
// stands, and nothing is lost. Other errors are `MailStoreError`.

extension JournalStore {
    /// The store in numbers: at once, or with `countingLive` after reading every header.
    package func statistics(countingLive: Bool = false) async throws -> StoreStatistics {
        try await upkeep.statistics(countingLive: countingLive, upkeep.run(unbounded: true))
    }

    /// Reads every octet of the store and compares what the accounts say with what is there; changes nothing.
    ///
    /// At the disk's full rate, or with `paced` at `store/upkeep-rate`.
    package func check(paced: Bool = false, observe: @escaping UpkeepObserver = { _ in }) async throws -> CheckReport {
        try await upkeep.check(upkeep.run(unbounded: !paced, observe: observe))
    }

    /// Hands out everything that was acknowledged before the call, file by file; what `sink` makes of it in a folder can
    /// be opened as a store, and `restore` proves it first.
    ///
    /// At the pace of the sink, or with `paced` at `store/upkeep-rate` at most. No segment is removed meanwhile.
    package func backup(to sink: any BackupSink, paced: Bool = false) async throws -> BackupReport {
        try await upkeep.backup(to: sink, upkeep.run(unbounded: !paced))
    }

    /// Accounts that have records, ascending; those that were removed are among them until compaction has passed.
    package var accounts: [AccountID] { upkeep.accounts() }

    /// Makes a store of a backup, in `directory`, which must be missing or empty.
    ///
    /// Every file is compared with the backup's manifest; the store's folder gets its name when all of it is there and
    /// on disk. Throws `.damaged` when the backup is, `.forbidden` for a folder that is not empty, `.storageFull`.
    package static func restore(
        _ backup: String,
        to directory: String,
        observe: @escaping UpkeepObserver = { _ in }
    ) async throws -> BackupReport {
        let run = UpkeepRun(observe: observe)
        return try await run.blocking { try StoreUpkeep.restore(backup, to: directory, run) }
    }

    /// Compares every file of a backup with its manifest.
    ///
    /// Throws `.damaged` when one differs.
    package static func verify(
        backup: String,
        observe: @escaping UpkeepObserver = { _ in }
    ) async throws -> BackupReport {
        let run = UpkeepRun(observe: observe)
        return try await run.blocking { try StoreUpkeep.restore(backup, to: nil, run) }
    }

    /// Empties and removes segments of which little is needed.
    ///
    /// As it does by itself, at `store/upkeep-rate` and below `store/compact-below`; or `now`: at the disk's full rate,
    /// with the mail that came last, and everything of which less than nine tenths are needed. A full disk does not
    /// throw: the report says why it ended. Throws `.busy` while another compaction is under way.
    package func compact(now: Bool, observe: @escaping UpkeepObserver = { _ in }) async throws -> CompactionReport {
        let percent = now ? 90 : upkeep.settings.current[JournalStoreSettings.compactBelow]
        return try await upkeep.compact(below: percent, sealing: now, upkeep.run(unbounded: now, observe: observe))
    }

    /// Leaves the segments that are written, reads every octet, tells of what is damaged by events, and gives damaged
    /// messages the keyword `$Damaged`; deletes nothing.
    ///
    /// At the disk's full rate, or with `paced` at `store/upkeep-rate`.
    package func scrubNow(paced: Bool = false, observe: @escaping UpkeepObserver = { _ in }) async throws -> ScrubReport
    {
        // On a full disk it is read as far as that goes.
        for shard in upkeep.log.shards.indices { try? await upkeep.log.seal(shard) }
        return try await upkeep.scrub(resuming: false, upkeep.run(unbounded: !paced, observe: observe))
    }

    /// Checks the store, renews derived files that are damaged, puts whole copies in the place of damaged messages where
    /// the store has any, moves everything that is whole out of damaged segments, and marks messages that are not whole
    /// with `$Damaged`.
    ///
    /// Nothing that might still be read is deleted. Runs at the disk's full rate. Throws `.busy` while a compaction is
    /// under way, `.storageFull`.
    package func repair(observe: @escaping UpkeepObserver = { _ in }) async throws -> RepairReport {
        try await upkeep.repair(upkeep.run(unbounded: true, observe: observe))
    }

    /// Writes the state of every account that is had by its snapshot alone, since the end of the journal was lost, into
    /// the journal; upkeep does it by itself when it begins, and a backup before it copies.
    ///
    /// Throws `.storageFull`.
    package func writeOwedBases() async throws {
        try await upkeep.writeOwedBases(all: true, upkeep.run(unbounded: true))
    }

    /// Compacts and scrubs by itself, as the settings say, until the task is cancelled.
    ///
    /// To be called once for an open store, and to be ended before `close`. Looks once a minute whether something is to
    /// be done.
    package func runUpkeep(lookingEvery interval: Duration = .seconds(60)) async {
        await upkeep.runInBackground(every: interval)
    }
}
