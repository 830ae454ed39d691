// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

import IMAPServer
import MailTypes
import Runtime
import Testing

/// In the store of these tests mod-sequences count from 2, one for each change, over all mailboxes.
@Suite("CONDSTORE (RFC 7162 §3.1)", .timeLimit(.minutes(20)))
struct ModSeqTests {
    private func delivered(_ count: Int) -> Dialogue {
        let dialogue = Dialogue()
        for number in 1...count { dialogue.account.deliver("Subject: \(number)\r\n\r\nbody\r\n") }
        return dialogue
    }

    @Test("Mod-sequences are told once a command has asked for them, and not before")
    func enabling() async throws {
        for (command, extra) in [
            ("ENABLE CONDSTORE", ["ENABLED CONDSTORE"]),
            ("STATUS INBOX (HIGHESTMODSEQ)", ["STATUS INBOX (HIGHESTMODSEQ 4)"]),
            ("FETCH 3 (MODSEQ)", ["3 FETCH (MODSEQ (4))"]),
            ("FETCH 1:* (UID) (CHANGEDSINCE 4)", ["1 FETCH (UID 1 MODSEQ (5))"]),
            ("SEARCH MODSEQ 9", ["SEARCH"]), ("STORE 1 (UNCHANGEDSINCE 1) FLAGS ()", []),
            (
                "LIST \"\" INBOX RETURN (STATUS (HIGHESTMODSEQ))",
                ["LIST (\\HasNoChildren) \"/\" INBOX", "STATUS INBOX (HIGHESTMODSEQ 4)"]
            ),
        ] {
            try await delivered(3).loggedOn { client in
                try await client.run("SELECT INBOX")
                try await client.expect("STORE 1 FLAGS ()", ["1 FETCH (FLAGS ())", "OK STORE completed"])
                try await client.run("UNSELECT")
                try await client.run("SELECT INBOX")
                let said = try await client.run(command).dropLast()
                #expect(said.contains("OK [HIGHESTMODSEQ 5] Highest"), "\(command): \(said)")
                let others = said.filter { !$0.hasPrefix("OK") }.map {
                    $0.replacing("HIGHESTMODSEQ 5", with: "HIGHESTMODSEQ 4")
                }
                #expect(others == extra, "\(command)")
                let stored = try await client.run("STORE 2 +FLAGS (\\Seen)")
                #expect(stored.first?.hasPrefix("2 FETCH (FLAGS (\\Seen) MODSEQ (") == true, "\(command): \(stored)")
                #expect(try await client.run(command).contains { $0.hasPrefix("OK [HIGHESTMODSEQ") } == false)
            }
        }
    }

    @Test("SELECT tells HIGHESTMODSEQ; with CONDSTORE it enables")
    func selecting() async throws {
        try await delivered(2).loggedOn { client in
            let told = try await client.run("SELECT INBOX (CONDSTORE)")
            #expect(told.filter { $0.contains("HIGHESTMODSEQ") } == ["OK [HIGHESTMODSEQ 3] Highest"])
            try await client.expect(
                "STORE 1 +FLAGS.SILENT (\\Seen)",
                ["1 FETCH (MODSEQ (4))", "OK STORE completed"]
            )
            try await client.expect(
                "UID STORE 1 -FLAGS (\\Seen)",
                ["1 FETCH (UID 1 FLAGS () MODSEQ (5))", "OK UID STORE completed"]
            )
        }
    }

    @Test("FETCH CHANGEDSINCE gives what is changed, with its mod-sequence")
    func changedSince() async throws {
        try await delivered(4).loggedOn { client in
            try await client.run("SELECT INBOX (CONDSTORE)")
            try await client.run("STORE 2,4 +FLAGS.SILENT (\\Flagged)")
            try await client.expect(
                "FETCH 1:* (FLAGS) (CHANGEDSINCE 5)",
                [
                    "2 FETCH (FLAGS (\\Flagged) MODSEQ (6))", "4 FETCH (FLAGS (\\Flagged) MODSEQ (6))",
                    "OK FETCH completed",
                ]
            )
            try await client.expect(
                "UID FETCH 3:4 (MODSEQ) (CHANGEDSINCE 4)",
                ["4 FETCH (UID 4 MODSEQ (6))", "OK UID FETCH completed"]
            )
            try await client.expect("FETCH 1:* FLAGS (CHANGEDSINCE 6)", ["OK FETCH completed"])
            try await client.expect(
                "FETCH 1:* FLAGS (VANISHED)",
                ["BAD QRESYNC must be enabled first"]
            )
        }
    }

