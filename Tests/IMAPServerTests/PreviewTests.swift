// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

import IMAPServer
import IMAPWire
import MailTypes
import Testing

@Suite("PREVIEW (RFC 8970)", .timeLimit(.minutes(4)))
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
}
