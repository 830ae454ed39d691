// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

import IMAPServer
import IMAPWire
import MailTypes
import Testing

@Suite("IMAP4rev2 (RFC 9051)", .timeLimit(.minutes(20)))
struct RevisionTwoTests {
    private func enabled(_ body: @escaping @Sendable (IMAPTestClient) async throws -> Void) async throws {
        let dialogue = Dialogue()
        for number in 1...3 { dialogue.account.deliver("Subject: \(number)\r\n\r\nbody\r\n") }
        try await dialogue.loggedOn { client in
            try await client.expect("ENABLE IMAP4rev2 imap4REV2", ["ENABLED IMAP4rev2", "OK ENABLE completed"])
            client.textForm = .utf8
            try await body(client)
        }
    }

    @Test("SELECT tells of the mailbox as LIST does, and nothing of RECENT and UNSEEN")
    func selecting() async throws {
        try await enabled { client in
            try await client.talk(
                """
                C: a SELECT inbox
                S: * FLAGS (\\Answered \\Flagged \\Deleted \\Seen \\Draft)
                S: * OK [PERMANENTFLAGS (\\Answered \\Flagged \\Deleted \\Seen \\Draft \\*)] Flags that are kept
                S: * 3 EXISTS
                S: * OK [UIDVALIDITY 1001] UIDs are valid
                S: * OK [UIDNEXT 4] Predicted next UID
                S: * OK [HIGHESTMODSEQ 4] Highest
                S: * OK [MAILBOXID (F1)] Stays with the mailbox
                S: * LIST (\\HasNoChildren) "/" INBOX ("OLDNAME" (inbox))
                S: a OK [READ-WRITE] SELECT completed
                C: b EXAMINE INBOX
                S: * OK [CLOSED] The mailbox before is left
                """
            )
            let told = try await client.responses(to: "b")
            #expect(told.contains("LIST (\\HasNoChildren) \"/\" INBOX"))
            #expect(!told.contains { $0.contains("RECENT") || $0.contains("UNSEEN") })
        }
    }

    @Test("SEARCH is answered with ESEARCH")
    func searching() async throws {
        try await enabled { client in
            try await client.run("SELECT INBOX")
            try await client.talk(
                """
                C: a SEARCH ALL
                S: * ESEARCH (TAG "a") ALL 1:3
                S: a OK SEARCH completed
                C: b UID SEARCH SUBJECT 2
                S: * ESEARCH (TAG "b") UID ALL 2
                S: b OK UID SEARCH completed
                C: c SEARCH SUBJECT nothing
                S: * ESEARCH (TAG "c")
                S: c OK SEARCH completed
                """
            )
        }
    }

    @Test("Names are UTF-8 in both directions, and & stands for itself")
    func names() async throws {
        try await enabled { client in
            try await client.talk(
                """
                C: a CREATE "Entwürfe"
                S: a OK [MAILBOXID (F4)] CREATE completed
                C: b CREATE a&b/c&-
                S: b OK [MAILBOXID (F6)] CREATE completed
                C: c LIST "" *
                S: * LIST (\\HasNoChildren) "/" "Entwürfe"
                S: * LIST (\\HasNoChildren) "/" INBOX
                S: * LIST (\\HasNoChildren \\Sent) "/" Sent
                S: * LIST (\\HasNoChildren \\Trash) "/" Trash
                S: * LIST (\\HasChildren) "/" a&b
                S: * LIST (\\HasNoChildren) "/" a&b/c&-
                S: c OK LIST completed
                C: d STATUS "Entwürfe" (MESSAGES SIZE DELETED)
                S: * STATUS "Entwürfe" (MESSAGES 0 SIZE 0 DELETED 0)
                S: d OK STATUS completed
                C: f DELETE a&b
                S: f OK DELETE completed
                C: g LIST "" a*
                S: * LIST (\\NonExistent \\HasChildren) "/" a&b
                S: * LIST (\\HasNoChildren) "/" a&b/c&-
                S: g OK LIST completed
                """
            )
            try await client.send("h APPEND \"Entwürfe\" {1+}\r\na\r\n")
            #expect(try await client.responses(to: "h") == ["OK [APPENDUID 1004 1] APPEND completed"])
        }
    }

    @Test("Without ENABLE all is as RFC 3501 has it")
    func withoutEnable() async throws {
        try await Dialogue().loggedOn { client in
            #expect(try await client.run("SELECT INBOX").contains("0 RECENT"))
            try await client.expect("SEARCH ALL", ["SEARCH", "OK SEARCH completed"])
            try await client.expect("CREATE \"Entw&APw-rfe\"", ["OK [MAILBOXID (F4)] CREATE completed"])
            try await client.expect("LIST \"\" E*", ["LIST (\\HasNoChildren) \"/\" Entw&APw-rfe", "OK LIST completed"])
        }
    }
}
