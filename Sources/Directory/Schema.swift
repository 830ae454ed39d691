// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

/// The tables, as steps from one version to the next.
///
/// A step that was released never changes; what is new is a new step.
enum Schema {
    /// `PRAGMA user_version` of a file that all steps were taken on.
    static var version: Int64 { Int64(steps.count) }

    /// Brings the file to this program's version.
    ///
    /// One process does it, others wait and find it done.
    static func migrate(_ database: Database) throws {
        guard try current(database) != version else { return }
        try database.transaction {
            let found = try current(database)
            guard found <= version else { throw DirectoryError.newerSchema(found: found, known: version) }
            for step in steps.dropFirst(Int(clamping: found)) {
                for statement in step { try database.run(statement) }
            }
            try database.run("PRAGMA user_version = \(version)")
        }
    }

    private static func current(_ database: Database) throws(SQLiteError) -> Int64 {
        try database.first("PRAGMA user_version") { $0.integer(0) } ?? 0
    }

    private static let steps: [[String]] = [
        [
            """
            CREATE TABLE domains (
                id INTEGER PRIMARY KEY AUTOINCREMENT,
                name TEXT NOT NULL UNIQUE,
                alias_of INTEGER REFERENCES domains (id),
                created INTEGER NOT NULL
            ) STRICT
            """,
            """
            CREATE TABLE accounts (
                id INTEGER PRIMARY KEY AUTOINCREMENT,
                enabled INTEGER NOT NULL,
                imap INTEGER NOT NULL,
                pop3 INTEGER NOT NULL,
                submission INTEGER NOT NULL,
                password TEXT,
                quota_octets INTEGER,
                quota_messages INTEGER,
                home_server TEXT,
                created INTEGER NOT NULL
            ) STRICT
            """,
            // Every address is here once: `account` is set for the primary address of an account, NULL for an alias.
            """
            CREATE TABLE addresses (
                id INTEGER PRIMARY KEY AUTOINCREMENT,
                domain INTEGER NOT NULL REFERENCES domains (id),
                folded TEXT NOT NULL,
                local_part TEXT NOT NULL,
                account INTEGER UNIQUE REFERENCES accounts (id) ON DELETE CASCADE,
                created INTEGER NOT NULL,
                UNIQUE (domain, folded)
            ) STRICT
            """,
            """
            CREATE TABLE alias_targets (
                alias INTEGER NOT NULL REFERENCES addresses (id) ON DELETE CASCADE,
                position INTEGER NOT NULL,
                target INTEGER NOT NULL REFERENCES addresses (id),
                PRIMARY KEY (alias, target)
            ) STRICT, WITHOUT ROWID
            """,
            "CREATE INDEX alias_targets_by_target ON alias_targets (target)",
        ],
        [
            // Accounts whose mail is still in a store.
            """
            CREATE TABLE removed_accounts (
                account INTEGER PRIMARY KEY,
                removed INTEGER NOT NULL
            ) STRICT
            """
        ],
        [
            // An account whose address has targets forwards its mail to them.
            "ALTER TABLE accounts ADD COLUMN keeps_copy INTEGER NOT NULL DEFAULT 1",
            // Targets of aliases, groups and accounts that are no addresses of this server, or have a detail.
            """
            CREATE TABLE remote_targets (
                source INTEGER NOT NULL REFERENCES addresses (id) ON DELETE CASCADE,
                position INTEGER NOT NULL,
                local_part TEXT NOT NULL,
                domain TEXT NOT NULL,
                PRIMARY KEY (source, local_part, domain)
            ) STRICT, WITHOUT ROWID
            """,
            // An address without an account that is here is a group, else an alias.
            """
            CREATE TABLE mail_groups (
                address INTEGER PRIMARY KEY REFERENCES addresses (id) ON DELETE CASCADE,
                owner TEXT,
                senders TEXT NOT NULL
            ) STRICT
            """,
        ],
        [
            "ALTER TABLE accounts ADD COLUMN scram_sha256 TEXT",
            "ALTER TABLE accounts ADD COLUMN scram_sha1 TEXT",
            // Whether there are any is asked at log-ons.
            """
            CREATE INDEX accounts_without_scram_sha256 ON accounts (id)
            WHERE password IS NOT NULL AND scram_sha256 IS NULL
            """,
            "CREATE INDEX accounts_without_scram_sha1 ON accounts (id) WHERE password IS NOT NULL AND scram_sha1 IS NULL",
            "CREATE TABLE secrets (name TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT, WITHOUT ROWID",
            // SQLite's generator is seeded by the system's.
            "INSERT INTO secrets (name, value) VALUES ('scram', hex(randomblob(32)))",
        ],
        ["ALTER TABLE accounts ADD COLUMN save_sent INTEGER"],
        [
            """
            CREATE TABLE app_passwords (
                id INTEGER PRIMARY KEY AUTOINCREMENT,
                account INTEGER NOT NULL REFERENCES accounts (id) ON DELETE CASCADE,
                name TEXT NOT NULL,
                digest TEXT NOT NULL,
                imap INTEGER NOT NULL,
                pop3 INTEGER NOT NULL,
                submission INTEGER NOT NULL,
                created INTEGER NOT NULL,
                UNIQUE (account, name)
            ) STRICT
            """
        ],
        [
            // Who may have rights to mailboxes of an account; which rights, the account's store knows.
            """
            CREATE TABLE mailbox_shares (
                owner INTEGER NOT NULL REFERENCES accounts (id) ON DELETE CASCADE,
                holder TEXT NOT NULL,
                PRIMARY KEY (owner, holder)
            ) STRICT, WITHOUT ROWID
            """
        ],
    ]
}
