// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

import MailTypes
import Testing

@Suite("STORE, COPY, MOVE, EXPUNGE", .timeLimit(.minutes(20)))
struct ChangeTests {
    private func selected(_ body: @escaping @Sendable (IMAPTestClient) async throws -> Void) async throws {
        let dialogue = Dialogue()
        for number in 1...5 { dialogue.account.deliver("Subject: \(number)\r\n\r\n") }
        try await dialogue.loggedOn { client in
            try await client.run("SELECT INBOX")
            try await body(client)
        }
    }

    @Test("STORE in all forms, twice with the same answer")
    func store() async throws {
        try await selected { client in
            for _ in 1...2 {
                try await client.expect(
                    "STORE 1:2 +FLAGS (\\Seen \\flagged)",
                    ["1 FETCH (FLAGS (\\Flagged \\Seen))", "2 FETCH (FLAGS (\\Flagged \\Seen))", "OK STORE completed"]
                )
            }
            try await client.expect("STORE 1 -FLAGS.SILENT \\Seen", ["OK STORE completed"])
            try await client.expect(
                "UID STORE 1:2 FLAGS (\\Draft)",
                ["1 FETCH (UID 1 FLAGS (\\Draft))", "2 FETCH (UID 2 FLAGS (\\Draft))", "OK UID STORE completed"]
            )
            try await client.expect(
                "STORE 3 +FLAGS ($Forwarded NonJunk)",
                [
                    "FLAGS (\\Answered \\Flagged \\Deleted \\Seen \\Draft $Forwarded NonJunk)",
                    "3 FETCH (FLAGS ($Forwarded NonJunk))", "OK STORE completed",
                ]
            )
            try await client.expect("STORE 3 FLAGS ()", ["3 FETCH (FLAGS ())", "OK STORE completed"])
            try await client.expect("UID STORE 99 +FLAGS (\\Seen)", ["OK UID STORE completed"])
            try await client.expect("STORE 6 +FLAGS (\\Seen)", ["BAD There are 5 messages, and the set names others"])
        }
    }

    @Test("EXPUNGE tells sequence numbers as they shift; UID EXPUNGE keeps to its set")
    func expunge() async throws {
        try await selected { client in
            try await client.run("STORE 1,3,4 +FLAGS.SILENT \\Deleted")
            try await client.expect("UID EXPUNGE 3", ["3 EXPUNGE", "OK UID EXPUNGE completed"])
            try await client.expect("UID EXPUNGE 3", ["OK UID EXPUNGE completed"])
            try await client.expect("EXPUNGE", ["1 EXPUNGE", "2 EXPUNGE", "OK EXPUNGE completed"])
            try await client.expect("EXPUNGE", ["OK EXPUNGE completed"])
            try await client.expect("FETCH 1:2 UID", ["1 FETCH (UID 2)", "2 FETCH (UID 5)", "OK FETCH completed"])
            try await client.expect("UID EXPUNGE 1:*", ["OK UID EXPUNGE completed"])
        }
    }

    @Test("COPY and MOVE with COPYUID, and TRYCREATE for a mailbox that is missing")
    func transfer() async throws {
        try await selected { client in
            for first in [1, 3] {
                try await client.expect(
                    "COPY 2:3 Sent",
                    ["OK [COPYUID 1002 2:3 \(first):\(first + 1)] COPY completed"]
                )
            }
            try await client.expect("UID COPY 9 Sent", ["OK UID COPY completed"])
            #expect(try await client.run("COPY 1 Nowhere").last?.hasPrefix("NO [TRYCREATE]") == true)
            try await client.expect(
                "MOVE 1,4 Sent",
                ["OK [COPYUID 1002 1,4 5:6] Moved", "1 EXPUNGE", "3 EXPUNGE", "OK MOVE completed"]
            )
            try await client.expect("UID MOVE 1 Sent", ["OK UID MOVE completed"])
            try await client.expect("COPY 1 INBOX", ["4 EXISTS", "OK [COPYUID 1001 2 6] COPY completed"])
        }
    }
}
