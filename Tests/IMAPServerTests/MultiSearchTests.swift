// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

import IMAPServer
import Testing

@Suite("MULTISEARCH (RFC 7377)", .timeLimit(.minutes(20)))
struct MultiSearchTests {
    /// Mailboxes with one message each, in UID order `a`, `a/b`, `a/b/c`, `d`, INBOX and Sent.
    private func run(_ body: @escaping @Sendable (IMAPTestClient) async throws -> Void) async throws {
        let dialogue = Dialogue()
        try await dialogue.loggedOn { client in
            for name in ["a", "a/b", "a/b/c", "d"] { try await client.run("CREATE \(name)") }
            for name in ["INBOX", "Sent", "a", "a/b", "a/b/c", "d"] {
                dialogue.account.deliver("Subject: in \(name)\r\n\r\ntext", to: name)
            }
            dialogue.account.deliver("Subject: other\r\n\r\ntext", to: "d")
            try await client.run("SUBSCRIBE d")
            try await body(client)
        }
    }

    private func found(_ command: String, _ client: IMAPTestClient) async throws -> [String] {
        let responses = try await client.run(command)
        #expect(responses.last == "OK ESEARCH completed")
        return responses.dropLast().map { response in
            let words = response.split(separator: " ")
            return "\(words[4]) \(words.dropFirst(8).joined(separator: " "))"
        }
    }

    @Test(
        "Each source names its mailboxes, which are told with what they have",
        arguments: [
            ("(personal)", ["INBOX", "Sent", "a", "a/b", "a/b/c", "d"]), ("(inboxes)", ["INBOX"]),
            ("(subscribed)", ["d"]), ("(subtree a)", ["a", "a/b", "a/b/c"]),
            ("(subtree-one (a d))", ["a", "a/b", "d"]),
            ("(mailboxes (d inbox none) subtree a/b)", ["INBOX", "a/b", "a/b/c", "d"]), ("(mailboxes none)", []),
        ] as [(String, [String])]
    )
    func sources(text: String, names: [String]) async throws {
        try await run { client in
            let answer = try await found("ESEARCH IN \(text) SUBJECT in", client)
            #expect(answer == names.map { "\($0) ALL 1" })
        }
    }

    @Test("A response has the mailbox, its UIDVALIDITY and the tag; where nothing is found there is none")
    func correlators() async throws {
        try await run { client in
            let status = try await client.run("STATUS d (UIDVALIDITY)")[0]
            let validity = status.split(separator: " ").last?.dropLast() ?? ""
            try await client.send("q ESEARCH IN (mailboxes (d a)) RETURN (COUNT MIN) SUBJECT other\r\n")
            let answer = try await client.responses(to: "q")
            let expected = "ESEARCH (TAG \"q\" MAILBOX d UIDVALIDITY \(validity)) UID MIN 2 COUNT 1"
            #expect(answer == [expected, "OK ESEARCH completed"])
            #expect(try await found("ESEARCH IN (personal) RETURN (COUNT) BODY nowhere", client) == [])
            let some = try await found("ESEARCH IN (personal) RETURN (PARTIAL 2:3) 1:7", client)
            #expect(some.contains("d PARTIAL (2:3 2)"))
        }
    }

    @Test("Without sources the selected mailbox is searched, which must be there")
    func selected() async throws {
        try await run { client in
            for command in ["ESEARCH ALL", "ESEARCH IN (selected) ALL", "ESEARCH IN (personal) RETURN (UPDATE) ALL"] {
                #expect(try await client.run(command)[0].hasPrefix("BAD"))
            }
            try await client.run("SELECT d")
            #expect(try await found("ESEARCH ALL", client) == ["d ALL 1:2"])
            #expect(try await found("ESEARCH IN (selected mailboxes d) 2", client) == ["d ALL 2"])
            #expect(try await client.run("ESEARCH IN (selected personal) RETURN (SAVE) ALL")[0].hasPrefix("BAD"))
            try await client.expect("ESEARCH RETURN (SAVE) SUBJECT other", ["OK ESEARCH completed"])
            #expect(try await found("ESEARCH UID $", client) == ["d ALL 2"])
            try await client.expect("FETCH 2 UID", ["2 FETCH (UID 2)", "OK FETCH completed"])
        }
    }

    @Test("UPDATE tells of the selected mailbox, and no other")
    func update() async throws {
        try await run { client in
            try await client.run("SELECT d")
            try await client.send("u ESEARCH IN (personal) RETURN (UPDATE COUNT) UNSEEN\r\n")
            #expect(try await client.responses(to: "u").count == 7)
            let told = try await client.run("STORE 1 +FLAGS.SILENT (\\Seen)")
            #expect(told[0].hasPrefix("ESEARCH (TAG \"u\" MAILBOX d UIDVALIDITY "))
            #expect(told[0].hasSuffix(") UID REMOVEFROM (0 1)") && told.count == 2)
            try await client.expect("CANCELUPDATE \"u\"", ["OK CANCELUPDATE completed"])
        }
    }
}
