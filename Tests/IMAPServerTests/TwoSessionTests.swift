// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

import IMAPServer
import MailTypes
import Runtime
import SASL
import Testing

@Suite("Two sessions of one mailbox", .timeLimit(.minutes(20)))
struct TwoSessionTests {
    @Test("Sequence numbers stand still in FETCH, STORE and SEARCH while another session expunges")
    func numbersStandStill() async throws {
        try await Dialogue.two { a, b, _ in
            try await a.run("STORE 2,3 +FLAGS.SILENT \\Deleted")
            try await a.run("EXPUNGE")
            // b still knows five messages, and is told of none of it before a command that permits it.
            try await b.expect("FETCH 4 UID", ["4 FETCH (UID 4)", "OK FETCH completed"])
            try await b.expect("SEARCH UID 5", ["SEARCH 5", "OK SEARCH completed"])
            try await b.expect("STORE 5 +FLAGS (\\Seen)", ["5 FETCH (FLAGS (\\Seen))", "OK STORE completed"])
            try await b.expect(
                "STORE 2 +FLAGS (\\Seen)",
                ["NO [EXPUNGEISSUED] 1 of the messages are expunged"]
            )
            try await b.expect(
                "STORE 2:4 +FLAGS (\\Seen)",
                ["4 FETCH (FLAGS (\\Seen))", "NO [EXPUNGEISSUED] 2 of the messages are expunged"]
            )
            try await b.expect(
                "STORE 2:5 +FLAGS.SILENT (\\Seen)",
                ["OK [EXPUNGEISSUED] 2 of the messages are expunged"]
            )
            try await b.expect(
                "STORE 2:3 +FLAGS.SILENT (\\Seen)",
                ["NO [EXPUNGEISSUED] 2 of the messages are expunged"]
            )
            // RFC 2180 §4.4.1: of a COPY that names any of them nothing is done.
            try await b.expect(
                "COPY 2:5 Sent",
                ["2 EXPUNGE", "2 EXPUNGE", "NO [EXPUNGEISSUED] 2 of the messages are expunged; nothing was copied"]
            )
            try await b.expect("STATUS Sent (MESSAGES)", ["STATUS Sent (MESSAGES 0)", "OK STATUS completed"])
            try await b.expect("FETCH 2:3 UID", ["2 FETCH (UID 4)", "3 FETCH (UID 5)", "OK FETCH completed"])
        }
    }

    @Test("UID commands may tell of what is gone")
    func uidCommands() async throws {
        try await Dialogue.two { a, b, _ in
            try await a.run("STORE 1 +FLAGS.SILENT \\Deleted")
            try await a.run("EXPUNGE")
            try await b.expect(
                "UID FETCH 5 FLAGS",
                ["5 FETCH (UID 5 FLAGS ())", "1 EXPUNGE", "OK UID FETCH completed"]
            )
            try await b.expect("UID SEARCH ALL", ["SEARCH 2 3 4 5", "OK UID SEARCH completed"])
        }
    }

    @Test("Arrivals are told with any command; while something gone is untold, the count has it")
    func arrivals() async throws {
        try await Dialogue.two { a, b, account in
            try await a.run("STORE 1 +FLAGS.SILENT \\Deleted")
            try await a.run("EXPUNGE")
            account.deliver("Subject: new\r\n\r\n")
            try await b.expect("FETCH 1 UID", ["1 FETCH (UID 1)", "6 EXISTS", "OK FETCH completed"])
            try await b.expect("FETCH 6 UID", ["6 FETCH (UID 6)", "OK FETCH completed"])
            try await b.expect("CHECK", ["1 EXPUNGE", "OK CHECK completed"])
            try await b.expect("FETCH 5 UID", ["5 FETCH (UID 6)", "OK FETCH completed"])
        }
    }

    @Test("Flags that others set are told once, also behind a silent STORE")
    func flags() async throws {
        try await Dialogue.two { a, b, _ in
            try await a.run("STORE 2 +FLAGS (\\Flagged $Work)")
            try await b.expect(
                "NOOP",
                [
                    "FLAGS (\\Answered \\Flagged \\Deleted \\Seen \\Draft $Work)",
                    "2 FETCH (UID 2 FLAGS (\\Flagged $Work))", "OK NOOP completed",
                ]
            )
            try await b.expect("NOOP", ["OK NOOP completed"])
            try await a.run("STORE 3 +FLAGS (\\Answered)")
            try await b.expect(
                "STORE 3 +FLAGS.SILENT (\\Seen)",
                ["3 FETCH (FLAGS (\\Answered \\Seen))", "OK STORE completed"]
            )
            try await a.expect("NOOP", ["3 FETCH (UID 3 FLAGS (\\Answered \\Seen))", "OK NOOP completed"])
        }
    }

    @Test("IDLE tells of arrivals, flags and expunges as they happen")
    func idle() async throws {
        try await Dialogue.two { a, b, account in
            try await b.talk(
                """
                C: i IDLE
                S: + idling
                """
            )
            account.deliver("Subject: new\r\n\r\n")
            #expect(try await b.receive() == "* 6 EXISTS")
            try await a.run("STORE 1 +FLAGS (\\Deleted)")
            #expect(try await b.receive() == "* 1 FETCH (UID 1 FLAGS (\\Deleted))")
            try await a.run("EXPUNGE")
            #expect(try await b.receive() == "* 1 EXPUNGE")
            try await b.talk(
                """
                C: done
                S: i OK IDLE completed
                C: j IDLE
                S: + idling
                C: k NOOP
                S: j BAD IDLE: expected DONE
                C: l NOOP
                S: l OK NOOP completed
                """
            )
        }
    }

    @Test("Hundreds of changes from both sides leave both with the same mailbox")
    func agreement() async throws {
        try await Dialogue.two(50) { a, b, account in
            for round in 0..<60 {
                let client = round.isMultiple(of: 2) ? a : b
                switch round % 5 {
                case 0: try await client.run("STORE 1:* +FLAGS.SILENT \\Seen")
                case 1: account.deliver("Subject: round \(round)\r\n\r\n")
                case 2: try await client.run("STORE \(round % 7 + 1) +FLAGS \\Deleted")
                case 3: try await client.run("EXPUNGE")
                default: try await client.run("COPY 1:2 INBOX")
                }
            }
            try await a.run("NOOP")
            try await b.run("NOOP")
            let seen = try await a.run("FETCH 1:* (UID FLAGS)")
            try await b.expect("FETCH 1:* (UID FLAGS)", seen)
        }
    }
}

@Suite("A session taken over in the middle", .timeLimit(.minutes(20)))
struct ResumedSessionTests {
    @Test("It says nothing of its own, and answers the next command")
    func silent() async throws {
        let dialogue = Dialogue()
        let serve: @Sendable (Connection) async throws -> Void = { connection in
            guard let name = MailboxAddress("alice@example.test") else { return }
            let session = IMAPSession(
                connection,
                user: AuthenticatedUser(account: AccountID(7), name: name),
                account: dialogue.account,
                store: dialogue.store,
                configuration: dialogue.configuration,
                events: dialogue.events.recorder
            )
            await session.run(resuming: nil)
        }
        try await EventLoop.run { loop in
            try await Connection.withPeer(loop: loop, peer: serve) { connection in
                let client = IMAPTestClient(connection)
                try await client.expect("NOOP", ["OK NOOP completed"])
            }
        }
    }
}
