// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

import IMAPServer
import Locking
import MailStore
import MailTypes
import Testing

@Suite("QUOTA and OBJECTID", .timeLimit(.minutes(20)))
struct QuotaTests {
    @Test("GETQUOTA and GETQUOTAROOT tell what is bounded, in the units of the RFC")
    func quota() async throws {
        let dialogue = Dialogue()
        let account = dialogue.account
        account.deliver(String(repeating: "x", count: 1025))
        try await dialogue.loggedOn { client in
            let capabilities = try await client.run("CAPABILITY")
            for word in ["QUOTA", "QUOTA=RES-STORAGE", "QUOTA=RES-MESSAGE", "OBJECTID"] {
                #expect(capabilities[0].split(separator: " ").contains(Substring(word)))
            }
            try await client.expect("GETQUOTA \"\"", ["QUOTA \"\" ()", "OK GETQUOTA completed"])
            account.state.withLock { $0.quota = QuotaLimits(octets: 10_240, messages: 7) }
            try await client.expect(
                "GETQUOTAROOT INBOX",
                ["QUOTAROOT INBOX \"\"", "QUOTA \"\" (STORAGE 2 10 MESSAGE 1 7)", "OK GETQUOTAROOT completed"]
            )
            account.state.withLock { $0.quota = QuotaLimits(messages: 7) }
            try await client.expect("getquota \"\"", ["QUOTA \"\" (MESSAGE 1 7)", "OK GETQUOTA completed"])
            try await client.expect("GETQUOTA other", ["NO [NONEXISTENT] No such quota root"])
            let refused = try await client.run("SETQUOTA \"\" (STORAGE 1)")
            #expect(refused.count == 1 && refused[0].hasPrefix("BAD"))
            try await client.run("SELECT INBOX")
            try await client.run("STORE 1 +FLAGS.SILENT (\\Deleted)")
            try await client.expect(
                "STATUS INBOX (DELETED DELETED-STORAGE)",
                ["STATUS INBOX (DELETED 1 DELETED-STORAGE 1025)", "OK STATUS completed"]
            )
        }
    }

    @Test("Object identifiers are told by SELECT, CREATE, STATUS, LIST and FETCH, and searched for")
    func objectIDs() async throws {
        let dialogue = Dialogue()
        for number in 1...3 { dialogue.account.deliver("Subject: \(number)\r\n\r\n") }
        try await dialogue.loggedOn { client in
            let selected = try await client.run("EXAMINE INBOX")
            #expect(selected.contains("OK [MAILBOXID (F1)] Stays with the mailbox"))
            try await client.expect("CREATE new", ["OK [MAILBOXID (F4)] CREATE completed"])
            try await client.run("RENAME new old")
            try await client.expect(
                "STATUS old (MAILBOXID MESSAGES)",
                ["STATUS old (MAILBOXID (F4) MESSAGES 0)", "OK STATUS completed"]
            )
            let listed = try await client.run("LIST \"\" old RETURN (STATUS (MAILBOXID))")
            #expect(listed.contains("STATUS old (MAILBOXID (F4))"))
            let first: UInt64 = 1 << 32 | 1
            try await client.expect(
                "FETCH 1:2 (EMAILID THREADID)",
                [
                    "1 FETCH (EMAILID (M\(first)) THREADID (T2))", "2 FETCH (EMAILID (M\(first + 1)) THREADID (T1))",
                    "OK FETCH completed",
                ]
            )
            try await client.expect("SEARCH EMAILID M\(first + 1)", ["SEARCH 2", "OK SEARCH completed"])
            try await client.expect("SEARCH THREADID T2 NOT 1", ["SEARCH 3", "OK SEARCH completed"])
            try await client.expect("SEARCH OR EMAILID x THREADID T1", ["SEARCH 2", "OK SEARCH completed"])
            for wrong in [
                "SEARCH EMAILID a.b", "SEARCH EMAILID", "SEARCH THREADID \(String(repeating: "a", count: 256))",
            ] {
                let answer = try await client.run(wrong)
                #expect(answer.last?.hasPrefix("BAD") == true)
            }
        }
    }

    @Test("$Damaged is told as a flag, and not as one that clients may set")
    func damaged() async throws {
        let dialogue = Dialogue()
        dialogue.account.deliver("Subject: 1\r\n\r\n", flags: FlagSet(keywords: [.damaged]))
        try await dialogue.loggedOn { client in
            let told = try await client.run("SELECT INBOX")
            #expect(told.contains { $0.hasPrefix("FLAGS (") && $0.contains("$Damaged") })
            #expect(told.contains { $0.hasPrefix("OK [PERMANENTFLAGS (") && !$0.contains("$Damaged") })
        }
    }
}
