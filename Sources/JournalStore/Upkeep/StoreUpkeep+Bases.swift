// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import Journal
internal import MailStore
internal import MailTypes

extension StoreUpkeep {
    /// Writes the state of every account that is had by its snapshot alone, since the records are lost, into the journal:
    /// as a base, and once.
    ///
    /// Throws `.storageFull` when there is no room even for that; what was written until then stands. An account that
    /// cannot be had is left to the next call, unless `all` are asked for: then its error is thrown.
    func writeOwedBases(all: Bool, _ run: UpkeepRun) async throws {
        for shard in log.shards.indices {
            for account in try await accountsOnSnapshots(shard, all: all, run) {
                try run.checkCancelled()
                do throws(MailStoreError) {
                    try await store.writeBase(of: account)
                    log.settle(account)
                } catch {
                    if all || error.code == .storageFull { throw error }
                }
            }
        }
    }

    /// - Parameter all: whether nothing is known to be lost, too.
    private func accountsOnSnapshots(_ shard: Int, all: Bool, _ run: UpkeepRun) async throws -> [AccountID] {
        if all || memory.isSuspect(shard) {
            memory.setSuspect(shard, false)
            do {
                try await run.blocking { try self.examineAccounts(shard, run) }
            } catch {
                memory.setSuspect(shard, true)
                throw error
            }
        }
        return log.accountsOnSnapshots(shard: shard)
    }

    /// Whether records of accounts are lost; those that nobody has opened yet are looked at, too.
    ///
    /// Blocks; reads the headers of all records that are needed to know the states of accounts with snapshots.
    private func examineAccounts(_ shard: Int, _ run: UpkeepRun) throws {
        for file in log.snapshots.files() {
            try run.checkCancelled()
            guard let account = file.account, log.shardNumber(of: account) == shard else { continue }
            run.pace(file.octets)
            do throws(JournalError) {
                try log.examine(account)
            } catch {
                throw MailStoreError(error, "the records of an account cannot be read")
            }
        }
    }
}
