// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

package import MailTypes
internal import SASL

extension AccountDirectory {
    /// Adds an account.
    ///
    /// Without a password nobody can log on to it, but it receives mail. `scram` is of the same password
    /// (`verifiers(of:)`).
    package func addAccount(
        _ address: MailboxAddress,
        password: PasswordHash? = nil,
        scram: SCRAMVerifiers = .none,
        attributes: AccountAttributes = AccountAttributes()
    ) async throws(DirectoryError) -> Account {
        try await change("account add", address.description) { database in
            guard let domain = try database.domainID(address.domain) else {
                throw DirectoryError.noDomain(address.domain)
            }
            try database.refuseTaken(address, in: domain)
            try database.run(
                """
                INSERT INTO accounts (password, created, enabled, imap, pop3, submission, quota_octets, quota_messages,
                    home_server, save_sent, scram_sha256, scram_sha1)
                VALUES (?1, unixepoch(), ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)
                """,
                [SQLiteValue(password?.text)] + attributes.columns + scram.columns
            )
            try database.insertAddress(address, in: domain, account: database.lastInsertedRow)
            return try database.requireAccount(address)
        }
    }

    /// Accounts by domain and address; those of one domain, or all.
    package func accounts(in domain: Domain? = nil) async throws(DirectoryError) -> [Account] {
        try await read { database in
            guard let domain else { return try database.accounts(where: "1", []) }
            guard let id = try database.domainID(domain) else { throw DirectoryError.noDomain(domain) }
            return try database.accounts(where: "addresses.domain = ?1", [.integer(id)])
        }
    }

    package func account(_ address: MailboxAddress) async throws(DirectoryError) -> Account {
        try await read { try $0.requireAccount(address) }
    }

    package func account(_ id: AccountID) async throws(DirectoryError) -> Account {
        let found = try await read { database in
            try database.accounts(where: "accounts.id = ?1", [.integer(Int64(clamping: id.rawValue))])
        }
        guard let account = found.first else {
            throw DirectoryError(.notFound, "There is no account with number \(id).")
        }
        return account
    }

    /// Changes what can be changed: `edit` is given the attributes as they are, within the transaction.
    package func setAccount(
        _ address: MailboxAddress,
        _ edit: @escaping @Sendable (inout AccountAttributes) -> Void
    ) async throws(DirectoryError) -> Account {
        try await change("account set", address.description) { database in
            var account = try database.requireAccount(address)
            edit(&account.attributes)
            try database.run(
                """
                UPDATE accounts SET enabled = ?2, imap = ?3, pop3 = ?4, submission = ?5, quota_octets = ?6,
                    quota_messages = ?7, home_server = ?8, save_sent = ?9 WHERE id = ?1
                """,
                [.integer(Int64(clamping: account.id.rawValue))] + account.attributes.columns
            )
            return account
        }
    }

    /// Hashes a password for `addAccount` and `setPassword`; slow on purpose, and not on the caller's thread.
    package func hash(_ password: [UInt8]) async throws(DirectoryError) -> PasswordHash {
        guard let hash = await hasher.hash(password) else {
            throw DirectoryError(
                .invalid,
                "A password has 1 to \(PasswordHash.maximumPasswordOctets) octets and no NUL among them."
            )
        }
        return hash
    }

    /// Replaces the password, and the keys of the old one by those given; with `nil`, nobody can log on.
    package func setPassword(
        _ address: MailboxAddress,
        _ password: PasswordHash?,
        scram: SCRAMVerifiers = .none
    ) async throws(DirectoryError) {
        try await change("account password", address.description) { database in
            let account = try database.requireAccount(address)
            try database.run(
                "UPDATE accounts SET password = ?2, scram_sha256 = ?3, scram_sha1 = ?4 WHERE id = ?1",
                [.integer(Int64(clamping: account.id.rawValue)), SQLiteValue(password?.text)] + scram.columns
            )
        }
    }

    /// Removes an account from the directory, and answers with its number, which is not given again.
    ///
    /// Its mail is removed by the worker that keeps it, soon after and also when it does not run now; with `keepsMail` it
    /// stays for good.
    package func removeAccount(
        _ address: MailboxAddress,
        keepsMail: Bool = false
    ) async throws(DirectoryError) -> AccountID {
        try await change("account remove", address.description) { database in
            let account = try database.requireAccount(address)
            try database.removeAddress(account.address)
            let number = SQLiteValue.integer(Int64(clamping: account.id.rawValue))
            try database.run("DELETE FROM accounts WHERE id = ?1", [number])
            if !keepsMail {
                try database.run(
                    "INSERT OR REPLACE INTO removed_accounts (account, removed) VALUES (?1, unixepoch())",
                    [number]
                )
            }
            return account.id
        }
    }
}

extension AccountAttributes {
    /// In the order of the statements above.
    fileprivate var columns: [SQLiteValue] {
        [
            SQLiteValue(isEnabled), SQLiteValue(services.contains(.imap)), SQLiteValue(services.contains(.pop3)),
            SQLiteValue(services.contains(.submission)), SQLiteValue(quotaOctets), SQLiteValue(quotaMessages),
            SQLiteValue(homeServer), savesSent.map { SQLiteValue($0) } ?? .null,
        ]
    }
}

extension SCRAMVerifiers {
    fileprivate var columns: [SQLiteValue] { [SQLiteValue(sha256?.text), SQLiteValue(sha1?.text)] }
}
