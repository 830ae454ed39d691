// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

import IMAPServer
import Locking
import MailStore
import MailTypes
import Testing

@Suite("ACL (RFC 4314), LIST-MYRIGHTS (RFC 8440)", .timeLimit(.minutes(20)))
struct AccessTests {
    private static let shared = "\"Other Users/alice@example.test/INBOX\""

    private func two(
        _ sharing: FakeSharing = FakeSharing(),
        _ body: @escaping @Sendable (IMAPTestClient, IMAPTestClient, FakeStore) async throws -> Void
    ) async throws {
        try await Dialogue.ownerAndOther(sharing, body)
    }

    @Test("Rights are given, changed, told and taken back; the owner has all of them for good")
    func own() async throws {
        try await two { alice, _, _ in
            try await alice.talk(
                """
                C: a SETACL INBOX bob lrs
                S: a OK SETACL completed
                C: b SETACL INBOX staff@example.test +ld
                S: b OK SETACL completed
                C: c SETACL INBOX -bob s
                S: c OK SETACL completed
                C: d SETACL INBOX bob -s
                S: d OK SETACL completed
                C: e GETACL inbox
                S: * ACL INBOX alice@example.test lrswipkxteacd $staff@example.test lted -bob@example.test s bob@example.test lr
                S: e OK GETACL completed
                C: f DELETEACL INBOX -bob
                S: f OK DELETEACL completed
                C: g SETACL INBOX $staff@example.test ""
                S: g OK SETACL completed
                C: h GETACL INBOX
                S: * ACL INBOX alice@example.test lrswipkxteacd bob@example.test lr
                S: h OK GETACL completed
                C: i LISTRIGHTS INBOX bob
                S: * LISTRIGHTS INBOX bob "" l r s w i p k x t e a c d
                S: i OK LISTRIGHTS completed
                C: j LISTRIGHTS INBOX alice
                S: * LISTRIGHTS INBOX alice lrswipkxteacd
                S: j OK LISTRIGHTS completed
                C: k MYRIGHTS INBOX
                S: * MYRIGHTS INBOX lrswipkxteacd
                S: k OK MYRIGHTS completed
                C: l SETACL INBOX alice lr
                S: l NO [CANNOT] ...
                C: m DELETEACL INBOX -alice
                S: m NO [CANNOT] ...
                C: n SETACL INBOX nobody lr
                S: n NO [CANNOT] ...
                C: o SETACL INBOX - lr
                S: o BAD ...
                C: p SETACL INBOX bob lrQ
                S: p BAD ...
                C: q MYRIGHTS none
                S: q NO [NONEXISTENT] ...
                """
            )
        }
    }

    @Test("Without sharing, nothing of it is known")
    func without() async throws {
        try await Dialogue().loggedOn { client in
            for command in ["GETACL INBOX", "MYRIGHTS INBOX", "SETACL INBOX bob l", "LIST \"\" % RETURN (MYRIGHTS)"] {
                #expect(try await client.run(command)[0].hasPrefix("BAD"))
            }
            let capabilities = try await client.run("CAPABILITY")[0].split(separator: " ")
            #expect(!capabilities.contains("ACL") && !capabilities.contains("LIST-MYRIGHTS"))
        }
    }

