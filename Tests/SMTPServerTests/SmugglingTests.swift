// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

import SMTPServer
import Testing

/// Acceptance A3.4, inbound: sequences that some server somewhere takes for the end of data.
@Suite(.timeLimit(.minutes(20))) struct SmugglingTests {
    static let sequences = [
        "\n.\n", "\n.\r\n", "\r\n.\n", "\r.\r", "\r.\r\n", "\r\n.\r", "\n.\r", "\r.\n", "\r\r\n.\r\r\n",
        "\r\n\u{0}.\r\n",
        "\n\n.\r\n", "\r\n.\r\r\n",
    ]

    private static func script(_ sequence: String) -> String {
        "EHLO x\r\nMAIL FROM:<a@b>\r\nRCPT TO:<bob@example.test>\r\nDATA\r\nSubject: one\r\n\r\ntext\(sequence)"
            + "MAIL FROM:<admin@example.test>\r\nRCPT TO:<alice@example.test>\r\nDATA\r\nSubject: two\r\n\r\nsmuggled\r\n.\r\nQUIT\r\n"
    }

    @Test(arguments: sequences, [Int.max, 1])
    func `Refused, with the rule named`(sequence: String, piece: Int) async throws {
        let test = TestServer()
        let said = try await test.run(Self.script(sequence), piece: piece)
        let hasBareNewline = sequence != "\r\n\u{0}.\r\n"
        #expect(test.messages.count == (hasBareNewline ? 0 : 1))
        #expect(TestServer.codes(in: said) == "220 250 250 250 354 \(hasBareNewline ? 550 : 250) 221")
        guard hasBareNewline else { return }
        #expect(said.contains("550 5.6.11 Bare ") && said.contains("RFC 5321, 2.3.8"))
        #expect(test.events.all.contains("smtp.message.smuggling"))
    }

    @Test(arguments: sequences)
    func `Normalised, one message stays one`(sequence: String) async throws {
        let test = TestServer(settings: ["smtp/1/bare-newline": "normalize"])
        #expect(try await test.codes(Self.script(sequence)) == "220 250 250 250 354 250 221")
        #expect(test.messages.count == 1)
        let content = try #require(test.messages.first).content
        #expect(content.contains("smuggled"))
        #expect(!content.replacing("\r\n", with: "").contains { $0 == "\n" || $0 == "\r" })
    }

    @Test(arguments: ["a\nb\r\n", "a\rb\r\n", "a\r\nb\r", "\n", "x: y\r\n\r\na\r\r\n"])
    func `BDAT is held to the same rule`(content: String) async throws {
        let test = TestServer()
        let chunk = "BDAT \(content.utf8.count) LAST\r\n\(content)"
        let said = try await test.run("EHLO x\r\nMAIL FROM:<a@b>\r\nRCPT TO:<bob@example.test>\r\n\(chunk)QUIT\r\n")
        #expect(TestServer.codes(in: said) == "220 250 250 250 550 221")
        #expect(test.messages.isEmpty)
    }
}
