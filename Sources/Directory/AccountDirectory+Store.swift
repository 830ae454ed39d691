// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import Events
internal import Locking
package import MailTypes
internal import Settings

// What the workers that keep the mail ask.
extension AccountDirectory {
    /// What an account may store: from memory, unless the directory has changed.
    ///
    /// While the directory cannot be read, what was known last holds.
    package func quota(of account: AccountID) async -> AccountQuota {
        let own: StoredQuota?
        do throws(DirectoryError) {
            let quotas = try await quotas()
            own = quotas[account]
        } catch {
            events.record(
                .directoryUnavailable,
                ["directory.account": .count(account.rawValue), "error.description": .string(error.description)]
            )
            own = lastQuotas.withLock { $0[account] }
        }
        return AccountQuota(octets: own?.octets, messages: own?.messages, settings.current)
    }

    /// The bounds of every account that has any of its own.
    private func quotas() async throws(DirectoryError) -> [AccountID: StoredQuota] {
        let answer = try await answer(to: .quotas) { [lastQuotas] database in
            let rows = try database.all(
                """
                SELECT id, quota_octets, quota_messages FROM accounts
                WHERE quota_octets IS NOT NULL OR quota_messages IS NOT NULL
                """
            ) { row in
                (
                    AccountID(UInt64(clamping: row.integer(0))),
                    StoredQuota(octets: row.optionalInteger(1), messages: row.optionalInteger(2))
                )
            }
            let quotas = Dictionary(rows) { first, _ in first }
            lastQuotas.withLock { $0 = quotas }
            return .quotas(quotas)
        }
        guard case .quotas(let quotas) = answer else { return [:] }
        return quotas
    }

    /// Accounts whose mail is to be removed, oldest first.
    ///
    /// From memory, unless the directory has changed.
    package func removals() async throws(DirectoryError) -> [RemovedAccount] {
        let answer = try await answer(to: .removals) { database in
            .removals(
                try database.all("SELECT account, removed FROM removed_accounts ORDER BY account") { row in
                    RemovedAccount(account: AccountID(UInt64(clamping: row.integer(0))), removed: row.integer(1))
                }
            )
        }
        guard case .removals(let removals) = answer else { return [] }
        return removals
    }

    /// The mail of an account is removed.
    package func mailIsRemoved(of account: AccountID) async throws(DirectoryError) {
        try await change("account mail removed", account.description) { database in
            try database.run(
                "DELETE FROM removed_accounts WHERE account = ?1",
                [.integer(Int64(clamping: account.rawValue))]
            )
        }
    }
}