    @Test("Another user's mailbox is listed with l alone, by its owner, and told with the rights")
    func list() async throws {
        try await two { alice, bob, _ in
            try await alice.run("SETACL INBOX bob lr")
            try await alice.run("SETACL Sent $staff@example.test r")
            try await alice.run("SETACL Trash anyone l")
            try await bob.expect(
                "NAMESPACE",
                ["NAMESPACE ((\"\" \"/\")) ((\"Other Users/\" \"/\")) NIL", "OK NAMESPACE completed"]
            )
            try await bob.expect(
                "LIST \"\" Other* RETURN (MYRIGHTS STATUS (MESSAGES))",
                [
                    "LIST (\\NonExistent \\HasChildren) \"/\" \"Other Users\"",
                    "LIST (\\NonExistent \\HasChildren) \"/\" \"Other Users/alice@example.test\"",
                    "LIST (\\HasNoChildren) \"/\" \(Self.shared)", "MYRIGHTS \(Self.shared) lr",
                    "STATUS \(Self.shared) (MESSAGES 1)",
                    "LIST (\\Noselect \\HasNoChildren) \"/\" \"Other Users/alice@example.test/Trash\"",
                    "MYRIGHTS \"Other Users/alice@example.test/Trash\" l", "OK LIST completed",
                ]
            )
            try await alice.run("DELETEACL INBOX bob")
            try await alice.run("DELETEACL Trash anyone")
            try await bob.expect("LIST \"\" Other*", ["OK LIST completed"])
            try await bob.expect(
                "LIST \"\" INBOX RETURN (MYRIGHTS)",
                [
                    "LIST (\\HasNoChildren) \"/\" INBOX", "MYRIGHTS INBOX lrswipkxteacd", "OK LIST completed",
                ]
            )
        }
    }

    @Test("What the user may not see is answered as what is not there")
    func hidden() async throws {
        try await two { alice, bob, _ in
            try await alice.run("SETACL INBOX bob lr")
            let commands = [
                "SELECT %", "STATUS % (MESSAGES)", "GETACL %", "MYRIGHTS %", "SETACL % bob lr", "DELETE %",
                "RENAME % x", "GETMETADATA % /shared/comment", "CREATE %/x", "LISTRIGHTS % bob",
            ]
            for command in commands {
                var answers: Set<String> = []
                for place in ["alice@example.test/Sent", "alice@example.test/None", "nobody@example.test/Sent"] {
                    let name = "\"Other Users/\(place)\""
                    let answer = try await bob.run(
                        command.replacing("%/x", with: "\"Other Users/\(place)/x\"").replacing("%", with: name)
                    )
                    answers.insert(answer.joined().replacing(place, with: "-"))
                }
                #expect(answers.count == 1 && answers.first?.hasPrefix("NO [NO") == true, "\(command): \(answers)")
            }
            #expect(try await bob.run("COPY 1 \(Self.shared)")[0].hasPrefix("BAD"))
            #expect(try await bob.run("GETACL \(Self.shared)")[0].hasPrefix("NO [NOPERM]"))
        }
    }

    @Test("Flags are changed as far as the rights go, and nothing more is done")
    func flags() async throws {
        try await two { alice, bob, store in
            try await alice.run("SETACL INBOX bob lrs")
            let selected = try await bob.run("SELECT \(Self.shared)")
            #expect(selected.contains("OK [PERMANENTFLAGS (\\Seen)] Flags that are kept"))
            #expect(selected.last == "OK [READ-WRITE] SELECT completed")
            try await bob.expect(
                "STORE 1 +FLAGS (\\Seen \\Flagged)",
                ["1 FETCH (FLAGS (\\Seen))", "OK STORE completed"]
            )
            for command in ["STORE 1 +FLAGS (\\Deleted)", "EXPUNGE", "MOVE 1 INBOX"] {
                #expect(try await bob.run(command)[0].hasPrefix("NO [NOPERM]"), "\(command)")
            }
            // With some rights to flags, a list of them leaves the others alone.
            try await alice.run("SETACL INBOX bob lrt")
            store.account.deliver("Subject: second\r\n\r\nx\r\n", flags: FlagSet(system: [.flagged, .deleted]))
            let news = try await bob.run("NOOP")
            #expect(news.contains("OK [PERMANENTFLAGS (\\Deleted)] Flags that are kept"))
            try await bob.expect("STORE 2 FLAGS ()", ["2 FETCH (FLAGS (\\Flagged))", "OK STORE completed"])
            try await bob.expect(
                "STORE 2 FLAGS (\\Deleted \\Seen)",
                [
                    "2 FETCH (FLAGS (\\Flagged \\Deleted))", "OK STORE completed",
                ]
            )
            // What is read stays unseen without s, and CLOSE expunges nothing without e.
            #expect(try await bob.run("FETCH 2 BODY[]").count == 2)
            try await bob.expect("CLOSE", ["OK CLOSE completed"])
            #expect(try await alice.run("STATUS INBOX (MESSAGES DELETED)")[0] == "STATUS INBOX (MESSAGES 2 DELETED 1)")
        }
    }

