// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

import IMAPServer
import MailTypes
import Testing

@Suite("CONTEXT=SEARCH and CONTEXT=SORT (RFC 5267)", .timeLimit(.minutes(20)))
struct ContextTests {
    private func dialogue(_ subjects: [String] = ["b", "d", "f"]) -> Dialogue {
        let dialogue = Dialogue()
        for subject in subjects { dialogue.account.deliver("Subject: \(subject)\r\n\r\nx") }
        return dialogue
    }

    @Test("What other flags let in and out is told behind them, by UID")
    func flags() async throws {
        try await dialogue().selectedTwice { first, second in
            try await first.run("UID STORE 2 +FLAGS (\\Flagged)")
            try await first.send("B01 UID SEARCH RETURN (UPDATE COUNT) FLAGGED\r\n")
            let answer = try await first.responses(to: "B01")
            #expect(answer == ["ESEARCH (TAG \"B01\") UID COUNT 1", "OK UID SEARCH completed"])
            try await second.run("UID STORE 1,3 +FLAGS (\\Flagged)")
            try await second.run("UID STORE 2 -FLAGS (\\Flagged)")
            let told = try await first.run("NOOP")
            #expect(Set(told.prefix(3).map { String($0.prefix(7)) }) == ["1 FETCH", "2 FETCH", "3 FETCH"])
            #expect(
                told.dropFirst(3) == [
                    "ESEARCH (TAG \"B01\") UID REMOVEFROM (0 2)", "ESEARCH (TAG \"B01\") UID ADDTO (0 1,3)",
                    "OK NOOP completed",
                ]
            )
            try await first.expect("NOOP", ["OK NOOP completed"])
        }
    }

    @Test("Its own changes count too")
    func own() async throws {
        try await dialogue().loggedOn { client in
            try await client.run("SELECT INBOX")
            try await client.send("u SEARCH RETURN (UPDATE) UNSEEN\r\n")
            #expect(try await client.responses(to: "u")[0] == "ESEARCH (TAG \"u\") ALL 1:3")
            try await client.expect(
                "STORE 2 +FLAGS.SILENT (\\Seen)",
                ["ESEARCH (TAG \"u\") REMOVEFROM (0 2)", "OK STORE completed"]
            )
        }
    }

    @Test("Expunged messages leave before they lose their numbers; new ones come behind EXISTS")
    func arrivals() async throws {
        let dialogue = dialogue()
        try await dialogue.selectedTwice { first, second in
            try await first.send("u SEARCH RETURN (UPDATE ALL) ALL\r\n")
            #expect(try await first.responses(to: "u")[0] == "ESEARCH (TAG \"u\") ALL 1:3")
            try await second.run("STORE 1 +FLAGS (\\Deleted)")
            try await second.run("EXPUNGE")
            dialogue.account.deliver("Subject: h\r\n\r\nx")
            try await first.expect(
                "FETCH 2 (UID)",
                [
                    "2 FETCH (UID 2)", "ESEARCH (TAG \"u\") REMOVEFROM (0 1)", "4 EXISTS",
                    "ESEARCH (TAG \"u\") ADDTO (0 4)", "OK FETCH completed",
                ]
            )
            try await first.expect("NOOP", ["1 EXPUNGE", "OK NOOP completed"])
        }
    }

    @Test("What is sorted comes and goes at its place")
    func sorted() async throws {
        let dialogue = dialogue()
        try await dialogue.selectedTwice { first, second in
            try await first.send("u UID SORT RETURN (UPDATE ALL) (REVERSE SUBJECT) UTF-8 UNDELETED\r\n")
            #expect(try await first.responses(to: "u")[0] == "ESEARCH (TAG \"u\") UID ALL 3,2,1")
            dialogue.account.deliver("Subject: c\r\n\r\nx")
            dialogue.account.deliver("Subject: g\r\n\r\nx")
            try await first.expect(
                "NOOP",
                [
                    "5 EXISTS", "ESEARCH (TAG \"u\") UID ADDTO (3 4)", "ESEARCH (TAG \"u\") UID ADDTO (1 5)",
                    "OK NOOP completed",
                ]
            )
            // 5 3 2 4 1
            try await second.run("NOOP")
            try await second.run("UID STORE 5,4,1 +FLAGS (\\Deleted)")
            let told = try await first.run("NOOP")
            #expect(told.contains("ESEARCH (TAG \"u\") UID REMOVEFROM (1 5 3 4,1)"), "\(told)")
        }
    }

    @Test("Sequence numbers, * and $ stay what they were")
    func frozen() async throws {
        let dialogue = dialogue()
        try await dialogue.loggedOn { client in
            try await client.run("SELECT INBOX")
            try await client.run("SEARCH RETURN (SAVE) 1")
            for (tag, key) in [("n", "2:9"), ("s", "UID *"), ("r", "UID 3:*"), ("d", "$")] {
                try await client.send("\(tag) UID SEARCH RETURN (UPDATE COUNT) \(key)\r\n")
                _ = try await client.responses(to: tag)
            }
            dialogue.account.deliver("Subject: h\r\n\r\nx")
            try await client.expect(
                "NOOP",
                ["4 EXISTS", "ESEARCH (TAG \"r\") UID ADDTO (0 4)", "OK NOOP completed"]
            )
        }
    }

    @Test("A tag names one search; too many are not kept up to date; CANCELUPDATE and another mailbox end it")
    func limits() async throws {
        let dialogue = dialogue()
        try await dialogue.loggedOn { client in
            try await client.run("SELECT INBOX")
            for number in 1...16 {
                try await client.send("u\(number) SEARCH RETURN (UPDATE COUNT) ALL\r\n")
                #expect(try await client.responses(to: "u\(number)").count == 2)
            }
            try await client.send("u3 SORT RETURN (UPDATE) (SIZE) UTF-8 ALL\r\n")
            #expect(try await client.responses(to: "u3")[0].hasPrefix("BAD"))
            try await client.send("x SEARCH RETURN (UPDATE MIN) ALL\r\n")
            let refused = try await client.responses(to: "x")
            #expect(refused[0].hasPrefix("NO [NOUPDATE \"x\"] ") && refused[1] == "ESEARCH (TAG \"x\") MIN 1")
            #expect(try await client.run("CANCELUPDATE \"x\"")[0].hasPrefix("BAD"))
            let tags = (2...16).map { "\"u\($0)\"" }.joined(separator: " ")
            try await client.expect("CANCELUPDATE \(tags)", ["OK CANCELUPDATE completed"])
            dialogue.account.deliver("Subject: h\r\n\r\nx")
            try await client.expect(
                "NOOP",
                ["4 EXISTS", "ESEARCH (TAG \"u1\") ADDTO (0 4)", "OK NOOP completed"]
            )
            try await client.run("SELECT INBOX")
            dialogue.account.deliver("Subject: h\r\n\r\nx")
            try await client.expect("NOOP", ["5 EXISTS", "OK NOOP completed"])
        }
    }

    @Test("While a client idles, it is told at once")
    func idling() async throws {
        let dialogue = dialogue()
        try await dialogue.loggedOn { client in
            try await client.run("SELECT INBOX")
            try await client.send("u UID SEARCH RETURN (UPDATE COUNT CONTEXT) SUBJECT new\r\n")
            #expect(try await client.responses(to: "u")[0] == "ESEARCH (TAG \"u\") UID COUNT 0")
            try await client.send("i IDLE\r\n")
            _ = try await client.receive()
            dialogue.account.deliver("Subject: a new one\r\n\r\nx")
            #expect(try await client.receive() == "* 4 EXISTS")
            #expect(try await client.receive() == "* ESEARCH (TAG \"u\") UID ADDTO (0 4)")
            try await client.send("DONE\r\n")
            _ = try await client.responses(to: "i")
        }
    }
}
