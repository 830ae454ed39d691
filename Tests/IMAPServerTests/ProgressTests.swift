// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

import IMAPServer
import Locking
import Testing

@Suite("INPROGRESS (RFC 9585)", .timeLimit(.minutes(20)))
struct ProgressTests {
    private func dialogue(interval: Duration) -> Dialogue {
        var dialogue = Dialogue()
        dialogue.configuration.progressInterval = interval
        for number in 1...3 { dialogue.account.deliver("Subject: \(number)\r\n\r\nx") }
        return dialogue
    }

    @Test(
        "A long command tells how far it is, with its tag",
        arguments: [
            ("SORT (SUBJECT) UTF-8 ALL", [3]), ("THREAD REFERENCES UTF-8 ALL", [3]), ("FETCH 1:3 ENVELOPE", [1, 2, 3]),
        ]
    )
    func counted(command: String, told counts: [Int]) async throws {
        try await dialogue(interval: .zero).loggedOn { client in
            try await client.run("SELECT INBOX")
            try await client.send("a1 \(command)\r\n")
            let told = try await client.responses(to: "a1").filter { $0.contains("INPROGRESS") }
            #expect(told == counts.map { "OK [INPROGRESS (\"a1\" \($0) 3)] Still at work" })
        }
    }

    @Test(
        "It never comes into a response, however much of that is sent as it is read",
        arguments: ["BODY.PEEK[]", "BODY.PEEK[TEXT]", "RFC822", "BINARY.PEEK[1]"]
    )
    func betweenResponses(item: String) async throws {
        let dialogue = dialogue(interval: .zero)
        // More than is held in memory, and sent without its transfer encoding.
        let lines = String(repeating: "MDEyMzQ1Njc4OWFiY2RlCg==\r\n", count: 100_000)
        for _ in 1...2 { dialogue.account.deliver("Content-Transfer-Encoding: base64\r\n\r\n" + lines) }
        try await dialogue.loggedOn { client in
            try await client.run("SELECT INBOX")
            try await client.send("a1 FETCH 4:5 (\(item) UID)\r\n")
            // Each is held against the grammar as it comes.
            let told = try await client.responses(to: "a1")
            #expect(told.filter { $0.contains("FETCH (") }.allSatisfy { $0.contains("UID ") && $0.hasSuffix(")") })
            #expect(told.count { $0.contains("[INPROGRESS ") } == 2)
        }
    }

    @Test("A tag that cannot stand in a response code is left out")
    func tag() async throws {
        try await dialogue(interval: .zero).loggedOn { client in
            try await client.run("SELECT INBOX")
            try await client.send("a] SORT (SUBJECT) UTF-8 1\r\n")
            #expect(try await client.receive() == "* OK [INPROGRESS (NIL 1 1)] Still at work")
            _ = try await client.responses(to: "a]")
        }
    }

    @Test("APPEND tells of its own progress, and not by the command before")
    func append() async throws {
        try await dialogue(interval: .zero).loggedOn { client in
            try await client.run("SELECT INBOX")
            // Which reads what comes.
            try await client.send("old SEARCH RETURN (UPDATE) TEXT here\r\n")
            _ = try await client.responses(to: "old")
            try await client.send("new APPEND INBOX {17+}\r\nSubject: \r\n\r\nhere\r\n")
            let told = try await client.responses(to: "new").filter { $0.contains("INPROGRESS") }
            #expect(told.allSatisfy { $0.contains("(\"new\" ") } && !told.isEmpty, "\(told)")
        }
    }

    @Test("A quick command says nothing of it")
    func quick() async throws {
        try await dialogue(interval: .seconds(60)).loggedOn { client in
            try await client.run("SELECT INBOX")
            for command in ["SEARCH TEXT x", "COPY 1:3 Sent", "SORT (SUBJECT) UTF-8 TEXT x", "FETCH 1:3 ENVELOPE"] {
                #expect(try await !client.run(command).contains { $0.contains("INPROGRESS") })
            }
        }
    }

    @Test("While the store is at work, the client is told that it goes on")
    func waiting() async throws {
        let dialogue = dialogue(interval: .milliseconds(1))
        dialogue.account.state.withLock { $0.pause = .milliseconds(350) }
        try await dialogue.loggedOn { client in
            try await client.run("SELECT INBOX")
            for command in ["SEARCH TEXT x", "COPY 1 Sent"] {
                try await client.send("a1 \(command)\r\n")
                let told = try await client.responses(to: "a1").filter { $0.contains("INPROGRESS") }
                #expect(told.contains("OK [INPROGRESS (\"a1\" NIL NIL)] Still at work"))
            }
        }
    }
}