    @Test("A list of flags is one change, whatever of it the rights leave: one mod-sequence, told once")
    func oneChange() async throws {
        try await two { alice, bob, store in
            try await alice.run("SETACL INBOX bob lrt")
            store.account.deliver("Subject: second\r\n\r\nx\r\n", flags: FlagSet(system: [.seen, .flagged, .deleted]))
            try await alice.run("ENABLE CONDSTORE")
            try await alice.run("SELECT INBOX")
            try await bob.run("SELECT \(Self.shared) (CONDSTORE)")
            let before = store.account.state.withLock { $0.modSeq }
            try await bob.expect(
                "STORE 1:2 FLAGS (\\Deleted \\Answered $Work)",
                [
                    "1 FETCH (FLAGS (\\Deleted) MODSEQ (\(before + 1)))",
                    "2 FETCH (FLAGS (\\Flagged \\Deleted \\Seen) MODSEQ (\(before + 1)))", "OK STORE completed",
                ]
            )
            #expect(store.account.state.withLock { $0.modSeq } == before + 1)
            #expect(try await alice.run("NOOP").count { $0.contains("FETCH") } == 2)
            // What a client cannot work out by itself is told in spite of its silence.
            try await bob.expect(
                "STORE 2 FLAGS.SILENT (\\Answered)",
                ["2 FETCH (FLAGS (\\Flagged \\Seen) MODSEQ (\(before + 2)))", "OK STORE completed"]
            )
            let seen = try await alice.run("NOOP")
            #expect(seen.filter { $0.contains("FETCH") }.count == 1, "\(seen)")
        }
    }

    @Test("Rights that are taken back count from the next command on")
    func takenBack() async throws {
        try await two { alice, bob, _ in
            try await alice.run("SETACL INBOX bob lrswite")
            try await bob.run("SELECT \(Self.shared)")
            try await bob.expect("FETCH 1 (UID)", ["1 FETCH (UID 1)", "OK FETCH completed"])
            try await alice.run("SETACL INBOX bob -r")
            for command in ["FETCH 1 (UID)", "STORE 1 +FLAGS (\\Seen)", "SEARCH ALL", "EXPUNGE"] {
                #expect(try await bob.run(command)[0].hasPrefix("NO [NOPERM]"), "\(command)")
            }
            try await bob.expect("CLOSE", ["OK CLOSE completed"])
            #expect(try await bob.run("SELECT \(Self.shared)")[0].hasPrefix("NO [NOPERM]"))
        }
    }

    @Test("Who may not read a mailbox any more does not search it either, by whatever name")
    func searchedBlindly() async throws {
        try await two { alice, bob, _ in
            try await alice.run("SETACL INBOX bob lr")
            try await bob.run("SELECT \(Self.shared)")
            let sources = ["mailboxes \(Self.shared)", "subtree \"Other Users\"", "mailboxes (INBOX \(Self.shared))"]
            for source in sources {
                let found = try await bob.run("ESEARCH IN (\(source)) RETURN (COUNT) SUBJECT hers")
                #expect(found.contains { $0.contains("COUNT 1") }, "\(found)")
            }
            try await alice.run("SETACL INBOX bob l")
            for source in sources {
                let found = try await bob.run("ESEARCH IN (\(source)) RETURN (COUNT) SUBJECT hers")
                #expect(!found.contains { $0.contains("COUNT 1") }, "\(found)")
            }
        }
    }

