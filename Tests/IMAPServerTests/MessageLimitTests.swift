// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

import IMAPServer
import Locking
import MailTypes
import Testing

@Suite("MESSAGELIMIT and SAVELIMIT (RFC 9738)", .timeLimit(.minutes(20)))
struct MessageLimitTests {
    private static let more = "There are more messages than one command handles"

    /// A client with INBOX selected that has the UIDs 2 to 8, of which 3 and 6 are flagged; three messages are what one
    /// command handles.
    private func limited(
        _ scope: MessageLimit.Scope = .all,
        _ body: @escaping @Sendable (IMAPTestClient, FakeAccount) async throws -> Void
    ) async throws {
        var dialogue = Dialogue()
        dialogue.configuration.messageLimit = MessageLimit(count: 3, scope: scope)
        let account = dialogue.account
        for number in 1...8 {
            let flags: SystemFlags = number == 1 ? .deleted : number % 3 == 0 ? .flagged : []
            account.deliver("Subject: \(number)\r\n\r\nbody\r\n", flags: FlagSet(system: flags))
        }
        try await dialogue.loggedOn { client in
            try await client.run("SELECT INBOX")
            try await client.run("EXPUNGE")
            try await body(client, account)
        }
    }

    @Test("It is announced with its number, and for nothing when there is none")
    func announced() async throws {
        try await limited { client, _ in
            let words = try await client.run("CAPABILITY")[0].split(separator: " ")
            #expect(words.contains("MESSAGELIMIT=3"))
        }
        try await limited(.save) { client, _ in
            let words = try await client.run("CAPABILITY")[0].split(separator: " ")
            #expect(words.contains("SAVELIMIT=3") && !words.contains { $0.hasPrefix("MESSAGELIMIT") })
        }
        try await Dialogue().loggedOn { client in
            let capabilities = try await client.run("CAPABILITY")[0]
            #expect(!capabilities.contains("MESSAGELIMIT") && !capabilities.contains("SAVELIMIT"))
        }
        #expect(MessageLimit(count: 0) == nil)
    }

    @Test("FETCH answers the last messages from the greatest UID down, and goes on below it when asked again")
    func fetched() async throws {
        try await limited { client, _ in
            for item in ["UID", "BODY.PEEK[HEADER]<0.1>"] {
                let answers = try await client.run("UID FETCH 1:* (\(item))")
                #expect(answers.count == 4)
                for (answer, number) in zip(answers, [7, 6, 5]) {
                    #expect(answer.hasPrefix("\(number) FETCH (UID \(number + 1)"), "\(answer)")
                }
                #expect(answers.last == "OK [MESSAGELIMIT 3 6] \(Self.more)")
            }
            try await client.expect(
                "UID FETCH 1:5 (FLAGS)",
                [
                    "4 FETCH (UID 5 FLAGS ())", "3 FETCH (UID 4 FLAGS ())", "2 FETCH (UID 3 FLAGS (\\Flagged))",
                    "OK [MESSAGELIMIT 3 3] \(Self.more)",
                ]
            )
            try await client.expect("UID FETCH 1:2 (UID)", ["1 FETCH (UID 2)", "OK UID FETCH completed"])
            // As many as the limit are no more than it, and in the order of the mailbox.
            try await client.expect(
                "FETCH 5:7 (UID)",
                ["5 FETCH (UID 6)", "6 FETCH (UID 7)", "7 FETCH (UID 8)", "OK FETCH completed"]
            )
            // What is read is marked, whatever its order.
            try await client.run("FETCH 1:* BODY[]")
            try await client.expect("SEARCH SEEN 5:7", ["SEARCH 5 6 7", "OK SEARCH completed"])
        }
    }

    @Test("A page that is larger than the limit is refused as a whole, a smaller one is answered")
    func pages() async throws {
        try await limited { client, _ in
            for page in ["-1:-4", "1:4", "4294967295:1"] {
                let answers = try await client.run("UID FETCH 1:* (UID) (PARTIAL \(page))")
                #expect(answers == ["NO [MESSAGELIMIT 3] At most 3 messages in one command"])
            }
            try await client.expect(
                "UID FETCH 1:* (UID) (PARTIAL -1:-2)",
                ["6 FETCH (UID 7)", "7 FETCH (UID 8)", "OK UID FETCH completed"]
            )
        }
    }

