// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import Journal
internal import MailStore

extension StoreUpkeep {
    /// Takes messages that are in doubt out of their mailboxes, and says so in the journals once none of a shard is left.
    ///
    /// What cannot be done, as on a full disk, is left to the next call.
    func settleDoubt() async {
        var unsettled = memory.inDoubt
        guard !unsettled.isEmpty else { return }
        for shard in unsettled.keys.sorted() {
            var left: [DoubtfulMessage] = []
            for message in unsettled[shard] ?? [] {
                let isOut = await store.withdraw(message.body, in: message.mailbox, of: message.account)
                if !isOut { left.append(message) }
            }
            unsettled[shard] = left
            guard left.isEmpty else { continue }
            do throws(JournalError) {
                try await log.settleDoubt(shard)
                unsettled[shard] = nil
            } catch {
                // It stays in doubt, which a kill does not change either.
            }
        }
        memory.setInDoubt(unsettled)
    }
}
