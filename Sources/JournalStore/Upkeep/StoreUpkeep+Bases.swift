// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import Journal
internal import MailStore
internal import MailTypes

extension StoreUpkeep {
    /// Writes the state of every account that the segments alone do not give any more, since records are lost and known
    /// only by a snapshot or a sidecar, into the journal: as a base, and once.
    ///
    /// What this start owes the journal goes before. Throws `.storageFull` when there is no room even for that; what was
    /// written until then stands. An account that cannot be had is left to the next call, and its error thrown at the end,
    /// or at once where `all` are asked for.
    func writeOwedBases(all: Bool, _ run: UpkeepRun) async throws {
        try await log.writeOwed()
        var failure: MailStoreError?
        for shard in log.shards.indices {
            for account in try await accountsOwedBases(shard, all: all, run) {
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

    /// - Parameter all: whether nothing is known to be lost, too.
    private func accountsOwedBases(_ shard: Int, all: Bool, _ run: UpkeepRun) async throws -> [AccountID] {
        if all || memory.isSuspect(shard) {
            memory.setSuspect(shard, false)
            do {
                try await run.blocking { try self.examineAccounts(shard, run) }
            } catch {
                memory.setSuspect(shard, true)
                throw error
            }
        }
        return log.accountsOwedBases(shard: shard)
    }

    /// Whether records of accounts are lost, of accounts that nobody has opened yet, too.
    ///
    /// Blocks; reads the headers of all records that are needed to know their states.
    private func examineAccounts(_ shard: Int, _ run: UpkeepRun) throws {
        for account in log.accounts(shard: shard) {
            do throws(JournalError) {
                try log.examine(account) { octets in
                    run.pace(UInt64(octets))
                    return !run.isCancelled
                }
            } catch {
                throw MailStoreError(error, "the records of an account cannot be read")
            }
            try run.checkCancelled()
        }
    }
}
