// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import Journal
internal import MailStore
internal import MailTypes

extension StoreUpkeep {
    /// Writes the state of every account that is had by its snapshot alone, since the records are lost, into the journal:
    /// as a base, and once.
    ///
    /// What this start owes the journal goes before. Throws `.storageFull` when there is no room even for that; what was
    /// written until then stands. An account that cannot be had is left to the next call, and its error thrown at the end,
    /// or at once where `all` are asked for.
    func writeOwedBases(all: Bool, _ run: UpkeepRun) async throws {
        try await log.writeOwed()
        var failure: MailStoreError?
        for shard in log.shards.indices {
            for account in try await accountsOnSnapshots(shard, run) {
                try run.checkCancelled()
                do throws(MailStoreError) {
                    try await store.writeBase(of: account)
                    log.settle(account)
                } catch {
                    if all || error.code == .storageFull { throw error }
                    failure = failure ?? error
                }
            }
        }
        if let failure { throw failure }
    }

    private func accountsOnSnapshots(_ shard: Int, _ run: UpkeepRun) async throws -> [AccountID] {
        if !memory.hasLookedForLostEnds(shard) {
            try await run.blocking { try self.findLostEnds(shard, run) }
            memory.lookedForLostEnds(shard)
        }
        return log.lostEnds(shard: shard).keys.sorted { $0.rawValue < $1.rawValue }
    }

    /// Accounts that nobody has opened yet make themselves known, too.
    ///
    /// Blocks.
    private func findLostEnds(_ shard: Int, _ run: UpkeepRun) throws {
        guard !log.losses.all(shard).isEmpty else { return }
        for file in log.snapshots.files() {
            try run.checkCancelled()
            guard let account = file.account, log.shardNumber(of: account) == shard else { continue }
            run.pace(min(file.octets, 4096))
            guard let last = SnapshotFiles.position(in: file.path), log.losses.contains(last, shard: shard) else {
                continue
            }
            run.pace(file.octets)
            // This notes that the journal does not have its last record.
            _ = log.snapshot(of: account)
        }
    }
}
