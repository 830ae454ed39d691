// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

import IMAPServer
import IMAPWire
import MailTypes
import Testing

@Suite("UTF8=ACCEPT (RFC 6855)", .timeLimit(.minutes(20)))
struct UTF8Tests {
    @Test("Names, messages and searches in UTF-8 once it is enabled")
    func enabled() async throws {
        try await Dialogue().loggedOn { client in
            try await client.send("a APPEND INBOX UTF8 (~{3+}\r\nabc)\r\n")
            #expect(try await client.responses(to: "a") == ["BAD UTF8=ACCEPT must be enabled first"])
            try await client.expect("ENABLE UTF8=ACCEPT", ["ENABLED UTF8=ACCEPT", "OK ENABLE completed"])
            client.textForm = .utf8
            try await client.expect("CREATE \"日本\"", ["OK [MAILBOXID (F4)] CREATE completed"])
            try await client.expect("LIST \"\" \"日*\"", ["LIST (\\HasNoChildren) \"/\" \"日本\"", "OK LIST completed"])
            try await client.run("SELECT \"日本\"")
            let text = "Subject: grüße\r\n\r\n"
            try await client.send("b APPEND \"日本\" (\\Seen) UTF8 (~{\(text.utf8.count)+}\r\n\(text)) {1+}\r\nx\r\n")
            #expect(try await client.responses(to: "b") == ["2 EXISTS", "OK [APPENDUID 1004 1:2] APPEND completed"])
            try await client.expect("SEARCH SUBJECT \"GRÜSSE\"", ["SEARCH", "OK SEARCH completed"])
            try await client.expect("SEARCH SUBJECT \"Grüße\"", ["SEARCH 1", "OK SEARCH completed"])
            try await client.expect(
                "SEARCH CHARSET UTF-8 ALL",
                ["BAD CHARSET is not valid while UTF8=ACCEPT is enabled"]
            )
            try await client.send("c APPEND \"日本\" UTF8 (~{1+}\r\nx\r\n")
            #expect(try await client.responses(to: "c") == ["BAD Expected \")\" at octet 0"])
        }
    }
}
