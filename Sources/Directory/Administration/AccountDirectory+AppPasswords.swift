// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import Events
package import MailTypes
internal import Runtime
package import SASL

extension AccountDirectory {
    /// Makes an app password, and answers with its text, which is told nowhere again.
    ///
    /// Throws `.invalid` for a name that is none, `.alreadyExists` for one that is taken, and `.inUse` when the
    /// account has as many as it may.
    package func addAppPassword(
        _ address: MailboxAddress,
        name: String,
        services: Set<MailService>
    ) async throws(DirectoryError) -> (password: AppPassword, text: String) {
        guard AppPassword.isName(name), !services.isEmpty else {
            throw DirectoryError(
                .invalid,
                "An app password has a name of 1 to \(AppPassword.maximumNameOctets) octets without control "
                    + "characters, and opens at least one of imap, pop3 and submission."
            )
        }
        let text = AppPasswordText.random()
        let digest = AppPasswordText.digest(Array(text.utf8)) ?? ""
        let password = try await change("app password add", "\(address) \(name)") { database in
            let account = try database.requireAccount(address)
            let present = try database.appPasswords(of: account.id)
            guard present.count < AppPassword.maximumCount else {
                throw DirectoryError(.inUse, "\(address) has \(present.count) app passwords. Remove one first.")
            }
            guard !present.contains(where: { $0.password.name == name }) else {
                throw DirectoryError(.alreadyExists, "\(address) has an app password \(name) already.")
            }
            try database.run(
                """
                INSERT INTO app_passwords (account, name, digest, imap, pop3, submission, created)
                VALUES (?1, ?2, ?3, ?4, ?5, ?6, unixepoch())
                """,
                [
                    .integer(Int64(clamping: account.id.rawValue)), .text(name), .text(digest),
                    SQLiteValue(services.contains(.imap)), SQLiteValue(services.contains(.pop3)),
                    SQLiteValue(services.contains(.submission)),
                ]
            )
            return try database.appPasswords(of: account.id).last?.password
        }
        guard let password else { throw DirectoryError(.unavailable, "The app password was not kept.") }
        return (password, text)
    }

    /// In the order in which they were made.
    package func appPasswords(of address: MailboxAddress) async throws(DirectoryError) -> [AppPassword] {
        let stored = try await read { database in
            try database.appPasswords(of: try database.requireAccount(address).id)
        }
        let uses = await guardian.lastUses(of: stored.map(\.id))
        return stored.map { stored in
            var password = stored.password
            password.lastUsed = uses[stored.id]
            return password
        }
    }

    /// Takes one away; no process lets it in 250 ms later.
    package func removeAppPassword(_ address: MailboxAddress, name: String) async throws(DirectoryError) {
        let removed = try await change("app password remove", "\(address) \(name)") { database in
            let account = try database.requireAccount(address)
            guard let stored = try database.appPasswords(of: account.id).first(where: { $0.password.name == name })
            else {
                throw DirectoryError(
                    .notFound,
                    "\(address) has no app password \(name). See: martlet account app-password list \(address)"
                )
            }
            try database.run("DELETE FROM app_passwords WHERE id = ?1", [.integer(stored.id)])
            return stored.id
        }
        await guardian.forgetUse(of: removed)
    }

    // MARK: Log-ons

    /// Whether this is an app password of the account that opens the service; notes that it was used.
    ///
    /// Of users who do not exist, too, so that they take as long.
    func isAppPassword(
        _ password: [UInt8],
        of account: Account?,
        for service: MailService
    ) async throws(DirectoryError) -> Bool {
        guard let digest = AppPasswordText.digest(password) else { return false }
        let number = account?.id ?? AccountID(0)
        let answer = try await answer(to: .appPasswords(number)) { .appPasswords(try $0.appPasswords(of: number)) }
        guard case .appPasswords(let known) = answer,
            let found = known.first(where: { constantTimeEqual(Array($0.digest.utf8), Array(digest.utf8)) }),
            found.password.services.contains(service)
        else { return false }
        await guardian.noteUse(of: found.id)
        return true
    }
}
