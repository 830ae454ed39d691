// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

import MessageFormat
import Testing

@Suite struct SearchTests {
    static let bytes = message(
        """
        Subject: =?utf-8?Q?Gr=C3=BC=C3=9Fe?= folded
         value
        Content-Type: multipart/mixed; boundary=b

        preamble-only
        --b
        Content-Type: text/plain; charset=iso-8859-1
        Content-Transfer-Encoding: quoted-printable

        Stra=DFe und M=FCnchen, soft=
        break
        two
        lines
        --b
        Content-Type: text/html; charset=utf-8
        Content-Transfer-Encoding: base64

        PHA+QsO8Y2hlcjwvcD4=
        --b
        Content-Type: message/rfc822

        Subject: embedded-subject

        embedded-body
        --b
        Content-Type: application/octet-stream; name=attachment-name

        binary-only
        --b--
        """
    )

    @Test(arguments: [
        ("GRÜßE FOLDED VALUE", false, true), ("subject: grü", false, true), ("straße", true, true),
        ("MÜNCHEN", true, true), ("munchen", false, false), ("mu", true, true), ("\u{FF2D}u\u{308}nchen", true, true),
        ("softbreak", true, true), ("two  lines", true, true), ("<p>bücher", true, true),
        ("embedded-subject", true, true),
        ("Embedded-Body", true, true), ("attachment-name", false, true), ("binary-only", false, false),
        ("preamble-only", false, false), ("absent", false, false), ("", true, true), ("lines<p>", false, false),
    ])
    func terms(_ wanted: String, _ inBody: Bool, _ inText: Bool) {
        let structure = MessageStructure(parsing: Self.bytes)
        let needle = SearchNeedle(wanted)
        let terms = [MessageSearch.Term(needle, in: .body), MessageSearch.Term(needle, in: .text)]
        #expect(MessageSearch.find(terms, in: structure, of: Self.bytes) == [inBody, inText])
        var search = MessageSearch(terms, in: structure)
        for (offset, octet) in Self.bytes.enumerated() { search.take([octet], at: UInt64(offset)) }
        #expect(search.finish() == [inBody, inText])
    }

    @Test(arguments: [
        ("subject", "folded", true), ("SUBJECT", "GRÜSSE", false), ("Subject", "grüße folded value", true),
        ("subject", "", true), ("x-none", "", false), ("content-type", "multipart", true),
        ("content-type", "text", false),
        ("subject", "subject", false), ("subject", " grüße", false), ("subj", "folded", false), ("", "", false),
    ])
    func headers(_ name: String, _ wanted: String, _ expected: Bool) {
        let terms = [MessageSearch.Term(SearchNeedle(wanted), in: .header(name))]
        #expect(MessageSearch.find(terms, in: MessageStructure(parsing: Self.bytes), of: Self.bytes) == [expected])
    }

    @Test("What is found out by reading no further than needed", arguments: [40, 1_000_000])
    func reading(_ size: UInt64) {
        let structure = MessageStructure(parsing: Self.bytes)
        let body = MessageSearch.Term(SearchNeedle("absent"), in: .body)
        let header = MessageSearch.Term(SearchNeedle("value"), in: .header("subject"))
        for terms in [[body], [header], [header, body]] {
            var search = MessageSearch(terms, in: structure)
            var last: UInt64 = 0
            while let range = search.wanted {
                #expect(range.lowerBound >= last)
                last = min(range.upperBound, range.lowerBound + size)
                search.take(Array(Self.bytes[Int(range.lowerBound)..<Int(last)]), at: range.lowerBound)
            }
            #expect(search.results == terms.map { $0 == header })
            if terms == [header] { #expect(last <= structure.root.header.upperBound) }
        }
    }

    @Test(
        "Texts are mapped as collations are, and white space is one space",
        arguments: [
            ("a \t\r\n b", "A B"), ("a\u{A0}\u{3000} b", "A B"), ("a\u{85}\u{2028}b", "A B"),
            // A character that is decomposed into a space and a mark.
            ("a \u{AF}b", "A \u{304}B"), ("Straße", "STRAßE"), ("ﬁn", "fiN"),
        ]
    )
    func folding(_ text: String, _ expected: String) {
        #expect(SearchNeedle(text).folded == Array(expected.utf8))
    }

    @Test(arguments: [
        ("aab", "aaaab", true), ("abab", "abaabab", true), ("abcabd", "abcabcabd", true), ("aa", "a", false),
        ("ab", "ba", false),
    ])
    func substrings(_ needle: String, _ haystack: String, _ expected: Bool) {
        #expect(SearchNeedle(needle).isFound(in: haystack) == expected)
    }

    @Test func addresses() {
        let list = EnvelopeAddress.list(parsing: octets("=?utf-8?q?J=C3=B6rg?= <J@X.test>, Group:b@y.test;"))
        for found in ["jörg <j@x", "J@x.TEST", "group", "<b@y"] { #expect(SearchNeedle(found).isFound(in: list)) }
        #expect(!SearchNeedle("c@").isFound(in: list))
    }

    @Test func longPartsAreFoundAcrossBlocks() {
        let filler = String(repeating: "ä", count: 40_000)
        let bytes = octets("Content-Type: text/plain; charset=utf-8\r\n\r\n\(filler)needle\(filler)")
        let structure = MessageStructure(parsing: bytes)
        let terms = [MessageSearch.Term(SearchNeedle("äneedleä"), in: .body)]
        for size in [1_000, 65_537, bytes.count] {
            var search = MessageSearch(terms, in: structure)
            for start in stride(from: 0, to: bytes.count, by: size) {
                search.take(Array(bytes[start..<min(start + size, bytes.count)]), at: UInt64(start))
            }
            #expect(search.finish() == [true])
        }
    }

    @Test(arguments: [
        ("Content-Type: text/plain\n\n> quoted\nHello,\n\n  world \n", "Hello, world"),
        ("Content-Type: text/html\n\n<style>p{}</style><p>A &amp; B&nbsp;&#x43;&lt;</p><!-- x --><br>d", "A & B C< d"),
        ("Content-Type: text/html\n\n<script>if (a<b)</script>x", "x"),
        ("Content-Type: text/html\n\n<", ""),
        ("Content-Type: text/html\n\na &bogus; &", "a &bogus; &"),
        (
            "Content-Type: multipart/alternative; boundary=b\n\n--b\nContent-Type: text/html\n\n<p>h\n--b\n\nplain\n--b--",
            "plain"
        ),
        ("Content-Type: multipart/mixed; boundary=b\n\n--b\nContent-Disposition: attachment\n\nno\n--b--", nil),
        ("Content-Type: image/png\n\nx", nil),
        ("Subject: x\n\n", nil),
        (
            "Subject: x\n\n\(String(repeating: "ab ", count: 200))",
            String(String(repeating: "ab ", count: 67).prefix(200))
        ),
    ])
    func previews(_ source: String, _ expected: String?) {
        let bytes = message(source)
        let part = MessageStructure(parsing: bytes).previewPart
        let preview = part.map { PreviewText.text(of: $0, body: Array(bytes[$0.body.asInt])) }
        #expect(preview == expected)
    }
}
