// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

import Locking
import MailTypes
import Testing

private let nested = """
    From: "A. Person" <a@example.test>
    To: b@example.test, Group: c@example.test;
    Subject: Hello
    Date: Mon, 7 Feb 1994 21:52:25 -0800
    Message-ID: <m@example.test>
    MIME-Version: 1.0
    Content-Type: multipart/mixed; boundary=x

    --x
    Content-Type: text/plain; charset=utf-8

    Hi
    --x
    Content-Type: message/rfc822

    Subject: Inner
    Content-Type: text/html

    <p>
    --x--

    """.replacing("\n", with: "\r\n")

@Suite("FETCH", .timeLimit(.minutes(20)))
struct FetchTests {
    private func selected(
        _ messages: [String],
        _ body: @escaping @Sendable (IMAPTestClient, FakeAccount) async throws -> Void
    ) async throws {
        let dialogue = Dialogue()
        for message in messages { dialogue.account.deliver(message) }
        try await dialogue.loggedOn { client in
            try await client.run("SELECT INBOX")
            try await body(client, dialogue.account)
        }
    }

    @Test("Flags, dates, sizes and macros")
    func simple() async throws {
        try await selected(["Subject: x\r\n\r\nbody\r\n", "\r\n"]) { client, _ in
            let date = "INTERNALDATE \" 9-Sep-2001 01:46:40 +0000\""
            try await client.expect(
                "FETCH 1:2 (UID FLAGS INTERNALDATE RFC822.SIZE SAVEDATE)",
                [
                    "1 FETCH (UID 1 FLAGS () \(date) RFC822.SIZE 20 SAVEDATE \" 9-Sep-2001 01:46:40 +0000\")",
                    "2 FETCH (UID 2 FLAGS () \(date) RFC822.SIZE 2 SAVEDATE \" 9-Sep-2001 01:46:40 +0000\")",
                    "OK FETCH completed",
                ]
            )
            try await client.expect(
                "UID FETCH 2:9 FAST",
                ["2 FETCH (UID 2 FLAGS () \(date) RFC822.SIZE 2)", "OK UID FETCH completed"]
            )
            try await client.expect("UID FETCH 7:9 FLAGS", ["OK UID FETCH completed"])
            try await client.expect("FETCH 3 FLAGS", ["BAD There are 2 messages, and the set names others"])
            #expect(try await client.run("FETCH 2:* FLAGS").count == 2)
            #expect(
                try await client.run("FETCH 1 ALL").first?.hasPrefix(
                    "1 FETCH (FLAGS () \(date) RFC822.SIZE 20 ENVELOPE (NIL \"x\""
                ) == true
            )
            #expect(try await client.run("FETCH 1 FULL").first?.contains(" BODY (\"text\" \"plain\"") == true)
        }
    }

    @Test("ENVELOPE and BODYSTRUCTURE")
    func structure() async throws {
        try await selected([nested]) { client, _ in
            let address = "((\"A. Person\" NIL \"a\" \"example.test\"))"
            #expect(
                try await client.run("FETCH 1 ENVELOPE").first
                    == "1 FETCH (ENVELOPE (\"Mon, 7 Feb 1994 21:52:25 -0800\" \"Hello\" "
                    + "\(address) \(address) \(address) ((NIL NIL \"b\" \"example.test\")(NIL NIL \"Group\" NIL)"
                    + "(NIL NIL \"c\" \"example.test\")(NIL NIL NIL NIL)) NIL NIL NIL \"<m@example.test>\"))"
            )
            // Where the structure is needed as well, the envelope is written from that.
            let alone = try await client.run("FETCH 1 (ENVELOPE UID)").first ?? ""
            let beside = try await client.run("FETCH 1 (ENVELOPE UID BODY)").first ?? ""
            #expect(alone.dropLast().isEmpty == false && beside.hasPrefix(alone.dropLast()))
            let body = try await client.run("FETCH 1 (BODY BODYSTRUCTURE)").first ?? ""
            #expect(
                body.hasPrefix(
                    "1 FETCH (BODY ((\"text\" \"plain\" (\"charset\" \"utf-8\") NIL NIL \"7BIT\" 2 0)(\"message\" \"rfc822\" NIL NIL NIL \"7BIT\" "
                )
            )
            #expect(body.contains("BODYSTRUCTURE (("))
            #expect(body.contains("\"mixed\" (\"boundary\" \"x\") NIL NIL NIL)"))
        }
    }

    @Test(
        "Sections",
        arguments: [
            ("BODY.PEEK[1]", "BODY[1] {2}\r\nHi"),
            ("BODY.PEEK[1.MIME]", "BODY[1.MIME] {43}\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n"),
            ("BODY.PEEK[2.HEADER]", "BODY[2.HEADER] {43}\r\nSubject: Inner\r\nContent-Type: text/html\r\n\r\n"),
            ("BODY.PEEK[2.TEXT]", "BODY[2.TEXT] {3}\r\n<p>"),
            ("BODY.PEEK[2.1]", "BODY[2.1] {3}\r\n<p>"),
            (
                "BODY.PEEK[2.HEADER.FIELDS (subject x)]",
                "BODY[2.HEADER.FIELDS (subject x)] {18}\r\nSubject: Inner\r\n\r\n"
            ),
            (
                "BODY.PEEK[2.HEADER.FIELDS.NOT (subject)]",
                "BODY[2.HEADER.FIELDS.NOT (subject)] {27}\r\nContent-Type: text/html\r\n\r\n"
            ),
            ("BODY.PEEK[3]", "BODY[3] NIL"),
            ("BODY.PEEK[1.HEADER]", "BODY[1.HEADER] NIL"),
            ("BODY.PEEK[]<0.4>", "BODY[]<0> {4}\r\nFrom"),
            ("BODY.PEEK[]<100000.4>", "BODY[]<100000> {0}\r\n"),
            ("BODY.PEEK[1]<1.9999999>", "BODY[1]<1> {1}\r\ni"),
            ("BODY.PEEK[HEADER.FIELDS (Subject)]<2.3>", "BODY[HEADER.FIELDS (Subject)]<2> {3}\r\nbje"),
            ("RFC822.SIZE", "RFC822.SIZE \(nested.utf8.count)"),
            ("BODY.PEEK[]", "BODY[] {\(nested.utf8.count)}\r\n\(nested)"),
        ]
    )
    func sections(item: String, answer: String) async throws {
        for keepsStructures in [true, false] {
            try await selected([nested]) { client, account in
                account.state.withLock { $0.keepsStructures = keepsStructures }
                try await client.expect("FETCH 1 \(item)", ["1 FETCH (\(answer))", "OK FETCH completed"])
            }
        }
    }

    @Test("RFC822 items, and \\Seen set and told once by what reads")
    func seen() async throws {
        try await selected(["A: b\r\n\r\nbody"]) { client, _ in
            try await client.expect(
                "FETCH 1 RFC822.HEADER",
                ["1 FETCH (RFC822.HEADER {8}\r\nA: b\r\n\r\n)", "OK FETCH completed"]
            )
            try await client.expect(
                "FETCH 1 (FLAGS BODY.PEEK[TEXT])",
                ["1 FETCH (FLAGS () BODY[TEXT] {4}\r\nbody)", "OK FETCH completed"]
            )
            try await client.expect(
                "FETCH 1 RFC822.TEXT",
                [
                    "1 FETCH (RFC822.TEXT {4}\r\nbody)", "1 FETCH (UID 1 FLAGS (\\Seen))", "OK FETCH completed",
                ]
            )
            #expect(
                try await client.run("FETCH 1 (FLAGS RFC822)").first
                    == "1 FETCH (FLAGS (\\Seen) RFC822 {12}\r\nA: b\r\n\r\nbody)"
            )
            try await client.expect("NOOP", ["OK NOOP completed"])
        }
    }

    @Test("A large message comes whole, in pieces; a part of it costs that part only")
    func large() async throws {
        let text = "Subject: big\r\n\r\n" + String(repeating: "0123456789abcde\n", count: 500_000)
        try await selected([text]) { client, account in
            let whole = try await client.run("FETCH 1 BODY.PEEK[]")
            #expect(whole.first == "1 FETCH (BODY[] {\(text.utf8.count)}\r\n\(text))")
            account.state.withLock { ($0.largestRead, $0.octetsRead) = (0, 0) }
            let part = try await client.run("FETCH 1 BODY.PEEK[]<7000000.16>")
            #expect(part.first == "1 FETCH (BODY[]<7000000> {16}\r\n0123456789abcde\n)")
            #expect(account.state.withLock { $0.octetsRead } == 16)
            _ = try await client.run("FETCH 1 BODY.PEEK[TEXT]")
            #expect(account.state.withLock { $0.largestRead } <= 256 << 10)
        }
    }

    @Test("100,000 flags leave in pieces")
    func manyFlags() async throws {
        let dialogue = Dialogue()
        for _ in 0..<20_000 { dialogue.account.deliver("A: b\r\n\r\n") }
        try await dialogue.loggedOn { client in
            try await client.run("SELECT INBOX")
            let answers = try await client.run("FETCH 1:* FLAGS")
            #expect(answers.count == 20_001)
            #expect(answers.dropLast().last == "20000 FETCH (FLAGS ())")
        }
    }

    @Test("Every pair of items is answered")
    func pairs() async throws {
        let items = [
            "FLAGS", "UID", "INTERNALDATE", "RFC822.SIZE", "ENVELOPE", "BODY", "BODYSTRUCTURE", "RFC822",
            "RFC822.HEADER",
            "RFC822.TEXT", "SAVEDATE", "BODY[]", "BODY.PEEK[1]", "BODY[2.MIME]", "BODY[HEADER.FIELDS (To)]",
            "BODY[TEXT]<1.2>",
        ]
        try await selected([nested, "", "\r\n", "\0\r\n\n\r"]) { client, _ in
            for first in items {
                for second in items {
                    let answers = try await client.run("FETCH 1:* (\(first) \(second))")
                    #expect(answers.last == "OK FETCH completed")
                    #expect(answers.count >= 5)
                }
            }
        }
    }

    @Test("Damage is told, message by message, and nothing else suffers", arguments: [false, true])
    func damage(refuses: Bool) async throws {
        let dialogue = Dialogue()
        for number in 1...200 { dialogue.account.deliver("Subject: \(number)\r\n\r\nbody \(number)\r\n") }
        for uid in [UID(73), UID(74)] { dialogue.account.damage(uid, refuses ? .refused : .filled(0..<9)) }
        try await dialogue.loggedOn { client in
            try await client.run("SELECT INBOX")
            let answers = try await client.run("UID FETCH 1:* (FLAGS ENVELOPE BODYSTRUCTURE BODY.PEEK[])")
            #expect(answers.count { $0.contains(" FETCH (UID ") } == (refuses ? 198 : 200))
            if refuses {
                #expect(answers.last == "NO [CORRUPTION] Octets are lost of UID 73:74")
            } else {
                #expect(answers.last == "OK UID FETCH completed")
                #expect(answers.filter { $0.hasPrefix("OK [CORRUPTION] UID 7") }.count == 2)
            }
            try await client.expect("NOOP", ["OK NOOP completed"])
        }
        #expect(dialogue.events.names.count { $0 == "imap.message.damaged" } == 2)
    }
}
