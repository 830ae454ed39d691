// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

import MailTypes
import MessageFormat
import Testing

@Suite struct HeaderTests {
    static let header = message("From: a\nsubject : one\n two\nX-Y:\nbad line\nSubject:three\n\nSubject: body\n")

    @Test func fieldsInOrder() {
        let fields = HeaderFields(Self.header)
        let seen = fields.map { field in
            String(decoding: Self.header[field.name], as: UTF8.self) + "=" + (text(fields.unfolded(field)) ?? "")
        }
        #expect(seen == ["From=a", "subject=one two", "X-Y=", "=bad line", "Subject=three"])
        #expect(fields.values(of: "SUBJECT").map(text) == ["one two", "three"])
    }

    @Test(arguments: [
        (["subject"], false, "subject : one\n two\nSubject:three\n\n"),
        (["x-y", "FROM"], false, "From: a\nX-Y:\n\n"),
        (["none"], false, "\n"),
        (["subject", "from"], true, "X-Y:\nbad line\n\n"),
    ])
    func subset(_ names: [String], _ except: Bool, _ expected: String) {
        #expect(HeaderFields(Self.header).subset(names.map(octets), except: except) == message(expected))
    }

    @Test func subsetOfCutHeaderEndsItsLines() {
        #expect(HeaderFields(octets("A: b")).subset([octets("a")]) == octets("A: b\r\n\r\n"))
    }

    @Test(arguments: [
        ("a@x.test", ["-|-|a|x.test"]),
        ("<a@x.test>", ["-|-|a|x.test"]),
        ("John Doe <jdoe@x.test>", ["John Doe|-|jdoe|x.test"]),
        ("\"Doe, John\" <jdoe@x.test>, b@y.test", ["Doe, John|-|jdoe|x.test", "-|-|b|y.test"]),
        ("jdoe@x.test (John (the) Doe)", ["John (the) Doe|-|jdoe|x.test"]),
        ("Pete(A nice \\) chap) <pete(his account)@silly.test(his host)>", ["Pete|-|pete|silly.test"]),
        ("A Group:Ed <c@a.test>,joe@where.test;", ["-|-|A Group|-", "Ed|-|c|a.test", "-|-|joe|where.test", "-|-|-|-"]),
        ("Undisclosed recipients:;", ["-|-|Undisclosed recipients|-", "-|-|-|-"]),
        ("g:a@x.test", ["-|-|g|-", "-|-|a|x.test", "-|-|-|-"]),
        ("<@a.test,@b.test:c@d.test>", ["-|@a.test,@b.test|c|d.test"]),
        ("\"a b\"@x.test", ["-|-|a b|x.test"]),
        ("a . b @ x . test", ["-|-|a.b|x.test"]),
        ("John Doe jdoe@x.test", ["John Doe|-|jdoe|x.test"]),
        ("a@[192.0.2.1]", ["-|-|a|[192.0.2.1]"]),
        ("=?utf-8?Q?J=C3=B6rg?= <j@x.test>", ["=?utf-8?Q?J=C3=B6rg?=|-|j|x.test"]),
        ("Jörg <jörg@bücher.test>", ["Jörg|-|jörg|bücher.test"]),
        ("nobody", ["-|-|nobody|"]),
        ("No Body", ["No Body|-||"]),
        ("<>", ["-|-||"]),
        ("", []),
        (" , ,, ", []),
        ("a@b@c", ["-|-|a@b|c"]),
        ("a <b@c, d <e@f>", ["a|-|b|c", "d|-|e|f"]),
        ("a <b@c> d <e@f>", ["a|-|b|c", "d|-|e|f"]),
        ("\"unclosed <a@b>", ["unclosed <a@b>|-||"]),
        ("(unclosed a@b", []),
        ("<a@b", ["-|-|a|b"]),
        ("Joe Q. Public <joe@x.test>", ["Joe Q. Public|-|joe|x.test"]),
        ("\"\" <a@b>", ["|-|a|b"]),
        ("::::", ["-|-||-", ":::|-||", "-|-|-|-"]),
    ])
    func addresses(_ value: String, _ expected: [String]) {
        #expect(EnvelopeAddress.list(parsing: octets(value)).map(\.notation) == expected)
    }

