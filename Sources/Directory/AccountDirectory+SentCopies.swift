// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import Events
package import MailTypes
internal import Settings

extension AccountDirectory {
    /// Where mail that an account submits is filed for it; `nil` when it is not.
    ///
    /// From memory, unless the directory has changed. While the directory cannot be read, nothing is filed, with an
    /// event: whoever submits has just logged on by it.
    package func sentCopies(of account: AccountID) async -> LocalRecipient? {
        do throws(DirectoryError) {
            guard let own = try await sentCopies()[account] else { return nil }
            guard own.savesSent ?? settings.current[DirectorySettings.saveSent] else { return nil }
            return LocalRecipient(account: account, address: own.address)
        } catch {
            events.record(
                .directoryUnavailable,
                ["directory.account": .count(account.rawValue), "error.description": .string(error.description)]
            )
            return nil
        }
    }

    /// What is set, by account: of every account when the server's default is to file, else of those that do.
    private func sentCopies() async throws(DirectoryError) -> [AccountID: StoredSentCopies] {
        let all = settings.current[DirectorySettings.saveSent]
        let answer = try await answer(to: .sentCopies(all: all)) { database in
            let rows = try database.all(
                """
                SELECT accounts.id, local_part, name, save_sent
                FROM accounts JOIN addresses ON addresses.account = accounts.id
                    JOIN domains ON domains.id = addresses.domain
                WHERE save_sent = 1 OR (save_sent IS NULL AND ?1)
                """,
                [SQLiteValue(all)]
            ) { row in
                (
                    AccountID(UInt64(clamping: row.integer(0))),
                    MailboxAddress(stored: row.text(1), domain: row.text(2)), row.optionalInteger(3).map { $0 != 0 }
                )
            }
            var found: [AccountID: StoredSentCopies] = [:]
            for (account, address, savesSent) in rows {
                if let address { found[account] = StoredSentCopies(address: address, savesSent: savesSent) }
            }
            return .sentCopies(found)
        }
        guard case .sentCopies(let found) = answer else { return [:] }
        return found
    }
}
