// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

import IMAPServer
import IMAPWire
import Locking
import MailStore
import MailTypes
import Testing

@Suite("NOTIFY (RFC 5465)", .timeLimit(.minutes(20)))
struct NotifyTests {
    @Test("SELECTED: all is told at once, with what was asked for of new messages")
    func immediate() async throws {
        try await Dialogue.two { a, b, account in
            try await b.expect(
                "NOTIFY SET (SELECTED (MessageNew (UID FLAGS BODY.PEEK[HEADER.FIELDS (Subject)]) MessageExpunge FlagChange))",
                ["OK NOTIFY completed"]
            )
            account.deliver("Subject: six\r\n\r\nx")
            #expect(try await b.receive() == "* 6 EXISTS")
            let header = "Subject: six\r\n\r\n"
            #expect(
                try await b.receive()
                    == "* 6 FETCH (UID 6 FLAGS () BODY[HEADER.FIELDS (Subject)] {\(header.utf8.count)}\r\n\(header))"
            )
            try await a.run("STORE 2 +FLAGS (\\Deleted)")
            #expect(try await b.receive() == "* 2 FETCH (UID 2 FLAGS (\\Deleted))")
            try await a.run("EXPUNGE")
            #expect(try await b.receive() == "* 2 EXPUNGE")
            // What the client brings itself is told as ever, and not with what was asked for of others.
            try await b.expect(
                "APPEND INBOX {1+}\r\nx",
                ["6 EXISTS", "OK [APPENDUID 1001 7] APPEND completed"]
            )
            try await b.expect("UID COPY 7 INBOX", ["7 EXISTS", "OK [COPYUID 1001 7 8] UID COPY completed"])
        }
    }

    @Test("In the middle of a line, and of IDLE")
    func anywhere() async throws {
        try await Dialogue.two { a, b, account in
            try await b.run("NOTIFY SET (SELECTED (MessageNew MessageExpunge))")
            try await b.send("x NO")
            account.deliver("x")
            #expect(try await b.receive() == "* 6 EXISTS")
            try await b.send("OP\r\ny IDLE\r\n")
            #expect(try await b.receive() == "x OK NOOP completed")
            #expect(try await b.receive() == "+ idling")
            try await a.run("STORE 1 +FLAGS (\\Deleted)")
            try await a.run("EXPUNGE")
            // FlagChange was not asked for.
            #expect(try await b.receive() == "* 1 EXPUNGE")
            try await b.send("DONE\r\n")
            #expect(try await b.receive() == "y OK IDLE completed")
        }
    }

    @Test("SELECTED-DELAYED: numbers stand still until a command lets them move")
    func delayed() async throws {
        try await Dialogue.two { a, b, account in
            try await b.run("NOTIFY SET (SELECTED-DELAYED (MessageNew (UID) MessageExpunge FlagChange))")
            try await a.run("STORE 1,3 +FLAGS.SILENT (\\Deleted)")
            try await a.run("EXPUNGE")
            account.deliver("x")
            var told: [String] = []
            while told.last != "* 6 FETCH (UID 6)" { told.append(try await b.receive()) }
            #expect(told.contains("* 6 EXISTS") && !told.contains { $0.hasSuffix("EXPUNGE") })
            try await b.expect("FETCH 4 (UID)", ["4 FETCH (UID 4)", "OK FETCH completed"])
            try await b.expect("NOOP", ["1 EXPUNGE", "2 EXPUNGE", "OK NOOP completed"])
        }
    }

    @Test("NONE: the mailbox stays as it is known, but for what the client does itself")
    func none() async throws {
        try await Dialogue.two { a, b, account in
            for (command, told) in [
                ("NOTIFY NONE", []),
                ("NOTIFY SET (SELECTED NONE)", ["6 EXISTS", "5 FETCH (UID 5 FLAGS (\\Flagged))"]),
                ("NOTIFY SET (MAILBOXES Sent (MailboxName))", ["7 EXISTS"]),
            ] {
                // SET tells what has happened before it.
                try await b.expect(command, told + ["OK NOTIFY completed"])
                account.deliver("x")
                try await a.run("STORE 5 +FLAGS (\\Flagged)")
                try await b.expect("NOOP", ["OK NOOP completed"])
            }
            try await b.expect("STORE 1 +FLAGS (\\Deleted)", ["1 FETCH (FLAGS (\\Deleted))", "OK STORE completed"])
            try await b.expect("EXPUNGE", ["1 EXPUNGE", "OK EXPUNGE completed"])
            try await b.expect(
                "UID MOVE 2 Sent",
                ["OK [COPYUID 1002 2 1] Moved", "1 EXPUNGE", "OK UID MOVE completed"]
            )
            let answer = try await b.run("NOTIFY SET (SELECTED (MessageNew MessageExpunge FlagChange))")
            #expect(answer == ["6 EXISTS", "OK NOTIFY completed"])
        }
    }

    @Test("A mod-sequence behind changes of flags that were not told is not told")
    func leftOutFlags() async throws {
        try await Dialogue.two { a, b, _ in
            try await b.run("ENABLE QRESYNC")
            try await b.run("SELECT INBOX")
            try await b.run("NOTIFY SET (SELECTED (MessageNew MessageExpunge))")
            try await a.run("STORE 1 +FLAGS (\\Flagged)")
            try await a.run("STORE 2 +FLAGS (\\Deleted)")
            try await a.run("EXPUNGE")
            let answers = try await b.run("NOOP")
            #expect(answers.contains { $0.hasPrefix("VANISHED ") })
            #expect(!answers.contains { $0.contains("HIGHESTMODSEQ") || $0.contains("FETCH") })
        }
    }

    @Test("Counts of other mailboxes: first, and whenever they change")
    func counts() async throws {
        try await Dialogue.two { a, b, account in
            let first = try await b.run(
                "NOTIFY SET STATUS (PERSONAL (MessageNew MessageExpunge FlagChange)) (SUBTREE No NONE)"
            )
            #expect(
                first == [
                    "STATUS Sent (MESSAGES 0 UIDNEXT 1 UIDVALIDITY 1002 HIGHESTMODSEQ 1)",
                    "STATUS Trash (MESSAGES 0 UIDNEXT 1 UIDVALIDITY 1003 HIGHESTMODSEQ 1)", "OK NOTIFY completed",
                ]
            )
            account.deliver("x", to: "Sent", flags: FlagSet(system: .seen))
            #expect(try await b.receive() == "* STATUS Sent (MESSAGES 1 UIDNEXT 2 UIDVALIDITY 1002)")
            try await a.run("SELECT Sent")
            try await a.run("STORE 1 -FLAGS (\\Seen)")
            #expect(try await b.receive() == "* STATUS Sent (UNSEEN 1 UIDVALIDITY 1002)")
            // Of the selected mailbox nothing was asked for.
            account.deliver("x")
            // Without mod-sequences there is nothing to be told of other flags.
            try await a.run("STORE 1 +FLAGS (\\Deleted)")
            try await a.run("EXPUNGE")
            #expect(try await b.receive() == "* STATUS Sent (MESSAGES 0 UIDNEXT 2 UNSEEN 0 UIDVALIDITY 1002)")
            try await b.run("ENABLE CONDSTORE")
            account.deliver("x", to: "Trash", flags: FlagSet(system: .seen))
            let news = try await b.receive()
            #expect(news.hasPrefix("* STATUS Trash (MESSAGES 1 UIDNEXT 2 HIGHESTMODSEQ "))
            try await a.run("SELECT Trash")
            try await a.run("STORE 1 +FLAGS (\\Flagged)")
            let flags = try await b.receive()
            #expect(flags.hasPrefix("* STATUS Trash (HIGHESTMODSEQ ") && flags.hasSuffix(" UIDVALIDITY 1003)"))
            // What the client does itself is no news.
            try await b.run("APPEND Sent {1+}\r\nx")
            try await b.run("UID COPY 1 Trash")
            account.deliver("x", to: "Trash")
            #expect(try await b.receive().hasPrefix("* STATUS Trash (MESSAGES 3 UIDNEXT 4 "))
        }
    }

    @Test("Names, subscriptions and annotations")
    func names() async throws {
        try await Dialogue.two { a, b, _ in
            let events = "MailboxName SubscriptionChange MailboxMetadataChange ServerMetadataChange"
            try await b.expect("NOTIFY SET (PERSONAL (\(events)))", ["OK NOTIFY completed"])
            try await b.run("CREATE Mine/Own")
            try await b.run("SUBSCRIBE Mine")
            try await b.run("SETMETADATA Mine (/private/comment \"x\")")
            try await b.run("RENAME Mine Ours")
            try await b.run("DELETE Ours/Own")
            for (command, told) in [
                ("CREATE New/Sub", ["LIST (\\HasChildren) \"/\" New", "LIST (\\HasNoChildren) \"/\" New/Sub"]),
                ("RENAME New Old", ["LIST (\\HasChildren) \"/\" Old (\"OLDNAME\" (New))"]),
                ("SUBSCRIBE Old", ["LIST (\\HasChildren \\Subscribed) \"/\" Old"]),
                (
                    "SETMETADATA Old (/private/comment \"x\" /shared/a \"y\")",
                    ["METADATA Old /private/comment /shared/a"]
                ),
                ("SETMETADATA Old (/private/comment NIL /shared/a \"y\")", ["METADATA Old /private/comment"]),
                ("SETMETADATA \"\" (/private/vendor/v/x \"y\")", ["METADATA \"\" /private/vendor/v/x"]),
                (
                    "DELETE Old/Sub",
                    [
                        "LIST (\\HasNoChildren \\Subscribed) \"/\" Old",
                        "LIST (\\NonExistent \\HasNoChildren) \"/\" Old/Sub",
                    ]
                ),
                ("UNSUBSCRIBE Old", ["LIST (\\HasNoChildren) \"/\" Old"]),
                ("UNSUBSCRIBE Mine", ["LIST (\\NonExistent \\HasNoChildren) \"/\" Mine"]),
            ] {
                #expect(try await a.run(command).last?.hasPrefix("OK") == true)
                for line in told { #expect(try await b.receive() == "* \(line)") }
            }
        }
    }

    @Test(
        "Mailboxes by what they are, and only those",
        arguments: [
            ("INBOXES", []), ("SUBSCRIBED", ["x/y"]), ("SUBTREE x/y", ["x/y", "x/y/z"]),
            ("MAILBOXES (x none)", ["x"]), ("SUBTREE-ONE x", ["x", "x/y"]), ("SUBTREE (none xx)", ["xx"]),
            ("MAILBOXES \"*\"", []),
        ]
    )
    func scopes(filter: String, told: [String]) async throws {
        try await Dialogue.two { a, b, _ in
            let names = ["x", "x/y", "x/y/z", "xx", "zz"]
            for name in names { try await a.run("CREATE \(name)") }
            try await a.run("SUBSCRIBE x/y")
            // What comes last says that nothing else comes.
            let groups = "(\(filter) (MailboxMetadataChange)) (MAILBOXES zz (MailboxMetadataChange))"
            try await b.expect("NOTIFY SET \(groups)", ["OK NOTIFY completed"])
            for name in names { try await a.run("SETMETADATA \(name) (/private/comment \"x\")") }
            var found: [String] = []
            while found.last != "zz" {
                let line = try await b.receive()
                found.append(String(line.split(separator: " ")[2]))
            }
            #expect(found == told + ["zz"])
        }
    }

    @Test(
        "What cannot be asked for",
        arguments: [
            ("NOTIFY SET (PERSONAL (MessageNew))", "BAD"), ("NOTIFY SET (PERSONAL (MessageExpunge))", "BAD"),
            ("NOTIFY SET (PERSONAL (FlagChange))", "BAD"), ("NOTIFY SET (SELECTED (MailboxName))", "BAD"),
            ("NOTIFY SET (SELECTED NONE) (SELECTED-DELAYED NONE)", "BAD"),
            ("NOTIFY SET (PERSONAL (MessageNew (UID) MessageExpunge))", "BAD"), ("NOTIFY SET", "BAD"),
            (
                "NOTIFY SET (SELECTED (AnnotationChange))",
                "NO [BADEVENT (MessageNew MessageExpunge FlagChange MailboxName SubscriptionChange MailboxMetadataChange "
                    + "ServerMetadataChange)] No such event: ANNOTATIONCHANGE"
            ),
        ]
    )
    func refused(command: String, answer: String) async throws {
        try await Dialogue().loggedOn { client in
            let responses = try await client.run(command)
            #expect(responses.count == 1 && responses[0].hasPrefix(answer), "\(responses)")
        }
    }

    @Test("Where there are too many mailboxes, nothing is told, and that is")
    func overflow() async throws {
        try await Dialogue.two { _, b, account in
            try await b.run("NOTIFY SET (PERSONAL (MailboxName))")
            account.state.withLock { state in
                for number in 0..<2_000 {
                    if let name = MailboxName("many \(number)") { _ = state.make(name) }
                }
            }
            account.deliver("x")
            #expect(try await b.receive().hasPrefix("* OK [NOTIFICATIONOVERFLOW] "))
            try await b.expect("NOOP", ["OK NOOP completed"])
            let answer = try await b.run("NOTIFY SET (PERSONAL (MailboxName))")
            #expect(answer.last?.hasPrefix("NO [NOTIFICATIONOVERFLOW] ") == true)
            #expect(try await b.run("NOTIFY SET (SELECTED (MessageNew MessageExpunge))").last == "OK NOTIFY completed")
        }
    }

    @Test("Who only listens knows all that there is", arguments: 0..<4)
    func listening(seed: Int) async throws {
        try await Dialogue.two(3) { a, b, account in
            var known = Listener()
            known.take(try await b.run("UID FETCH 1:* (FLAGS)"))
            let events =
                "(SELECTED (MessageNew (UID FLAGS) MessageExpunge FlagChange)) (MAILBOXES Sent (MessageNew MessageExpunge))"
            try await b.expect("NOTIFY SET \(events)", ["OK NOTIFY completed"])
            var dice = UInt64(seed) &* 7919 &+ 1
            for round in 0..<120 {
                dice = dice &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
                let number = Int(dice >> 33)
                let flag = ["\\Seen", "\\Flagged", "$Work", "\\Deleted"][number / 8 % 4]
                switch number % 8 {
                case 0, 1: account.deliver("Subject: \(round)\r\n\r\nx")
                case 2: account.deliver("x", to: "Sent")
                case 3: try await a.run("EXPUNGE")
                case 4: try await a.run("UID COPY 1:3 Sent")
                case 5: try await a.run("UID MOVE \(number / 64 % 9 + 1) Sent")
                default:
                    try await a.run("UID STORE \(number / 64 % 9 + 1):* \(number % 2 == 0 ? "+" : "-")FLAGS (\(flag))")
                }
            }
            account.deliver("x", to: "Sent")
            let count = try await account.status(of: try #require(MailboxName("Sent"))).messages
            account.deliver("last")
            let last = try await account.status(of: .inbox).uidNext.rawValue - 1
            while !known.messages.contains(where: { $0.uid == last }) || known.counts["Sent"] != count {
                known.take([try await b.receive()])
            }
            var real = Listener()
            real.take(try await a.run("NOOP"))
            real.messages = []
            real.take(try await a.run("UID FETCH 1:* (FLAGS)"))
            #expect(known.messages == real.messages)
        }
    }

    @Test("Searches that are kept up to date bring what is asked for of new messages (RFC 5465 §7)")
    func contexts() async throws {
        try await Dialogue.two { a, b, account in
            try await b.send("u SEARCH RETURN (COUNT UPDATE (UID FLAGS)) UNSEEN\r\n")
            #expect(try await b.responses(to: "u")[0] == "ESEARCH (TAG \"u\") COUNT 5")
            account.deliver("x")
            account.deliver("x", flags: FlagSet(system: .seen))
            try await b.expect(
                "NOOP",
                ["7 EXISTS", "6 FETCH (UID 6 FLAGS ())", "ESEARCH (TAG \"u\") ADDTO (0 6)", "OK NOOP completed"]
            )
            try await b.run("NOTIFY SET (SELECTED (MessageNew (UID RFC822.SIZE) MessageExpunge))")
            account.deliver("x")
            for line in [
                "8 EXISTS", "8 FETCH (UID 8 FLAGS () RFC822.SIZE 1)", "ESEARCH (TAG \"u\") ADDTO (0 8)",
            ] { #expect(try await b.receive() == "* \(line)") }
            account.deliver("x", flags: FlagSet(system: .seen))
            for line in ["9 EXISTS", "9 FETCH (UID 9 RFC822.SIZE 1)"] { #expect(try await b.receive() == "* \(line)") }
            // Messages that come to the result since they have other flags are not new.
            try await a.run("NOOP")
            try await a.run("STORE 7 -FLAGS (\\Seen)")
            #expect(try await b.receive() == "* ESEARCH (TAG \"u\") ADDTO (0 7)")
        }
    }
}

/// What a client knows that takes what it is told and asks for nothing.
private struct Listener {
    struct Message: Hashable {
        var uid: UInt32?
        var flags: Set<String> = []
    }

    var messages: [Message] = []
    var counts: [String: Int] = [:]

    mutating func take(_ responses: [String]) {
        for response in responses {
            let text = response.hasPrefix("* ") ? response : "* " + response
            guard let parsed = try? ResponseParser.parse(Array(text.utf8)) else { continue }
            take(parsed)
        }
    }

    private mutating func take(_ response: Response) {
        switch response {
        case .exists(let count): while messages.count < count { messages.append(Message()) }
        case .expunge(let number):
            #expect(number.rawValue <= messages.count)
            if messages.indices.contains(Int(number.rawValue) - 1) { messages.remove(at: Int(number.rawValue) - 1) }
        case .fetch(let number, let values):
            let index = Int(number.rawValue) - 1
            while messages.count <= index { messages.append(Message()) }
            for value in values {
                switch value {
                case .uid(let uid): messages[index].uid = uid.rawValue
                case .flags(let flags): messages[index].flags = Set(flags)
                default: break
                }
            }
        case .status(let mailbox, let values):
            for value in values where value.item == .messages {
                if case .number(let count) = value.value { counts[mailbox] = Int(count) }
            }
        default: break
        }
    }
}