    @Test("A conditional STORE leaves alone what others have changed, and says which")
    func conditional() async throws {
        try await delivered(4).selectedTwice { a, b in
            try await a.run("ENABLE CONDSTORE")
            try await b.run("STORE 2 +FLAGS (\\Flagged)")
            try await a.expect(
                "STORE 1:3 (UNCHANGEDSINCE 5) +FLAGS (\\Seen)",
                [
                    "1 FETCH (FLAGS (\\Seen) MODSEQ (7))", "3 FETCH (FLAGS (\\Seen) MODSEQ (7))",
                    "2 FETCH (UID 2 FLAGS (\\Flagged) MODSEQ (6))",
                    "OK [MODIFIED 2] Conditional STORE failed for some",
                ]
            )
            try await a.expect(
                "STORE 1:3 (UNCHANGEDSINCE 7) +FLAGS.SILENT (\\Answered)",
                [
                    "1 FETCH (MODSEQ (8))", "2 FETCH (MODSEQ (8))", "3 FETCH (MODSEQ (8))", "OK STORE completed",
                ]
            )
            try await b.run("STORE 1,2 +FLAGS.SILENT (\\Deleted)")
            try await b.run("UID EXPUNGE 1")
            try await a.expect(
                "STORE 1:4 (UNCHANGEDSINCE 8) -FLAGS.SILENT (\\Answered)",
                [
                    "3 FETCH (MODSEQ (11))", "4 FETCH (MODSEQ (11))",
                    "2 FETCH (UID 2 FLAGS (\\Answered \\Flagged \\Deleted) MODSEQ (9))",
                    "NO [MODIFIED 2] Some of the messages are expunged",
                ]
            )
            try await a.expect(
                "UID STORE 2 (UNCHANGEDSINCE 0) +FLAGS (\\Seen)",
                ["1 EXPUNGE", "OK [MODIFIED 2] Conditional STORE failed for some"]
            )
        }
    }

    @Test("With UNCHANGEDSINCE 0, a keyword is whose who comes first (RFC 7162 §3.1.3)")
    func firstCome() async throws {
        try await delivered(1).selectedTwice { a, b in
            try await a.expect(
                "STORE 1 (UNCHANGEDSINCE 0) +FLAGS.SILENT ($MDNSent)",
                [
                    "OK [HIGHESTMODSEQ 2] Highest",
                    "FLAGS (\\Answered \\Flagged \\Deleted \\Seen \\Draft $MDNSent)", "1 FETCH (MODSEQ (3))",
                    "OK STORE completed",
                ]
            )
            try await b.run("ENABLE CONDSTORE")
            try await b.expect(
                "STORE 1 (UNCHANGEDSINCE 0) +FLAGS.SILENT ($MDNSent)",
                ["OK [MODIFIED 1] Conditional STORE failed for some"]
            )
        }
    }

    @Test("SEARCH MODSEQ tells the greatest of those found")
    func searching() async throws {
        try await delivered(4).loggedOn { client in
            try await client.run("SELECT INBOX")
            try await client.expect(
                "SEARCH MODSEQ 4",
                ["OK [HIGHESTMODSEQ 5] Highest", "SEARCH 3 4 (MODSEQ 5)", "OK SEARCH completed"]
            )
            try await client.expect(
                "SEARCH NOT MODSEQ \"/flags/\\\\seen\" all 4",
                ["SEARCH 1 2 (MODSEQ 3)", "OK SEARCH completed"]
            )
            try await client.expect("SEARCH MODSEQ 100", ["SEARCH", "OK SEARCH completed"])
            try await client.expect("SEARCH MODSEQ 0 2", ["SEARCH 2 (MODSEQ 3)", "OK SEARCH completed"])
        }
    }

    @Test("What others change is told with its mod-sequence, and so is a change that changed nothing")
    func others() async throws {
        try await delivered(2).selectedTwice { a, b in
            try await a.run("ENABLE CONDSTORE")
            try await b.run("STORE 1 +FLAGS (\\Seen)")
            try await a.expect("NOOP", ["1 FETCH (UID 1 FLAGS (\\Seen) MODSEQ (4))", "OK NOOP completed"])
            try await b.run("STORE 1 +FLAGS (\\Seen)")
            try await a.expect("NOOP", ["1 FETCH (UID 1 FLAGS (\\Seen) MODSEQ (5))", "OK NOOP completed"])
            try await a.run("STORE 1 +FLAGS (\\Seen)")
            try await b.expect("NOOP", ["OK NOOP completed"])
        }
    }

    @Test("Behind a front-end, what a command switched on by itself is told to it once")
    func frontEnd() async throws {
        var dialogue = delivered(1)
        dialogue.configuration.isBehindFrontEnd = true
        try await dialogue.loggedOn { client in
            try await client.send("a STATUS INBOX (HIGHESTMODSEQ)\r\n")
            let line = try await client.connection.readLine(maximum: 1000)
            #expect(line?.bytes == Array("* MARTLET-ENABLED CONDSTORE".utf8))
            try await client.talk(
                """
                S: * STATUS INBOX (HIGHESTMODSEQ 2)
                S: a OK STATUS completed
                C: b STATUS INBOX (HIGHESTMODSEQ)
                S: * STATUS INBOX (HIGHESTMODSEQ 2)
                S: b OK STATUS completed
                """
            )
        }
    }
}
