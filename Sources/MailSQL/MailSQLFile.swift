// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

package import ByteTools

/// Writes accounts, mailboxes and messages, as an export gives them, into an SQLite file.
///
/// Used by one thread at a time; all calls block.
package final class MailSQLFile {
    /// SQLite's bound on a value; the body of a larger message is left out.
    package static let maximumBodyOctets: UInt64 = 1_000_000_000

    package private(set) var accounts: Int64 = 0
    package private(set) var messages: Int64 = 0
    /// Messages whose body is not in the file.
    package private(set) var bodiesLeftOut: Int64 = 0

    private let file: SQLiteFile
    private let account: SQLStatement
    private let mailbox: SQLStatement
    private let message: SQLStatement
    private let keyword: SQLStatement
    private let body: SQLStatement
    private var accountRow: Int64 = 0
    private var mailboxRow: Int64 = 0
    private var messageRow: Int64 = 0
    private var bodyOffset: UInt64 = 0
    private var takesBody = false

    /// Makes the file with its tables.
    package init(_ path: String) throws(MailSQLError) {
        file = try SQLiteFile(path)
        try file.run(Self.tables)
        account = try file.prepare("INSERT INTO accounts VALUES (?, ?)")
        mailbox = try file.prepare("INSERT INTO mailboxes VALUES (NULL, ?, ?, ?, ?, ?, ?, ?)")
        message = try file.prepare("INSERT INTO messages VALUES (NULL\(String(repeating: ", ?", count: 20)))")
        keyword = try file.prepare("INSERT OR IGNORE INTO keywords VALUES (?, ?)")
        body = try file.prepare("INSERT INTO bodies VALUES (?, ?)")
    }

    private static let tables = """
        CREATE TABLE accounts (id INTEGER PRIMARY KEY, address TEXT NOT NULL) STRICT;
        CREATE TABLE mailboxes (
            id INTEGER PRIMARY KEY, account INTEGER NOT NULL REFERENCES accounts (id), name TEXT NOT NULL,
            uid_validity INTEGER, uid_next INTEGER, highest_mod_seq INTEGER, subscribed INTEGER NOT NULL, special_use TEXT
        ) STRICT;
        CREATE TABLE messages (
            id INTEGER PRIMARY KEY, mailbox INTEGER NOT NULL REFERENCES mailboxes (id), uid INTEGER NOT NULL,
            mod_seq INTEGER NOT NULL, internal_date INTEGER NOT NULL, internal_zone INTEGER NOT NULL,
            saved INTEGER NOT NULL, sent INTEGER, size INTEGER NOT NULL, seen INTEGER NOT NULL, answered INTEGER NOT NULL,
            flagged INTEGER NOT NULL, deleted INTEGER NOT NULL, draft INTEGER NOT NULL, subject TEXT, sender TEXT,
            recipients TEXT, cc TEXT, message_id TEXT, in_reply_to TEXT, sha256 TEXT
        ) STRICT;
        CREATE TABLE keywords (
            message INTEGER NOT NULL REFERENCES messages (id), keyword TEXT NOT NULL, PRIMARY KEY (message, keyword)
        ) STRICT, WITHOUT ROWID;
        CREATE TABLE bodies (message INTEGER PRIMARY KEY REFERENCES messages (id), octets BLOB NOT NULL) STRICT;
        PRAGMA user_version = 1;
        PRAGMA application_id = 1296125004;
        """

    /// Made when all rows are there, which is quicker.
    private static let indexes = """
        CREATE UNIQUE INDEX mailboxes_by_name ON mailboxes (account, name);
        CREATE UNIQUE INDEX messages_by_uid ON messages (mailbox, uid);
        CREATE INDEX messages_by_date ON messages (internal_date);
        CREATE INDEX messages_by_message_id ON messages (message_id);
        CREATE INDEX messages_by_sha256 ON messages (sha256);
        CREATE INDEX keywords_by_keyword ON keywords (keyword);
        """

    package func begin(account id: Int64, address: String) throws(MailSQLError) {
        try file.run("BEGIN")
        try account.run([.integer(id), .text(address)])
        accountRow = id
        accounts += 1
    }

    package func endAccount() throws(MailSQLError) { try file.run("COMMIT") }

    /// A row of an export's mailboxes.
    package func add(mailbox row: JSONValue) throws(MailSQLError) {
        try mailbox.run([
            .integer(accountRow), .text(row["name"]?.string ?? ""), .optional(row["uidValidity"]?.integer),
            .optional(row["uidNext"]?.integer), .optional(row["highestModSeq"]?.integer),
            .integer(row["subscribed"]?.bool == true ? 1 : 0),
            .optional(row["specialUse"]?.strings.flatMap { $0.isEmpty ? nil : $0.joined(separator: " ") }),
        ])
        mailboxRow = file.lastRow
    }

    /// A message, whose body of `octets` octets follows with `add(body:)`; `nil` for no body.
    package func add(message row: JSONValue, octets: UInt64?) throws(MailSQLError) {
        let flags = Set(row["flags"]?.strings ?? [])
        func flag(_ name: String) -> SQLValue { .integer(flags.contains(name) ? 1 : 0) }
        func number(_ name: String) -> SQLValue { .integer(row[name]?.integer ?? 0) }
        func text(_ name: String) -> SQLValue { .optional(row[name]?.string) }
        try message.run([
            .integer(mailboxRow), number("uid"), number("modSeq"), number("date"), number("zone"), number("saved"),
            .optional(row["sent"]?.integer), number("size"), flag("\\Seen"), flag("\\Answered"), flag("\\Flagged"),
            flag("\\Deleted"), flag("\\Draft"), text("subject"), text("from"), text("to"), text("cc"),
            text("messageID"), text("inReplyTo"), text("sha256"),
        ])
        messageRow = file.lastRow
        messages += 1
        for word in row["keywords"]?.strings ?? [] { try keyword.run([.integer(messageRow), .text(word)]) }
        (takesBody, bodyOffset) = (false, 0)
        guard let octets else { return }
        guard octets <= Self.maximumBodyOctets else {
            bodiesLeftOut += 1
            return
        }
        try body.run([.integer(messageRow), .zeros(octets)])
        takesBody = true
    }

    /// More of the body of the last message.
    package func add(body octets: [UInt8]) throws(MailSQLError) {
        guard takesBody else { return }
        try file.write(octets, at: bodyOffset, table: "bodies", column: "octets", row: messageRow)
        bodyOffset += UInt64(octets.count)
    }

    /// Makes the indexes; nothing may be added after it.
    package func finish() throws(MailSQLError) { try file.run(Self.indexes) }
}
