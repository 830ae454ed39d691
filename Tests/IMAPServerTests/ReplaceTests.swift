// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

import IMAPServer
import Locking
import MailStore
import MailTypes
import Testing

@Suite("MULTIAPPEND, REPLACE (RFC 3502, RFC 8508)", .timeLimit(.minutes(20)))
struct ReplaceTests {
    private static let shared = "\"Other Users/alice@example.test/INBOX\""

    @Test("Several messages in one command, with flags and dates of their own")
    func several() async throws {
        try await Dialogue().loggedOn { client in
            try await client.run("SELECT INBOX")
            try await client.send(
                "a APPEND INBOX (\\Seen) {1+}\r\na {2+}\r\nbb (\\Draft) \"17-Jul-1996 02:44:25 -0700\" ~{3+}\r\nccc\r\n"
            )
            #expect(try await client.responses(to: "a") == ["3 EXISTS", "OK [APPENDUID 1001 1:3] APPEND completed"])
            try await client.expect(
                "FETCH 1:* (FLAGS RFC822.SIZE)",
                [
                    "1 FETCH (FLAGS (\\Seen) RFC822.SIZE 1)", "2 FETCH (FLAGS () RFC822.SIZE 2)",
                    "3 FETCH (FLAGS (\\Draft) RFC822.SIZE 3)", "OK FETCH completed",
                ]
            )
            try await client.talk(
                """
                C: b APPEND INBOX {6}
                S: + Ready for 6 octets
                """
            )
            try await client.send("a: b\r\n {4}\r\n")
            #expect(try await client.receive() == "+ Ready for 4 octets")
            try await client.send("\r\n\r\n\r\n")
            #expect(try await client.responses(to: "b") == ["5 EXISTS", "OK [APPENDUID 1001 4:5] APPEND completed"])
        }
    }

    @Test("When one cannot be stored none is, and the client that did not wait is read to its end")
    func allOrNone() async throws {
        var dialogue = Dialogue()
        dialogue.configuration.maximumMessageOctets = 100
        try await dialogue.loggedOn { client in
            let big = String(repeating: "x", count: 101)
            let half = String(repeating: "x", count: 60)
            for (command, answer) in [
                ("a APPEND INBOX {1+}\r\na {101+}\r\n\(big) {1+}\r\nx\r\n", "NO [TOOBIG] Messages may have 100 octets"),
                (
                    "a APPEND INBOX {60+}\r\n\(half) {60+}\r\n\(half)\r\n",
                    "NO [LIMIT] Messages of one command may have 100 octets in all"
                ),
                ("a APPEND INBOX {1+}\r\na {0+}\r\n\r\n", "NO [CANNOT] A message has at least one octet"),
                ("a APPEND INBOX {1+}\r\na{1+}\r\nb\r\n", "BAD Expected a space at octet 0"),
                ("a APPEND INBOX {1+}\r\na junk\r\n", "BAD Expected the message as a literal at octet 1"),
                ("a APPEND INBOX {1+}\r\na {101}\r\n", "NO [TOOBIG] Messages may have 100 octets"),
                ("a APPEND Nowhere {1+}\r\na {1+}\r\nb\r\n", "NO [TRYCREATE] No mailbox Nowhere"),
            ] {
                try await client.send(command)
                #expect(try await client.responses(to: "a") == [answer])
            }
            try await client.expect("STATUS INBOX (MESSAGES)", ["STATUS INBOX (MESSAGES 0)", "OK STATUS completed"])
        }
    }

