// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

import IMAPServer
import MailTypes
import Testing

@Suite("ESEARCH and SEARCHRES (RFC 4731, RFC 5182)", .timeLimit(.minutes(20)))
struct ExtendedSearchTests {
    private func selected(_ body: @escaping @Sendable (IMAPTestClient) async throws -> Void) async throws {
        let dialogue = Dialogue()
        for number in 1...9 {
            dialogue.account.deliver(
                "Subject: \(number)\r\n\r\nbody\r\n",
                flags: FlagSet(system: number % 3 == 0 ? .flagged : [])
            )
        }
        try await dialogue.loggedOn { client in
            try await client.run("SELECT INBOX")
            try await client.run("STORE 1 +FLAGS.SILENT (\\Deleted)")
            try await client.run("EXPUNGE")
            try await body(client)
        }
    }

    @Test("Each option answers its part")
    func options() async throws {
        try await selected { client in
            for (command, answer) in [
                ("t SEARCH RETURN () FLAGGED", "* ESEARCH (TAG \"t\") ALL 2,5,8"),
                ("t SEARCH RETURN (ALL) UNFLAGGED", "* ESEARCH (TAG \"t\") ALL 1,3:4,6:7"),
                ("t UID SEARCH RETURN (ALL) FLAGGED", "* ESEARCH (TAG \"t\") UID ALL 3,6,9"),
                ("t SEARCH RETURN (MIN MAX COUNT) FLAGGED", "* ESEARCH (TAG \"t\") MIN 2 MAX 8 COUNT 3"),
                ("t UID SEARCH RETURN (COUNT) ALL", "* ESEARCH (TAG \"t\") UID COUNT 8"),
                ("t SEARCH RETURN (MIN MAX ALL COUNT) SUBJECT nothing", "* ESEARCH (TAG \"t\") COUNT 0"),
                ("t SEARCH RETURN (MIN MAX) SUBJECT nothing", "* ESEARCH (TAG \"t\")"),
                ("t SEARCH FLAGGED", "* SEARCH 2 5 8"),
            ] {
                let kind = command.contains("UID SEARCH") ? "UID SEARCH" : "SEARCH"
                try await client.talk("C: \(command)\nS: \(answer)\nS: t OK \(kind) completed")
            }
        }
    }

    @Test("With PARTIAL, what is saved is what is named, unless all are counted (RFC 9394 §3.2)")
    func savedPart() async throws {
        try await selected { client in
            for (options, saved) in [
                ("PARTIAL 1:1", "3"), ("PARTIAL 2:2 MIN", "3 6"), ("PARTIAL 1:1 MAX", "3 9"),
                ("PARTIAL 2:2 MIN MAX", "3 6 9"), ("PARTIAL 1:1 COUNT", "3 6 9"), ("COUNT PARTIAL 1:1 MIN", "3 6 9"),
            ] {
                try await client.run("UID SEARCH RETURN (SAVE \(options)) FLAGGED")
                try await client.expect("UID SEARCH $", ["SEARCH \(saved)", "OK UID SEARCH completed"])
            }
        }
    }

    @Test("PARTIAL counts the messages of the set, whatever has changed (RFC 9394 §3.4)")
    func partOfChanges() async throws {
        try await selected { client in
            try await client.run("ENABLE CONDSTORE")
            let stored = try await client.run("STORE 1 +FLAGS (\\Seen)")
            let modSeq = Int(stored[0].split(separator: "(").last?.prefix { $0 != ")" } ?? "") ?? 0
            for (part, count) in [("-1:-2", 0), ("1:2", 1)] {
                let fetch = "UID FETCH 1:* (UID) (PARTIAL \(part) CHANGEDSINCE \(modSeq - 1))"
                #expect(try await client.run(fetch).count == count + 1)
            }
        }
    }

