// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

import IMAPServer
import MailTypes
import Testing

@Suite("I18NLEVEL=1 (RFC 5255 §4)", .timeLimit(.minutes(20)))
struct CollationTests {
    /// The first four have the subjects of RFC 5255 §4.6: of the first and the third the octets are not in their charset.
    private static let mails = [
        "Subject: =?utf-8?b?0MDQvdC00YDQtdC5?=\r\nTo: d@x\r\n\r\nx\r\n",
        "Subject: =?utf-8?b?0YHQldCg0JPQldCZ?=\r\nTo: c@x\r\n\r\nx\r\n",
        "Subject: =?utf-8?b?0JLQsNGB0LjQu9C4/7k=?=\r\nTo: b@x\r\n\r\nx\r\n",
        "Subject: =?koi8-r?b?4czFy9PFyg==?=\r\nTo: a@x\r\n\r\nx\r\n",
        "From: =?utf-8?q?=C3=89va?= <_@x>\r\nSubject: =?utf-8?q?=EF=BC=A1pfel?=\r\n"
            + "Content-Type: text/plain; charset=iso-8859-1\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n"
            + "Caf=E9 cr=E8me\r\n",
        "From: =?utf-8?q?E=CC=81VA?= <z@x>\r\nSubject: Re: apfel\r\n"
            + "Content-Type: text/plain; charset=utf-8\r\n\r\ncafe\u{301} \u{FF43}re\u{300}me\r\n",
        "From: =?utf-8?q?=CE=A3ua?= <y@x>\r\nSubject: cafe\r\n\r\ncafe creme\r\n",
    ]

    private func selected(_ body: @escaping @Sendable (IMAPTestClient) async throws -> Void) async throws {
        try await Dialogue.selected(Self.mails, body)
    }

    @Test("SEARCH: BODY, TEXT, SUBJECT, FROM, HEADER")
    func search() async throws {
        try await selected { client in
            for (key, text, found) in [
                ("BODY", "CAFÉ c", " 5 6"), ("BODY", "caf", " 5 6 7"), ("BODY", "cafe", " 5 6 7"),
                ("BODY", "cafe c", " 7"), ("TEXT", "crÈme", " 5 6"), ("TEXT", "\u{FF43}rème", " 5 6"),
                ("FROM", "ÉVA", " 5 6"), ("FROM", "eva", ""), ("FROM", "ςu", " 7"), ("SUBJECT", "apfel", " 5 6"),
                ("HEADER Subject", "ａPFEL", " 5 6"), ("CC", "é", ""), ("TO", "A@X", " 4"),
                // What is UTF-8 in a text that is not, wholly.
                ("SUBJECT", "вас", " 3"), ("SUBJECT", "алЕ", " 4"),
            ] {
                try await client.expect(
                    "SEARCH CHARSET UTF-8 \(key) {\(text.utf8.count)+}\r\n\(text)",
                    ["SEARCH\(found)", "OK SEARCH completed"]
                )
            }
        }
    }

    @Test("SORT: what is in no charset is behind all others, by its octets")
    func sort() async throws {
        try await selected { client in
            try await client.expect("SORT (SUBJECT) UTF-8 1:4", ["SORT 4 2 3 1", "OK SORT completed"])
            try await client.expect("SORT (REVERSE SUBJECT) UTF-8 1:4", ["SORT 1 3 2 4", "OK SORT completed"])
            try await client.expect("SORT (SUBJECT) UTF-8 ALL", ["SORT 5 6 7 4 2 3 1", "OK SORT completed"])
            // Behind the letters, which count as great ones.
            try await client.expect("SORT (FROM) UTF-8 5:7", ["SORT 7 6 5", "OK SORT completed"])
            try await client.expect("SORT (DISPLAYFROM) UTF-8 5:7", ["SORT 5 6 7", "OK SORT completed"])
        }
    }

    @Test("THREAD: by subjects that compare the same")
    func thread() async throws {
        try await selected { client in
            try await client.expect("THREAD ORDEREDSUBJECT UTF-8 5:7", ["THREAD (5 6)(7)", "OK THREAD completed"])
            try await client.expect("THREAD REFERENCES UTF-8 5:7", ["THREAD (5 6)(7)", "OK THREAD completed"])
        }
    }
}
