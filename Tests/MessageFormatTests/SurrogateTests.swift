// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

import MessageFormat
import Testing

@Suite("Messages for clients that take headers in ASCII only (RFC 6858)")
struct SurrogateTests {
    private static let invalid = "<invalid@internationalized-address.invalid>"

    /// As it is made of a text, for tables.
    private static func word(_ text: String) -> String { String(decoding: EncodedWord.encode(text), as: UTF8.self) }

    private static func made(_ header: String) -> String? {
        SurrogateHeader.make(of: message(header)).map { String(decoding: $0, as: UTF8.self) }
    }

    private static let table: [(header: String, expected: String?)] = [
        // What there is no need to exchange.
        ("Subject: =?utf-8?Q?J=C3=B6rg?=\nFrom: a@b.example\n\n", nil),
        // RFC 6858 §2.3
        ("Subject: Grüße\n\n", "Subject: \(word("Grüße"))\r\n\r\n"),
        ("SUBJECT:  =?utf-8?Q?J=C3=B6?= und\n Änne\n\n", "SUBJECT: \(word("Jö und Änne"))\r\n\r\n"),
        // §2.1
        ("From: jörg@bücher.example\n\n", "From: \(word("<jörg@bücher.example>")) \(invalid)\r\n\r\n"),
        (
            "To: Jörg <jörg@b.example>, \"Fred, Foo\" <fred@b.example>, Zoë <zoe@b.example>\n\n",
            "To: \(word("Jörg <jörg@b.example>")) \(invalid),\r\n \"Fred, Foo\" <fred@b.example>,\r\n "
                + "\(word("Zoë")) <zoe@b.example>\r\n\r\n"
        ),
        (
            "Cc: Größe: a@b.example, é@b.example;, \"x y\"@b.example\n\n",
            "Cc: \(word("Größe")): a@b.example,\r\n \(word("<é@b.example>")) \(invalid);,\r\n "
                + "\"x y\"@b.example\r\n\r\n"
        ),
        ("Return-Path: <jörg@b.example>\n\n", "Return-Path: \(invalid)\r\n\r\n"),
        ("Resent-Sender: é@b.example\n\n", "Resent-Sender: \(word("<é@b.example>")) \(invalid)\r\n\r\n"),
        ("To: ä\n\n", "To: \(word("<ä>")) \(invalid)\r\n\r\n"),
        ("To: (nö)\n\n", "\r\n"),
        // §2.2
        (
            "Content-Disposition: attachment; filename=\"résumé.pdf\"; size=7\n\n",
            "Content-Disposition: attachment;\r\n size=\"7\"\r\n\r\n"
        ),
        (
            "Content-Type: text/plain; name*0=\"ré\"; name*1=\"su\"; charset=utf-8; x=\"a\\\"b\"\n\n",
            "Content-Type: text/plain;\r\n charset=\"utf-8\";\r\n x=\"a\\\"b\"\r\n\r\n"
        ),
        ("Content-Type: text/plain (schön); charset=x\n\n", "Content-Type: text/plain;\r\n charset=\"x\"\r\n\r\n"),
        ("Content-Type: téxt/plain\nX: y\n\n", "X: y\r\n\r\n"),
        // §2.4
        ("Received: by mé\nX-Note: ü\n more\nMessage-ID: <é@b>\nDate: x\n\n", "Date: x\r\n\r\n"),
        ("Bad line ü\nÜ: x\nDate: x\n\n", "Date: x\r\n\r\n"), ("Subject: ü", "Subject: \(word("ü"))\r\n"),
    ]

    @Test("Field by field", arguments: table)
    func fields(header: String, expected: String?) {
        #expect(Self.made(header) == expected)
    }

    @Test("Octets that are no UTF-8 stay as they are, beside fields that are")
    func otherOctets() {
        let latin = octets("Subject: caf") + [0xE9, 0x0D, 0x0A]
        #expect(SurrogateHeader.make(of: latin + octets("\r\n")) == nil)
        #expect(SurrogateHeader.make(of: latin + octets("X: é\r\n\r\nü")) == latin + octets("\r\nü"))
    }

    @Test("Encoded-words divide no character, keep to their line, and read as they were", arguments: [1, 35, 400])
    func encodedWords(count: Int) {
        for text in ["é", "日本", "a", "🐦x"] {
            let long = String(repeating: text, count: count)
            let words = EncodedWord.encode(long)
            #expect(words.allSatisfy { $0 < 0x80 })
            let lines = String(decoding: words, as: UTF8.self).split(separator: "\r\n ")
            #expect(lines.allSatisfy { $0.utf8.count <= 60 })
            #expect(EncodedWord.decode(octets(lines.joined(separator: " "))) == long)
        }
    }

    private static let mixed = message(
        """
        From: jörg@b.example
        Subject: plain
        Content-Type: multipart/mixed; boundary=b

        préamble
        --b
        Content-Disposition: attachment; filename=ü.txt

        bödy
        --b
        Content-Type: message/rfc822

        Subject: cöntent

        x
        --b--

        """
    )

    @Test("However a message is cut into pieces, and its size", arguments: [1, 2, 3, 7, 40, 1000])
    func pieces(size: Int) throws {
        let structure = MessageStructure(parsing: Self.mixed)
        #expect(structure.hasEightBitHeader == true && structure.headers.count == 3)
        let surrogate = try #require(
            SurrogateMessage(
                size: structure.size,
                headers: structure.headers.map { ($0, Array(Self.mixed[Int($0.lowerBound)..<Int($0.upperBound)])) }
            )
        )
        var sent: [UInt8] = []
        for start in stride(from: 0, to: Self.mixed.count, by: size) {
            let piece = Array(Self.mixed[start..<min(start + size, Self.mixed.count)])
            sent += surrogate.exchanged(piece, at: UInt64(start))
        }
        let expected = String(decoding: Self.mixed, as: UTF8.self)
            .replacing("From: jörg@b.example", with: "From: \(Self.word("<jörg@b.example>")) \(Self.invalid)")
            .replacing("attachment; filename=ü.txt", with: "attachment")
        #expect(String(decoding: sent, as: UTF8.self) == expected)
        #expect(surrogate.size == UInt64(sent.count))
    }

    @Test("Which messages have to be looked at is kept with their structure; not what earlier releases kept")
    func summary() throws {
        for (text, has) in [("Subject: x\n\nü", false), ("Subject: ü\n\nx", true), ("", false)] {
            let made = MessageSummary(parsing: message(text))
            #expect(made.structure.hasEightBitHeader == has)
            var bytes = made.encode()
            #expect(MessageSummary.decode(bytes) == made)
            var earlier = made
            earlier.structure.hasEightBitHeader = nil
            bytes = earlier.encode()
            #expect(bytes.first == 2 && MessageSummary.decode(bytes) == earlier)
        }
    }

    @Test("What does not belong to the message is passed over")
    func foreignRanges() {
        let header = octets("X: ü\r\n")
        #expect(SurrogateMessage(size: 3, headers: [(0..<7, header)]) == nil)
        #expect(SurrogateMessage(size: 0, headers: []) == nil)
        #expect(SurrogateMessage(size: 20, headers: [(5..<12, header), (0..<7, header)])?.size == 13)
    }
}