    @Test("What counts for SEARCH is what is looked at, not what matches")
    func searched() async throws {
        try await limited { client, _ in
            try await client.expect("UID SEARCH FLAGGED", ["SEARCH 6", "OK [MESSAGELIMIT 3 6] \(Self.more)"])
            try await client.expect(
                "UID SEARCH UID 1:5 FLAGGED",
                ["SEARCH 3", "OK [MESSAGELIMIT 3 3] \(Self.more)"]
            )
            for key in [
                "UID 3:5 FLAGGED", "2:4 FLAGGED", "UIDAFTER 2 FLAGGED UIDBEFORE 6", "(UID 1:4 (UIDAFTER 1)) FLAGGED",
                "UID 3 UNDELETED",
            ] {
                try await client.expect("UID SEARCH \(key)", ["SEARCH 3", "OK UID SEARCH completed"])
            }
            for key in ["OR UID 3 UID 6", "OR UID 6 UID 3:4 FLAGGED", "OR (UID 3) OR UID 3 UID 6"] {
                try await client.expect("UID SEARCH \(key)", ["SEARCH 3 6", "OK UID SEARCH completed"])
            }
            for key in ["UIDAFTER 8", "UIDBEFORE 2", "UIDAFTER 4294967295", "UID 1:3 UIDAFTER 3"] {
                try await client.expect("SEARCH \(key)", ["SEARCH", "OK SEARCH completed"])
            }
            let counted = try await client.run("SEARCH RETURN (COUNT MIN) SUBJECT 8")
            #expect(counted[0].hasSuffix("MIN 7 COUNT 1"))
            #expect(counted[1] == "OK [MESSAGELIMIT 3 6] \(Self.more)")
        }
    }

    @Test("What is saved is what was looked at, and a search that was cut short is not kept up to date")
    func saved() async throws {
        try await limited { client, _ in
            try await client.expect("UID SEARCH RETURN (SAVE) ALL", ["OK [MESSAGELIMIT 3 6] \(Self.more)"])
            try await client.expect("UID SEARCH $", ["SEARCH 6 7 8", "OK UID SEARCH completed"])
            let refused = try await client.run("SEARCH RETURN (UPDATE) FLAGGED")
            #expect(refused.contains { $0.hasPrefix("NO [NOUPDATE ") }, "\(refused)")
            let kept = try await client.run("SEARCH RETURN (UPDATE) 1:3 FLAGGED")
            #expect(!kept.contains { $0.contains("NOUPDATE") } && kept.last == "OK SEARCH completed", "\(kept)")
        }
    }

    @Test("SORT, THREAD and STATUS look at all messages")
    func unlimited() async throws {
        try await limited { client, _ in
            try await client.expect(
                "UID SORT (ARRIVAL) US-ASCII ALL",
                ["SORT 2 3 4 5 6 7 8", "OK UID SORT completed"]
            )
            #expect(try await client.run("THREAD ORDEREDSUBJECT US-ASCII ALL").last == "OK THREAD completed")
            try await client.expect("STATUS INBOX (UNSEEN)", ["STATUS INBOX (UNSEEN 7)", "OK STATUS completed"])
        }
    }

    @Test("STORE changes the last messages, and tells of them from the greatest UID down")
    func stored() async throws {
        try await limited { client, _ in
            try await client.expect(
                "STORE 1:* +FLAGS (\\Seen)",
                [
                    "7 FETCH (FLAGS (\\Seen))", "6 FETCH (FLAGS (\\Seen))", "5 FETCH (FLAGS (\\Flagged \\Seen))",
                    "OK [MESSAGELIMIT 3 6] \(Self.more)",
                ]
            )
            try await client.expect("UID STORE 1:5 +FLAGS.SILENT (\\Seen)", ["OK [MESSAGELIMIT 3 3] \(Self.more)"])
            try await client.expect("SEARCH UNSEEN UID 1:3", ["SEARCH 1", "OK SEARCH completed"])
        }
    }