    @Test("While the directory cannot be asked, what is the user's own goes on, and what was done is said to be done")
    func directoryDown() async throws {
        let sharing = FakeSharing()
        try await two(sharing) { alice, bob, store in
            try await alice.run("SETACL INBOX staff@example.test lrsi")
            try await bob.run("SELECT \(Self.shared)")
            // Between the leave to send and the octets.
            try await bob.send("a APPEND INBOX {3}\r\n")
            #expect(try await bob.receive() == "+ Ready for 3 octets")
            sharing.isDown.withLock { $0 = true }
            store.account.deliver("Subject: news\r\n\r\nx\r\n")
            try await bob.send("y\r\n\r\n")
            #expect(try await bob.responses(to: "a") == ["OK [APPENDUID 1001 2] APPEND completed"])
            for command in [
                "NOOP", "CAPABILITY", "LIST \"\" *", "STATUS INBOX (MESSAGES)", "ESEARCH IN (personal) ALL",
            ] {
                #expect(try await bob.run(command).last?.hasPrefix("OK") == true, "\(command)")
            }
            #expect(try await bob.run("FETCH 1 (FLAGS)")[0].hasPrefix("NO"))
            sharing.isDown.withLock { $0 = false }
            #expect(try await bob.run("FETCH 1 (FLAGS)").last == "OK FETCH completed")
            sharing.isDown.withLock { $0 = true }
            #expect(try await bob.run("LOGOUT").last?.hasPrefix("OK") == true)
        }
    }

    @Test("Who shares nothing with a user is not looked at, and what is in the way of RENAME is not named")
    func untold() async throws {
        try await two { alice, bob, _ in
            try await alice.run("CREATE a/Secret")
            try await alice.run("CREATE b/Secret")
            #expect(try await bob.run("STATUS \(Self.shared) (MESSAGES)")[0].hasPrefix("NO [NONEXISTENT]"))
            for name in ["a", "b"] { try await alice.run("SETACL \(name) bob lkx") }
            let root = "Other Users/alice@example.test"
            for target in ["b", "a/" + String(repeating: "x", count: 930)] {
                let refused = try await bob.run("RENAME \"\(root)/a\" \"\(root)/\(target)\"")
                #expect(refused[0].hasPrefix("NO") && !refused[0].contains("Secret"), "\(refused)")
            }
        }
    }