    @Test func envelope() {
        let envelope = Envelope(
            parsingHeader: message(
                """
                Date: Tue, 1 Jul 2003 10:52:37 +0200
                Subject: =?utf-8?Q?a?=
                 b
                From: a@x.test
                From: b@x.test
                Reply-To:
                To: c@x.test
                Cc: g:d@x.test;
                Message-ID: <1@x>
                In-Reply-To:
                """
            )
        )
        #expect(text(envelope.subject) == "=?utf-8?Q?a?= b")
        #expect(envelope.from.map(\.notation) == ["-|-|a|x.test", "-|-|b|x.test"])
        #expect(envelope.effectiveSender == envelope.from && envelope.effectiveReplyTo == envelope.from)
        #expect(envelope.cc.count == 3 && envelope.bcc.isEmpty)
        #expect(envelope.inReplyTo == [] && text(envelope.messageID) == "<1@x>")
        #expect(envelope.sentDate?.utcText == "2003-07-01T08:52:37Z")
        #expect(Envelope(parsingHeader: []) == Envelope())
    }

    @Test(arguments: [
        ("Tue, 1 Jul 2003 10:52:37 +0200", "2003-07-01T08:52:37Z"),
        ("1 Jul 03 10:52 GMT", "2003-07-01T10:52:00Z"),
        ("Fri, 21 Nov 1997 09(comment):   55  :  06 -0600", "1997-11-21T15:55:06Z"),
        ("21 Nov 97 09:55:06 EST", "1997-11-21T14:55:06Z"),
        ("Tue Jul  1 10:52:37 2003", "2003-07-01T10:52:37Z"),
        ("Tue Jul  1 10:52:37 PDT 2003", "2003-07-01T17:52:37Z"),
        ("1-Jul-2003 10:52:37 +0000", "2003-07-01T10:52:37Z"),
        ("1 Jul 103 10:52:37 A", "2003-07-01T10:52:37Z"),
        ("Thursday, 1 January 1970 00:00:60 +0000 (UTC)", "1970-01-01T00:00:59Z"),
        ("1 Jul 2003 10:52:37 +01:30", "2003-07-01T09:22:37Z"),
        ("1 Jul 2003 10:52:37 +9999", "2003-07-01T10:52:37Z"),
    ])
    func dates(_ value: String, _ expected: String) {
        #expect(MailDate(headerField: octets(value))?.utcText == expected)
    }

    @Test(arguments: [
        "", "x", "32 Jul 2003 10:52:37 +0000", "1 Jul 2003", "1 Jul 2003 25:00:00", "1 Foo 2003 10:00", ":::::",
        "99999999999999999999 Jul 2003 10:52:37", "30 Feb 2003 10:00:00 +0000",
    ])
    func noDate(_ value: String) {
        #expect(MailDate(headerField: octets(value)) == nil)
    }

    /// Of the form that is read where it lies, of others, and of what is like it and means something else.
    private static let datePieces = [
        ["", "Tue, ", "Tue,", "Mar, ", "tuesday, ", "Tue ", " Tue, ", "(x) "], ["1", "01", "31", "32", "001", ""],
        [" ", "  ", "-", "\t"], ["Jul", "jul", "July", "Feb", "Foo", "7"], [" ", "  ", ""],
        ["2003", "03", "103", "12003", "0000"], [" ", "  ", "\r\n "],
        ["10:52:37", "10:52", "1:52", "10:52:7", "24:00:00", "10:52:60", "10:60:00", "10:52:37.5"], [" ", ""],
        ["+0200", "-0330", "+2400", "+0060", "+02", "GMT", "", "+0200 (CEST)", "+0200 (a (b))", "+0200 x", "+0200 1"],
    ]

    @Test func datesInPlaceAreThoseOfTheReaderOfAllForms() {
        var generator = SystemRandomNumberGenerator()
        var plain = 0
        for round in 0..<4000 {
            // Mostly as almost all are.
            let value = Self.datePieces.map { choices in
                Int.random(in: 0..<12, using: &generator) == 0
                    ? choices.randomElement(using: &generator) ?? "" : choices[0]
            }.joined()
            let field = octets(value)
            let whole = MailDate(headerField: field)
            #expect(MailDate(headerField: field, at: field.indices) == whole, "\(value)")
            #expect(
                MailDate(headerField: octets("1 ") + field + octets("1"), at: 2..<2 + field.count) == whole,
                "\(value)"
            )
            if whole != nil { plain += 1 }
            if round == 0 { #expect(MailDate(headerField: [], at: 0..<0) == nil) }
        }
        #expect(plain > 1000)
    }
}
