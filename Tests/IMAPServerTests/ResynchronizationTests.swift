// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

import IMAPServer
import MailTypes
import Testing

@Suite("QRESYNC (RFC 7162 §3.2)", .timeLimit(.minutes(20)))
struct ResynchronizationTests {
    private func delivered(_ count: Int) -> Dialogue {
        let dialogue = Dialogue()
        for number in 1...count { dialogue.account.deliver("Subject: \(number)\r\n\r\nbody\r\n") }
        return dialogue
    }

    @Test("What is gone is told by UID, and HIGHESTMODSEQ with it")
    func vanished() async throws {
        try await delivered(6).selectedTwice { a, b in
            try await a.expect(
                "ENABLE QRESYNC",
                ["OK [HIGHESTMODSEQ 7] Highest", "ENABLED QRESYNC", "OK ENABLE completed"]
            )
            try await a.run("STORE 2:3,5 +FLAGS.SILENT (\\Deleted)")
            try await a.expect("EXPUNGE", ["VANISHED 2:3,5", "OK [HIGHESTMODSEQ 9] EXPUNGE completed"])
            try await a.expect("EXPUNGE", ["OK EXPUNGE completed"])
            try await a.expect(
                "FETCH 1:* UID",
                ["1 FETCH (UID 1)", "2 FETCH (UID 4)", "3 FETCH (UID 6)", "OK FETCH completed"]
            )
            try await a.expect(
                "MOVE 1 Sent",
                ["OK [COPYUID 1002 1 1] Moved", "VANISHED 1", "OK [HIGHESTMODSEQ 12] MOVE completed"]
            )
            try await b.expect(
                "NOOP",
                [
                    "1 EXPUNGE", "1 EXPUNGE", "1 EXPUNGE", "2 EXPUNGE", "OK NOOP completed",
                ]
            )
        }
    }

    @Test("While expunges are held back, HIGHESTMODSEQ says how far the client may count")
    func heldBack() async throws {
        try await delivered(3).selectedTwice { a, b in
            try await a.run("ENABLE QRESYNC")
            try await b.run("STORE 1 +FLAGS.SILENT (\\Deleted)")
            try await b.run("EXPUNGE")
            try await b.run("STORE 2 +FLAGS (\\Seen)")
            try await a.expect(
                "FETCH 3 (MODSEQ)",
                [
                    "3 FETCH (MODSEQ (4))", "3 FETCH (UID 3 FLAGS (\\Seen) MODSEQ (7))",
                    "OK [HIGHESTMODSEQ 4] FETCH completed",
                ]
            )
            try await a.expect(
                "STORE 1 +FLAGS (\\Flagged)",
                ["OK [HIGHESTMODSEQ 4] Highest", "NO [EXPUNGEISSUED] 1 of the messages are expunged"]
            )
            try await a.expect("NOOP", ["VANISHED 1", "OK [HIGHESTMODSEQ 8] NOOP completed"])
            try await a.expect("NOOP", ["OK NOOP completed"])
        }
    }

    @Test("SELECT with what the client knows tells what is different")
    func selecting() async throws {
        try await delivered(8).loggedOn { client in
            try await client.expect(
                "SELECT INBOX (QRESYNC (1001 5))",
                ["BAD QRESYNC must be enabled first"]
            )
            try await client.run("ENABLE QRESYNC")
            try await client.run("SELECT INBOX")
            try await client.run("STORE 2,7 +FLAGS.SILENT (\\Deleted)")
            try await client.run("EXPUNGE")
            try await client.run("STORE 1,6 +FLAGS.SILENT (\\Seen)")
            func differences(_ parameters: String) async throws -> [String] {
                try await client.run("SELECT INBOX (QRESYNC (\(parameters)))").filter { response in
                    ["VANISHED", "1 FETCH", "2 FETCH", "3 FETCH", "4 FETCH", "5 FETCH", "6 FETCH"].contains {
                        response.hasPrefix($0)
                    }
                }
            }
            let all = [
                "VANISHED (EARLIER) 2,7", "1 FETCH (UID 1 FLAGS (\\Seen) MODSEQ (12))",
                "6 FETCH (UID 8 FLAGS (\\Seen) MODSEQ (12))",
            ]
            #expect(try await differences("1001 9") == all)
            #expect(try await differences("1001 9 1:8") == all)
            #expect(try await differences("1001 9 1:8 (1:8 1:8)") == all)
            #expect(try await differences("1001 9 1,3:7") == ["VANISHED (EARLIER) 7", all[1]])
            #expect(try await differences("1001 11") == Array(all.dropFirst()))
            #expect(try await differences("1001 12") == [])
            #expect(try await differences("1001 99") == [])
            #expect(try await differences("1002 9") == [])
            #expect(
                try await client.run("EXAMINE INBOX (QRESYNC (1001 9))").first
                    == "OK [CLOSED] The mailbox before is left"
            )
        }
    }

    @Test("UID FETCH tells what is gone with what is changed")
    func fetching() async throws {
        try await delivered(5).loggedOn { client in
            try await client.run("ENABLE QRESYNC")
            try await client.run("SELECT INBOX")
            try await client.run("STORE 3,5 +FLAGS.SILENT (\\Deleted)")
            try await client.run("EXPUNGE")
            try await client.expect(
                "UID FETCH 1:* (FLAGS) (CHANGEDSINCE 5 VANISHED)",
                ["VANISHED (EARLIER) 3,5", "OK UID FETCH completed"]
            )
            try await client.expect(
                "UID FETCH 2:4 (FLAGS) (VANISHED CHANGEDSINCE 3)",
                [
                    "VANISHED (EARLIER) 3", "3 FETCH (UID 4 FLAGS () MODSEQ (5))", "OK UID FETCH completed",
                ]
            )
            try await client.expect(
                "FETCH 1:* (FLAGS) (CHANGEDSINCE 5 VANISHED)",
                ["BAD VANISHED needs UID FETCH and CHANGEDSINCE"]
            )
            try await client.expect(
                "UID FETCH 1:* (FLAGS) (VANISHED)",
                ["BAD VANISHED needs UID FETCH and CHANGEDSINCE"]
            )
        }
    }

    @Test("Many UIDs go in lines of bounded length")
    func many() async throws {
        let dialogue = delivered(2000)
        try await dialogue.loggedOn { client in
            try await client.run("ENABLE QRESYNC")
            try await client.run("SELECT INBOX")
            let odd = stride(from: 1, to: 2000, by: 2).map(String.init).joined(separator: ",")
            try await client.run("STORE \(odd) +FLAGS.SILENT (\\Deleted)")
            let told = try await client.run("EXPUNGE").filter { $0.hasPrefix("VANISHED ") }
            #expect(told.count == 3 && told.allSatisfy { $0.utf8.count < 8192 })
            #expect(told.flatMap { $0.dropFirst(9).split(separator: ",") }.joined(separator: ",") == odd)
        }
    }
}
