// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

import IMAPServer
import IMAPWire
import Locking
import MailTypes
import Testing

@Suite("PREVIEW (RFC 8970)", .timeLimit(.minutes(20)))
struct PreviewTests {
    @Test("The first words of a message; nothing where there are none")
    func previews() async throws {
        let dialogue = Dialogue()
        dialogue.account.deliver("Subject: a\r\n\r\nHello,\r\n\r\n  how are you?\r\n")
        dialogue.account.deliver("Content-Type: text/html\r\n\r\n<p>Hello <b>there</b></p>")
        dialogue.account.deliver("Content-Type: image/png\r\n\r\nxxxx")
        dialogue.account.deliver("Content-Type: text/plain; charset=utf-8\r\n\r\nGrüße\r\n")
        dialogue.account.deliver("A: b\r\n\r\n" + String(repeating: "word ", count: 100_000))
        try await dialogue.loggedOn { client in
            try await client.run("SELECT INBOX")
            for (number, preview) in [
                (1, "\"Hello, how are you?\""), (2, "\"Hello there\""), (3, "\"\""), (4, "{7}\r\nGrüße"),
            ] {
                try await client.expect(
                    "FETCH \(number) (PREVIEW)",
                    ["\(number) FETCH (PREVIEW \(preview))", "OK FETCH completed"]
                )
            }
            try await client.expect(
                "FETCH 1 (PREVIEW (LAZY) FLAGS)",
                ["1 FETCH (PREVIEW \"Hello, how are you?\" FLAGS ())", "OK FETCH completed"]
            )
            let long = try await client.run("FETCH 5 PREVIEW")
            #expect(long[0].utf8.count <= 256 + 24)
            try await client.run("ENABLE IMAP4rev2")
            client.textForm = .utf8
            try await client.expect("FETCH 4 PREVIEW", ["4 FETCH (PREVIEW \"Grüße\")", "OK FETCH completed"])
        }
    }

    @Test("Made once, unless octets were lost; a quoted text is none, however long")
    func kept() async throws {
        let dialogue = Dialogue()
        dialogue.account.deliver("A: b\r\n\r\nwhole\r\n")
        let damaged = dialogue.account.deliver("A: b\r\n\r\nhalf of it\r\n")
        dialogue.account.deliver("A: b\r\n\r\n" + String(repeating: "> said\r\n", count: 3000) + "answer\r\n")
        dialogue.account.damage(damaged, .filled(10..<12))
        try await dialogue.loggedOn { client in
            try await client.run("SELECT INBOX")
            func read(_ number: Int) async throws -> (octets: UInt64, answer: [String]) {
                let before = dialogue.account.state.withLock { $0.octetsRead }
                let answer = try await client.run("FETCH \(number) (PREVIEW)")
                return (dialogue.account.state.withLock { $0.octetsRead } - before, answer)
            }
            let first = try await read(1)
            let again = try await read(1)
            #expect(first.octets > 0 && again.octets == 0 && again.answer.first == "1 FETCH (PREVIEW \"whole\")")
            for _ in 0..<2 {
                let damaged = try await read(2)
                #expect(damaged.octets > 0 && damaged.answer.contains { $0.contains("CORRUPTION") })
            }
            let long = try await read(3)
            #expect(long.answer.first == "3 FETCH (PREVIEW \"answer\")")
        }
    }

    @Test("What was made with a header that was filled is not kept: it is made anew when the header is whole again")
    func filledHeader() async throws {
        let dialogue = Dialogue()
        let header = "Content-Type: text/html\r\n\r\n"
        let message = dialogue.account.deliver(header + "<p>Hello <b>there</b></p>")
        dialogue.account.damage(message, .filled(0..<12))
        try await dialogue.loggedOn { client in
            try await client.run("SELECT INBOX")
            let damaged = try await client.run("FETCH 1 (PREVIEW)")
            #expect(damaged.first?.contains("<p>Hello") == true, "without its header it is plain text: \(damaged)")
            dialogue.account.state.withLock { $0.damage = [:] }
            // What was needed last is another message.
            dialogue.account.deliver("Subject: other\r\n\r\nother")
            try await client.run("NOOP")
            try await client.run("FETCH 2 (PREVIEW)")
            try await client.expect(
                "FETCH 1 (PREVIEW)",
                ["1 FETCH (PREVIEW \"Hello there\")", "OK FETCH completed"]
            )
        }
    }

    @Test("What is kept is bounded, and what is asked for stays")
    func bounded() {
        let table = PreviewTable(maximum: 100_000)
        let key = { PreviewTable.Key(AccountID(1), MailboxID(1), UID($0)) }
        let preview = [UInt8](repeating: 0x61, count: 200)
        table.keep([1], of: key(1))
        var stayed = true
        for number in UInt32(2)...10_000 {
            table.keep(preview, of: key(number))
            stayed = stayed && table.preview(of: key(1)) == [1]
        }
        let last = table.preview(of: key(10_000))
        let left = (UInt32(2)...10_000).filter { table.preview(of: key($0)) != nil }
        #expect(stayed && last == preview && left.count < 400)
        #expect(table.preview(of: PreviewTable.Key(AccountID(2), MailboxID(1), UID(1))) == nil)
    }
}