    @Test("Messages are copied, moved and appended into another's mailbox, with the flags that may be set there")
    func carried() async throws {
        try await two { alice, bob, store in
            try await alice.run("SETACL INBOX bob lirs")
            try await bob.run("SELECT INBOX")
            try await bob.expect("COPY 1 \(Self.shared)", ["OK [COPYUID 1001 1 2] COPY completed"])
            try await bob.send("a APPEND \(Self.shared) (\\Flagged \\Seen) {1+}\r\nz\r\n")
            #expect(try await bob.responses(to: "a") == ["OK [APPENDUID 1001 3] APPEND completed"])
            try await bob.expect(
                "MOVE 1 \(Self.shared)",
                ["OK [COPYUID 1001 1 4] Moved", "1 EXPUNGE", "OK MOVE completed"]
            )
            store.account(of: AccountID(8)).deliver("Subject: more\r\n\r\ny\r\n")
            try await bob.run("NOOP")
            #expect(
                try await bob.run("COPY 1 \"Other Users/alice@example.test/Sent\"")[0].hasPrefix("NO [TRYCREATE]")
            )
            try await alice.run("SELECT INBOX")
            try await alice.expect(
                "FETCH 2:4 (FLAGS RFC822.SIZE)",
                [
                    "2 FETCH (FLAGS (\\Seen) RFC822.SIZE 19)", "3 FETCH (FLAGS (\\Seen) RFC822.SIZE 1)",
                    "4 FETCH (FLAGS (\\Seen) RFC822.SIZE 19)", "OK FETCH completed",
                ]
            )
        }
    }

    @Test("Mailboxes are made, renamed and deleted where the rights allow it")
    func hierarchy() async throws {
        try await two { alice, bob, store in
            let root = "Other Users/alice@example.test"
            try await alice.run("SETACL Sent bob lrkx")
            #expect(try await bob.run("CREATE \"\(root)/Sent/a\"")[0].hasPrefix("OK [MAILBOXID"))
            #expect(try await bob.run("CREATE \"\(root)/Trash/a\"")[0].hasPrefix("NO [NOPERM]"))
            #expect(try await bob.run("CREATE \"\(root)/new\"")[0].hasPrefix("NO [NOPERM]"))
            #expect(try await bob.run("CREATE \"Other Users/x\"")[0].hasPrefix("NO [NOPERM]"))
            try await alice.run("SETACL Sent/a bob lrkx")
            try await bob.expect("RENAME \"\(root)/Sent/a\" \"\(root)/Sent/b\"", ["OK RENAME completed"])
            #expect(try await bob.run("RENAME \"\(root)/Sent/b\" mine")[0].hasPrefix("NO [CANNOT]"))
            #expect(try await bob.run("RENAME Trash \"\(root)/Sent/mine\"")[0].hasPrefix("NO [CANNOT]"))
            try await bob.expect("DELETE \"\(root)/Sent/b\"", ["OK DELETE completed"])
            #expect(!store.account.state.withLock { $0.boxes.keys.contains { $0.text.hasPrefix("Sent/") } })
        }
    }

    @Test("A mailbox that is deleted leaves nobody behind who is thought to have rights")
    func forgotten() async throws {
        let sharing = FakeSharing()
        try await two(sharing) { alice, bob, _ in
            try await alice.run("CREATE x")
            try await alice.run("CREATE y")
            for command in ["SETACL x bob l", "SETACL y bob l", "SETACL y anyone l"] { try await alice.run(command) }
            #expect(sharing.notes.withLock { $0[AccountID(7)] } == ["anyone", "bob@example.test"])
            try await alice.expect("DELETE y", ["OK DELETE completed"])
            #expect(sharing.notes.withLock { $0[AccountID(7)] } == ["bob@example.test"])
            #expect(try await bob.run("LIST \"\" Other*").count == 4)
            try await alice.expect("DELETE x", ["OK DELETE completed"])
            #expect(try await bob.run("LIST \"\" Other*") == ["OK LIST completed"])
            #expect(sharing.notes.withLock { $0[AccountID(7)] } == [])
        }
    }

    @Test("Annotations that are private stay the owner's; quota and SEARCH of several mailboxes know others'")
    func others() async throws {
        try await two { alice, bob, _ in
            try await alice.run("SETACL INBOX bob lrw")
            try await alice.run("SETMETADATA INBOX (/private/comment \"mine\" /shared/comment \"ours\")")
            try await bob.expect(
                "GETMETADATA \(Self.shared) (/private/comment /shared/comment)",
                [
                    "METADATA \(Self.shared) (/private/comment NIL /shared/comment \"ours\")",
                    "OK GETMETADATA completed",
                ]
            )
            let refused = try await bob.run("SETMETADATA \(Self.shared) (/private/comment \"x\")")
            #expect(refused[0].hasPrefix("NO [METADATA NOPRIVATE]"))
            try await bob.expect("SETMETADATA \(Self.shared) (/shared/comment NIL)", ["OK SETMETADATA completed"])
            try await bob.expect(
                "GETQUOTAROOT \(Self.shared)",
                ["QUOTAROOT \(Self.shared)", "OK GETQUOTAROOT completed"]
            )
            let found = try await bob.run("ESEARCH IN (mailboxes (INBOX \(Self.shared)) personal) ALL")
            #expect(found.count == 3 && found.contains { $0.contains("MAILBOX \(Self.shared) UIDVALIDITY 1001") })
        }
    }

    @Test("What happens in another's mailbox is told, and waits for nobody with IDLE")
    func told() async throws {
        try await two { alice, bob, store in
            try await alice.run("SETACL INBOX bob lr")
            try await bob.run("EXAMINE \(Self.shared)")
            try await bob.send("a IDLE\r\n")
            #expect(try await bob.receive() == "+ idling")
            store.account.deliver("Subject: new\r\n\r\nx\r\n")
            #expect(try await bob.receive() == "* 2 EXISTS")
            try await bob.send("DONE\r\n")
            #expect(try await bob.responses(to: "a") == ["OK IDLE completed"])
        }
    }
}