    @Test("Where an answer has a code of its own, the limit is told before it")
    func storedConditionally() async throws {
        try await limited { client, account in
            try await client.run("ENABLE CONDSTORE")
            let modSeq = account.state.withLock { $0.modSeq }
            try await client.run("STORE 6 +FLAGS.SILENT (\\Draft)")
            let answers = try await client.run("UID STORE 1:* (UNCHANGEDSINCE \(modSeq)) +FLAGS.SILENT (\\Seen)")
            #expect(
                answers.suffix(2) == [
                    "NO [MESSAGELIMIT 3 6] \(Self.more)", "OK [MODIFIED 7] Conditional STORE failed for some",
                ]
            )
        }
    }

    @Test("COPY of more than the limit copies nothing; MOVE moves the last, and may be repeated")
    func transferred() async throws {
        for scope in MessageLimit.Scope.allCases {
            try await limited(scope) { client, _ in
                for command in ["COPY 1:* Sent", "UID COPY 1:* Sent"] {
                    try await client.expect(command, ["NO [MESSAGELIMIT 3 6] At most 3 messages in one command"])
                }
                try await client.expect("STATUS Sent (MESSAGES)", ["STATUS Sent (MESSAGES 0)", "OK STATUS completed"])
                try await client.expect("COPY 5:7 Sent", ["OK [COPYUID 1002 6:8 1:3] COPY completed"])
            }
        }
        try await limited { client, _ in
            try await client.expect(
                "UID MOVE 1:* Trash",
                [
                    "OK [COPYUID 1003 6:8 1:3] Moved", "5 EXPUNGE", "5 EXPUNGE", "5 EXPUNGE",
                    "OK [MESSAGELIMIT 3 6] \(Self.more)",
                ]
            )
            #expect(try await client.run("UID MOVE 1:* Trash").last == "OK [MESSAGELIMIT 3 3] \(Self.more)")
            #expect(try await client.run("UID MOVE 1:* Trash").last == "OK UID MOVE completed")
            try await client.expect("STATUS Trash (MESSAGES)", ["STATUS Trash (MESSAGES 7)", "OK STATUS completed"])
        }
    }

    @Test("UID EXPUNGE takes the last of those that have \\Deleted; EXPUNGE and CLOSE take all")
    func expunged() async throws {
        try await limited { client, account in
            for set in ["1:3", "4:5"] { try await client.run("STORE \(set) +FLAGS.SILENT (\\Deleted)") }
            // Of all that are named, two have no \Deleted.
            try await client.expect(
                "UID EXPUNGE 1:*",
                ["3 EXPUNGE", "3 EXPUNGE", "3 EXPUNGE", "OK [MESSAGELIMIT 3 4] \(Self.more)"]
            )
            try await client.expect("UID EXPUNGE 1:*", ["1 EXPUNGE", "1 EXPUNGE", "OK UID EXPUNGE completed"])
            for number in 0..<5 { account.deliver("Subject: \(number)\r\n\r\nx\r\n", flags: FlagSet(system: .deleted)) }
            try await client.run("NOOP")
            let answers = try await client.run("EXPUNGE")
            #expect(answers.count == 6 && answers.last == "OK EXPUNGE completed")
            for number in 0..<5 { account.deliver("Subject: \(number)\r\n\r\nx\r\n", flags: FlagSet(system: .deleted)) }
            try await client.expect("CLOSE", ["OK CLOSE completed"])
            try await client.expect("STATUS INBOX (MESSAGES)", ["STATUS INBOX (MESSAGES 2)", "OK STATUS completed"])
        }
    }

    @Test("APPEND of more than the limit stores nothing", arguments: MessageLimit.Scope.allCases)
    func appended(scope: MessageLimit.Scope) async throws {
        try await limited(scope) { client, _ in
            let one = " {1+}\r\nx"
            try await client.send("a APPEND Sent\(String(repeating: one, count: 4))\r\n")
            #expect(
                try await client.responses(to: "a") == ["NO [MESSAGELIMIT 3] At most 3 messages in one command"]
            )
            try await client.send("b APPEND Sent\(String(repeating: one, count: 3))\r\n")
            #expect(try await client.responses(to: "b") == ["OK [APPENDUID 1002 1:3] APPEND completed"])
        }
    }

    @Test("SAVELIMIT leaves reading and changing alone")
    func savesOnly() async throws {
        try await limited(.save) { client, _ in
            #expect(try await client.run("FETCH 1:* (UID)").count == 8)
            try await client.expect("UID SEARCH FLAGGED", ["SEARCH 3 6", "OK UID SEARCH completed"])
            #expect(try await client.run("STORE 1:* +FLAGS (\\Seen)").count == 8)
            #expect(try await client.run("UID FETCH 1:* (UID) (PARTIAL -1:-9)").last == "OK UID FETCH completed")
            #expect(try await client.run("MOVE 1:* Trash").last == "OK MOVE completed")
        }
    }
}
