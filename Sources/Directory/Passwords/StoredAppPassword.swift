// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import MailTypes
internal import SASL

/// A row of the table, as log-ons need it.
struct StoredAppPassword: Sendable, Hashable {
    var id: Int64
    var digest: String
    var password: AppPassword
}

extension Database {
    /// In the order in which they were made.
    func appPasswords(of account: AccountID) throws(SQLiteError) -> [StoredAppPassword] {
        try all(
            """
            SELECT id, digest, name, imap, pop3, submission, created FROM app_passwords
            WHERE account = ?1 ORDER BY id
            """,
            [.integer(Int64(clamping: account.rawValue))]
        ) { row in
            var services: Set<MailService> = []
            if row.bool(3) { services.insert(.imap) }
            if row.bool(4) { services.insert(.pop3) }
            if row.bool(5) { services.insert(.submission) }
            return StoredAppPassword(
                id: row.integer(0),
                digest: row.text(1),
                password: AppPassword(
                    name: row.text(2),
                    services: services,
                    created: row.integer(6)
                )
            )
        }
    }
}