    @Test("A message takes the place of another, by number or UID, here or elsewhere")
    func replacing() async throws {
        let dialogue = Dialogue()
        for number in 1...4 { dialogue.account.deliver("Subject: \(number)\r\n\r\n") }
        try await dialogue.loggedOn { client in
            try await client.run("SELECT INBOX")
            try await client.send("a REPLACE 2 INBOX (\\Draft) {3+}\r\nnew\r\n")
            #expect(
                try await client.responses(to: "a") == [
                    "OK [APPENDUID 1001 5] Replacement", "2 EXPUNGE", "4 EXISTS", "OK REPLACE completed",
                ]
            )
            try await client.send("b UID REPLACE 4 Sent {3+}\r\nnew\r\n")
            #expect(
                try await client.responses(to: "b") == [
                    "OK [APPENDUID 1002 1] Replacement", "3 EXPUNGE", "OK UID REPLACE completed",
                ]
            )
            for (command, answer) in [
                ("c REPLACE 9 INBOX {3+}\r\nnew\r\n", "BAD There are 3 messages, and the set names others"),
                ("c UID REPLACE 4 INBOX {3+}\r\nnew\r\n", "NO [NONEXISTENT] No such message"),
                ("c REPLACE 1 Nowhere {3+}\r\nnew\r\n", "NO [TRYCREATE] No mailbox Nowhere"),
                ("c REPLACE 1 INBOX {1+}\r\na {1+}\r\nb\r\n", "BAD REPLACE takes one message"),
                ("c REPLACE 1 INBOX new\r\n", "BAD Expected the message as a literal at octet 18"),
            ] {
                try await client.send(command)
                #expect(try await client.responses(to: "c") == [answer], "\(command)")
            }
            try await client.run("EXAMINE INBOX")
            try await client.send("d REPLACE 1 INBOX {3}\r\n")
            #expect(try await client.responses(to: "d") == ["NO [READ-ONLY] The mailbox is open for reading only"])
            try await client.run("UNSELECT")
            try await client.send("e REPLACE 1 INBOX {3+}\r\nnew\r\n")
            #expect(try await client.responses(to: "e") == ["BAD REPLACE needs a selected mailbox"])
        }
    }

    @Test("A message takes the place of one in another user's account, where the rights to both mailboxes allow it")
    func replaced() async throws {
        try await Dialogue.ownerAndOther { alice, bob, store in
            try await bob.run("SELECT INBOX")
            try await alice.run("SETACL INBOX bob lr")
            // Without the right to put anything there, no leave is given, and what comes without leave is passed over.
            for literal in ["{3}\r\n", "{3+}\r\nnew\r\n"] {
                try await bob.send("a REPLACE 1 \(Self.shared) \(literal)")
                #expect(try await bob.responses(to: "a")[0].hasPrefix("NO [NOPERM]"))
            }
            try await alice.run("SETACL INBOX bob lrsi")
            try await bob.send("b REPLACE 1 \(Self.shared) (\\Flagged \\Seen) {3}\r\n")
            #expect(try await bob.receive() == "+ Ready for 3 octets")
            try await bob.send("new\r\n")
            #expect(
                try await bob.responses(to: "b") == [
                    "OK [APPENDUID 1001 2] Replacement", "1 EXPUNGE", "OK REPLACE completed",
                ]
            )
            #expect(store.account(of: AccountID(8)).state.withLock { $0.boxes[.inbox]?.messages.isEmpty } == true)
            try await alice.run("SELECT INBOX")
            try await alice.expect(
                "FETCH 2 (FLAGS RFC822.SIZE)",
                ["2 FETCH (FLAGS (\\Seen) RFC822.SIZE 3)", "OK FETCH completed"]
            )
            // From there into the user's own: the rights to what is replaced count, also while the message comes.
            try await bob.run("SELECT \(Self.shared)")
            try await bob.send("c UID REPLACE 2 INBOX {3}\r\n")
            #expect(try await bob.responses(to: "c")[0].hasPrefix("NO [NOPERM]"))
            try await alice.run("SETACL INBOX bob +te")
            try await bob.run("NOOP")
            try await bob.send("d UID REPLACE 2 INBOX {3}\r\n")
            #expect(try await bob.receive() == "+ Ready for 3 octets")
            try await alice.run("SETACL INBOX bob -e")
            try await bob.send("own\r\n")
            #expect(try await bob.responses(to: "d").last?.hasPrefix("NO [NOPERM]") == true)
            try await alice.run("SETACL INBOX bob +e")
            try await bob.send("e UID REPLACE 2 INBOX {3+}\r\nown\r\n")
            #expect(
                try await bob.responses(to: "e").suffix(3) == [
                    "OK [APPENDUID 1001 2] Replacement", "2 EXPUNGE", "OK UID REPLACE completed",
                ]
            )
            try await bob.expect("STATUS INBOX (MESSAGES)", ["STATUS INBOX (MESSAGES 1)", "OK STATUS completed"])
        }
    }

    @Test("What another session has expunged meanwhile is replaced by nothing")
    func replacedTooLate() async throws {
        try await Dialogue.ownerAndOther { alice, bob, store in
            try await alice.run("SETACL INBOX bob lrsite")
            try await bob.run("SELECT \(Self.shared)")
            try await bob.send("a REPLACE 1 INBOX {3}\r\n")
            #expect(try await bob.receive() == "+ Ready for 3 octets")
            try await alice.run("SELECT INBOX")
            try await alice.run("STORE 1 +FLAGS.SILENT (\\Deleted)")
            try await alice.run("EXPUNGE")
            try await bob.send("new\r\n")
            #expect(try await bob.responses(to: "a").last == "NO [NONEXISTENT] No such message")
            #expect(store.account(of: AccountID(8)).state.withLock { $0.boxes[.inbox]?.messages.count } == 1)
        }
    }
}
