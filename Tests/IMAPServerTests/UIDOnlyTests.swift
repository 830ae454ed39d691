// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

import IMAPServer
import MailTypes
import Testing

@Suite("UIDONLY (RFC 9586)", .timeLimit(.minutes(20)))
struct UIDOnlyTests {
    @Test("Sequence numbers are neither taken nor told")
    func uidOnly() async throws {
        let dialogue = Dialogue()
        for number in 1...5 { dialogue.account.deliver("Subject: \(number)\r\n\r\nx\r\n") }
        try await dialogue.selectedTwice { a, b in
            try await a.run("STORE 1 +FLAGS.SILENT (\\Deleted)")
            try await a.run("EXPUNGE")
            try await a.run("UNSELECT")
            try await a.expect("ENABLE UIDONLY", ["ENABLED UIDONLY", "OK ENABLE completed"])
            #expect(try await a.run("SELECT INBOX").contains { $0.contains("UNSEEN") } == false)
            let refusal = "BAD [UIDREQUIRED] Messages have no numbers while UIDONLY is enabled"
            for command in [
                "FETCH 1 FLAGS", "STORE 1 FLAGS ()", "SEARCH ALL", "COPY 1 Sent", "MOVE 1 Sent",
                "SORT (DATE) UTF-8 ALL",
                "THREAD REFERENCES UTF-8 ALL", "UID SEARCH 1:3", "UID SEARCH OR NOT 1 SEEN", "UID SORT (DATE) UTF-8 1",
                "UID THREAD REFERENCES UTF-8 1", "REPLACE 1 INBOX {1+}\r\nx",
            ] {
                try await a.expect(command, [refusal])
            }
            try await a.expect(
                "UID FETCH 2:3 FLAGS",
                ["2 UIDFETCH (FLAGS ())", "3 UIDFETCH (FLAGS ())", "OK UID FETCH completed"]
            )
            try await a.expect(
                "UID FETCH 4 (UID BODY.PEEK[TEXT])",
                ["4 UIDFETCH (UID 4 BODY[TEXT] {3}\r\nx\r\n)", "OK UID FETCH completed"]
            )
            try await a.expect(
                "UID STORE 5 +FLAGS (\\Deleted)",
                ["5 UIDFETCH (FLAGS (\\Deleted))", "OK UID STORE completed"]
            )
            try await a.expect("UID SEARCH DELETED", ["SEARCH 5", "OK UID SEARCH completed"])
            try await a.expect("UID SEARCH RETURN (SAVE) DELETED", ["OK UID SEARCH completed"])
            try await a.expect("UID SEARCH NOT $", ["SEARCH 2 3 4", "OK UID SEARCH completed"])
            try await b.run("NOOP")
            try await b.run("STORE 1 +FLAGS (\\Seen)")
            try await a.expect("EXPUNGE", ["VANISHED 5", "2 UIDFETCH (FLAGS (\\Seen))", "OK EXPUNGE completed"])
            try await b.expect("NOOP", ["4 EXPUNGE", "OK NOOP completed"])
            dialogue.account.deliver("Subject: new\r\n\r\n")
            try await a.expect("NOOP", ["4 EXISTS", "OK NOOP completed"])
        }
    }

    @Test("With QRESYNC, the numbers that a client knows are not taken either")
    func withResynchronization() async throws {
        let dialogue = Dialogue()
        dialogue.account.deliver("Subject: 1\r\n\r\n")
        try await dialogue.loggedOn { client in
            try await client.run("ENABLE UIDONLY QRESYNC")
            try await client.expect(
                "SELECT INBOX (QRESYNC (1001 1 1 (1 1)))",
                ["BAD [UIDREQUIRED] Messages have no numbers while UIDONLY is enabled"]
            )
            let told = try await client.run("SELECT INBOX (QRESYNC (1001 1))")
            #expect(told.contains("1 UIDFETCH (FLAGS () MODSEQ (2))"))
        }
    }
}
