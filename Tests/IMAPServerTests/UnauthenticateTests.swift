// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

import IMAPServer
import Runtime
import Testing

@Suite("UNAUTHENTICATE (RFC 8437)", .timeLimit(.minutes(20)))
struct UnauthenticateTests {
    @Test("The connection is as before log-on: nothing is selected, enabled or expunged")
    func resets() async throws {
        let dialogue = Dialogue()
        dialogue.account.deliver("Subject: 1\r\n\r\nx")
        try await dialogue.loggedOn { client in
            try await client.run("ENABLE QRESYNC")
            try await client.run("SELECT INBOX")
            try await client.run("STORE 1 +FLAGS (\\Deleted)")
            try await client.run("UID SEARCH RETURN (SAVE) ALL")
            try await client.expect(
                "UNAUTHENTICATE x",
                ["BAD Expected the end of the UNAUTHENTICATE command at octet 17"]
            )
            try await client.expect("UNAUTHENTICATE", ["OK UNAUTHENTICATE completed"])
            try await client.expect("SELECT INBOX", ["BAD SELECT needs a log-on first"])
            try await client.expect("UNAUTHENTICATE", ["BAD UNAUTHENTICATE needs a log-on first"])
            try await client.run("LOGIN alice@example.test secret")
            let selected = try await client.run("SELECT INBOX")
            #expect(selected.contains("1 EXISTS") && !selected.contains { $0.hasPrefix("OK [CLOSED]") })
            try await client.expect("UID SEARCH $", ["SEARCH", "OK UID SEARCH completed"])
            try await client.expect(
                "STORE 1 -FLAGS (\\Deleted)",
                ["1 FETCH (FLAGS ())", "OK STORE completed"]
            )
        }
    }

    @Test("A log-on that came along is the next one, again and again")
    func pipelined() async throws {
        try await Dialogue().loggedOn { client in
            for round in 0..<60 {
                try await client.send("a\(round) UNAUTHENTICATE\r\nb\(round) LOGIN alice@example.test secret\r\n")
                #expect(try await client.receive() == "a\(round) OK UNAUTHENTICATE completed")
                #expect(try await client.receive().hasPrefix("b\(round) OK [CAPABILITY "))
            }
        }
    }

    @Test("Compression ends with it, on either side")
    func compressed() async throws {
        try await Dialogue().loggedOn { client in
            for _ in 0..<3 {
                try await client.expect("COMPRESS DEFLATE", ["OK DEFLATE active"])
                try await client.connection.startDeflate(received: [])
                try await client.run("NOOP")
                try await client.expect("UNAUTHENTICATE", ["OK UNAUTHENTICATE completed"])
                try await client.connection.endDeflate()
                #expect(try await client.run("LOGIN alice@example.test secret")[0].hasPrefix("OK [CAPABILITY "))
            }
        }
    }

    @Test("Where it is switched off it is not known")
    func disabled() async throws {
        var dialogue = Dialogue()
        dialogue.configuration.allowsUnauthenticate = false
        try await dialogue.loggedOn { client in
            #expect(try await client.run("CAPABILITY")[0].contains("UNAUTHENTICATE") == false)
            try await client.expect("UNAUTHENTICATE", ["BAD Unknown command UNAUTHENTICATE"])
            try await client.expect("NOOP", ["OK NOOP completed"])
        }
    }
}