    @Test("The mod-sequence is that of the messages which the answer tells of (RFC 4731 §3.2)")
    func modSeqs() async throws {
        try await selected { client in
            try await client.run("STORE 5 +FLAGS (\\Seen)")
            try await client.run("ENABLE CONDSTORE")
            for (options, answer) in [
                ("MIN", "MIN 2 MODSEQ 4"), ("MAX", "MAX 8 MODSEQ 10"), ("MIN MAX", "MIN 2 MAX 8 MODSEQ 10"),
                ("ALL", "ALL 2,5,8 MODSEQ 13"), ("COUNT MIN", "MIN 2 COUNT 3 MODSEQ 13"),
            ] {
                try await client.talk(
                    "C: t SEARCH RETURN (\(options)) FLAGGED MODSEQ 1\nS: * ESEARCH (TAG \"t\") \(answer)\nS: t OK SEARCH completed"
                )
            }
        }
    }

    @Test("A saved result stands for its messages, whatever numbers they get")
    func saving() async throws {
        try await selected { client in
            try await client.expect("FETCH $ UID", ["OK FETCH completed"])
            try await client.expect("SEARCH RETURN (SAVE) FLAGGED", ["OK SEARCH completed"])
            try await client.expect(
                "FETCH $ UID",
                ["2 FETCH (UID 3)", "5 FETCH (UID 6)", "8 FETCH (UID 9)", "OK FETCH completed"]
            )
            try await client.expect("SEARCH $ UID 4:*", ["SEARCH 5 8", "OK SEARCH completed"])
            try await client.expect("UID SEARCH UID $", ["SEARCH 3 6 9", "OK UID SEARCH completed"])
            try await client.expect("SEARCH NOT $", ["SEARCH 1 3 4 6 7", "OK SEARCH completed"])
            try await client.run("UID STORE 2,6 +FLAGS.SILENT (\\Deleted)")
            try await client.run("EXPUNGE")
            try await client.expect("FETCH $ UID", ["1 FETCH (UID 3)", "6 FETCH (UID 9)", "OK FETCH completed"])
            try await client.expect(
                "UID STORE $ +FLAGS (\\Seen)",
                [
                    "1 FETCH (UID 3 FLAGS (\\Flagged \\Seen))", "6 FETCH (UID 9 FLAGS (\\Flagged \\Seen))",
                    "OK UID STORE completed",
                ]
            )
            try await client.expect("COPY $ Sent", ["OK [COPYUID 1002 3,9 1:2] COPY completed"])
            try await client.expect(
                "SEARCH RETURN (SAVE MIN) ALL",
                ["ESEARCH (TAG \"t16\") MIN 1", "OK SEARCH completed"]
            )
            try await client.expect("FETCH $ UID", ["1 FETCH (UID 3)", "OK FETCH completed"])
            try await client.run("SEARCH RETURN (SAVE MIN MAX) ALL")
            try await client.expect("FETCH $ UID", ["1 FETCH (UID 3)", "6 FETCH (UID 9)", "OK FETCH completed"])
            try await client.run("SEARCH RETURN (SAVE MIN COUNT) FLAGGED")
            try await client.expect("FETCH $ UID", ["1 FETCH (UID 3)", "6 FETCH (UID 9)", "OK FETCH completed"])
        }
    }

    @Test("A result is gone with its mailbox, and with a search that failed")
    func forgetting() async throws {
        try await selected { client in
            try await client.run("SEARCH RETURN (SAVE) ALL")
            try await client.run("SEARCH RETURN (SAVE) CHARSET KOI8-R ALL")
            try await client.expect("FETCH $ UID", ["OK FETCH completed"])
            try await client.run("SEARCH RETURN (SAVE) ALL")
            // What is not valid does nothing.
            try await client.run("SEARCH RETURN (SAVE) FOO")
            #expect(try await client.run("FETCH $ UID").count == 9)
            try await client.run("SELECT INBOX")
            try await client.expect("FETCH $ UID", ["OK FETCH completed"])
        }
    }

    @Test("Commands that come together see one another's result")
    func pipelined() async throws {
        try await selected { client in
            try await client.send("a SEARCH RETURN (SAVE) FLAGGED\r\nb FETCH $ UID\r\n")
            #expect(try await client.responses(to: "a") == ["OK SEARCH completed"])
            #expect(try await client.responses(to: "b").count == 4)
        }
    }
}
