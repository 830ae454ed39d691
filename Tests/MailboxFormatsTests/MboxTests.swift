// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import MailTypes
internal import MailboxFormats
internal import Testing

/// A message as a test sees it.
private struct Found: Equatable {
    var text: String
    var date: MailDate?
    var flags = FlagSet.none
}

private func parse(
    _ file: [UInt8],
    _ quoting: MboxQuoting = .rd,
    pieces: Int = .max,
    isSeparator: @escaping @Sendable (UInt64) -> Bool = { _ in false }
) -> (messages: [Found], findings: MboxFindings) {
    var parser = MboxParser(quoting: quoting, isSeparator: isSeparator)
    var events: [MboxEvent] = []
    var rest = file[...]
    while !rest.isEmpty {
        parser.feed(Array(rest.prefix(pieces)), into: &events)
        rest = rest.dropFirst(pieces)
    }
    parser.finish(into: &events)
    var messages: [Found] = []
    var octets: [UInt8] = []
    var date: MailDate?
    for event in events {
        switch event {
        case .begin(let separator, _): (octets, date) = ([], separator.date)
        case .octets(let some): octets += some
        case .end(let metadata):
            messages.append(
                Found(text: String(decoding: octets, as: UTF8.self), date: metadata.date ?? date, flags: metadata.flags)
            )
        }
    }
    return (messages, parser.findings)
}

private let line = "From a@b Sat Jan  3 01:05:34 1998\n"

@Suite struct MboxTests {
    private static let january = MailDate(
        year: 1998,
        month: 1,
        day: 3,
        hour: 1,
        minute: 5,
        second: 34,
        zoneMinutes: 0
    )

    @Test(arguments: [
        ("From a@b Sat Jan  3 01:05:34 1998", 0), ("From a b c Sat Jan 3 01:05:34 1998", 0),
        ("From a@b  Sat Jan  3 01:05:34 +0100 1998", 60), ("From a@b Sat Jan  3 01:05:34 1998 -0130", -90),
        ("From - Sat Jan 03 01:05:34 1998", 0), ("From a@b Sat Jan 3 01:05:34 EST 1998 remote from host", -300),
        ("From a@b sat jan 3 01:05:34 1998\r", 0),
    ])
    func `Separators are read in all their forms`(text: String, zone: Int16) {
        let separator = MboxSeparator(parsing: Array(text.utf8)[...])
        #expect(separator?.date?.zoneMinutes == zone)
        #expect((separator?.date?.secondsSince1970 ?? 0) + Int64(zone) * 60 == Self.january?.secondsSince1970)
    }

    @Test(arguments: [
        "From here on", "From ", "From a@b Sat Jan 32 01:05:34 1998", "From a@b Sat Jan 3 25:05:34 1998",
        "From a@b Sat Jan 3 01:05:34", "From a@b Sat Foo 3 01:05:34 1998", "From Sat Jan 3",
    ])
    func `What has no date is no separator`(text: String) {
        #expect(MboxSeparator(parsing: Array(text.utf8)[...]) == MboxSeparator(date: nil))
    }

    private static let files: [(name: String, file: String, texts: [String])] = [
        ("one", line + "A: b\n\ntext\n\n", ["A: b\r\n\r\ntext\r\n"]),
        ("two", line + "A: b\n\none\n\n" + line + "A: c\n\ntwo\n", ["A: b\r\n\r\none\r\n", "A: c\r\n\r\ntwo\r\n"]),
        ("CRLF", line + "A: b\r\n\r\none\r\n\r\n" + line + "A: c\r\n\r\n", ["A: b\r\n\r\none\r\n", "A: c\r\n\r\n"]),
        ("quoted", line + "A: b\n\n>From x\n>>From y\n>x\n", ["A: b\r\n\r\nFrom x\r\n>From y\r\n>x\r\n"]),
        ("no end", line + "A: b\n\ntext", ["A: b\r\n\r\ntext\r\n"]),
        ("empty lines", line + "A: b\n\n\n\nx\n\n\n", ["A: b\r\n\r\n\r\n\r\nx\r\n\r\n"]),
        ("no body", line + "A: b\n\n" + line + "A: c\n\n\n", ["A: b\r\n\r\n", "A: c\r\n\r\n"]),
        (
            "plain From", line + "A: b\n\nx\n\nFrom here on all is text\nx\n",
            ["A: b\r\n\r\nx\r\n\r\nFrom here on all is text\r\nx\r\n"]
        ),
        ("no empty line", line + "A: b\n\nx\n" + line + "A: c\n\ny\n", ["A: b\r\n\r\nx\r\n", "A: c\r\n\r\ny\r\n"]),
        (
            "broken", line + "A: b\n\nx\n\nFrom somebody\nReceived: y\n\ny\n",
            ["A: b\r\n\r\nx\r\n", "Received: y\r\n\r\ny\r\n"]
        ),
        ("nothing", "", []), ("no mbox", "Hello\n\nFrom me\nto you\n", []), ("only separators", line + line, ["", ""]),
        ("a CR", line + "A: b\n\na\rb\n\r\n", ["A: b\r\n\r\na\rb\r\n"]),
    ]

    @Test(arguments: files)
    func `Messages are the same in any pieces`(name: String, file: String, texts: [String]) {
        for pieces in [1, 2, 7, Int.max] {
            #expect(parse(Array(file.utf8), pieces: pieces).messages.map(\.text) == texts, "\(name) by \(pieces)")
        }
    }

    @Test func `Oddities are counted`() {
        var found = parse(Array(("junk\n" + line + "A: b\n\nx\n" + line + "A: c\n\n\nFrom x\nTo: y\n\n").utf8)).findings
        #expect(found.skippedOctets == 4 && found.missingEmptyLines == 1 && found.brokenSeparators == 1)
        found = parse(Array((line + "Content-Length: 5\nA: b\n\nx\n").utf8), .cl2).findings
        #expect(found.wrongLengths == 1)
    }

    @Test func `Flags come from the fields, which are no part of the message`() {
        let file =
            line
            + "Status: RO\nA: b\nX-Status: AF\nX-Keywords: $Junk work\n  more\nX-UID: 7\nX-Mozilla-Status: 1009\n\nStatus: x\n"
        let found = parse(Array(file.utf8)).messages
        #expect(found.map(\.text) == ["A: b\r\n\r\nStatus: x\r\n"])
        #expect(found.first?.flags.system == [.seen, .answered, .flagged, .deleted])
        #expect(Set(found.first?.flags.keywords.map(\.text) ?? []) == ["$Junk", "work", "more", "$Forwarded"])
    }

    @Test func `Other quoting`() {
        let text = line + "A: b\n\n>From x\n>>From y\n"
        #expect(parse(Array(text.utf8), .o).messages.map(\.text) == ["A: b\r\n\r\nFrom x\r\n>>From y\r\n"])
        #expect(parse(Array(text.utf8), .cl2).messages.map(\.text) == ["A: b\r\n\r\n>From x\r\n>>From y\r\n"])
    }

    @Test(arguments: [1, Int.max])
    func `A right Content-Length counts, a wrong one does not`(pieces: Int) {
        let body = "x\n\n" + line + "To: y\n\nend\n"
        let head = line + "A: b\nContent-Length: \(body.utf8.count)\n\n"
        let file = Array((head + body + "\n" + line + "A: c\n\n").utf8)
        let end = UInt64((head + body).utf8.count)
        let right = parse(file, .cl2, pieces: pieces, isSeparator: { $0 == end }).messages
        #expect(right.count == 2)
        #expect(right.first?.text == "A: b\r\n\r\n" + body.replacing("\n", with: "\r\n"))
        #expect(parse(file, .cl2, pieces: pieces).messages.count == 3)
    }

    // MARK: Round trips

    private static let delicate: [String] = [
        "", "\r\n", "x", "\n", "\r", "\r\r\n", "A: b", "A: b\r\n", "A: b\r\n\r\n", "A: b\r\n\r\ntext",
        "A: b\r\n\r\ntext\r\n\r\n\r\n",
        "A: b\r\n\r\nFrom x\r\n>From y\r\n>>From z\r\n From\r\nFrom\r\n>From", "From x\r\nA: b\r\n\r\n",
        "A: b\n\nbare\n", "a\r\r\nb\r\n",
        "Status: RO\r\nX-Martlet-Mbox: size=1\r\nA: b\r\n\r\nx\r\n", " folded at once\r\nA: b\r\n\r\n", "\0\u{1}\r\n\0",
        "A: b\r\n\r\n" + line + "mixed\r\n\r\n" + line, String(repeating: ">", count: 2000) + "From x\r\n",
        "x\r\n\n\r\n\n",
        String(repeating: "long line without end ", count: 10_000), String(repeating: ">", count: 70_000) + "\r\n",
    ]

    @Test(arguments: [1, 3, Int.max])
    func `What was written is read as it was`(pieces: Int) {
        var file: [UInt8] = []
        for (number, text) in Self.delicate.enumerated() {
            let bytes = Array(text.utf8)
            var check = LineEndCheck()
            check.add(bytes)
            var metadata = MboxMetadata()
            metadata.date = MailDate(
                secondsSince1970: 1_700_000_000 + Int64(number),
                zoneMinutes: Int16(number * 30 - 120)
            )
            metadata.system = SystemFlags(rawValue: UInt8(number % 32))
            metadata.keywords = Set(["$Junk", "a", "b"].prefix(number % 4).compactMap { Keyword($0) })
            var writer = MboxWriter(isExact: !check.isPlain)
            file += writer.head(metadata, size: UInt64(bytes.count))
            var rest = bytes[...]
            while !rest.isEmpty {
                file += writer.add(Array(rest.prefix(pieces)))
                rest = rest.dropFirst(pieces)
            }
            file += writer.finish()
        }
        let (messages, findings) = parse(file, pieces: pieces == 1 ? 5000 : pieces)
        #expect(findings == MboxFindings())
        #expect(messages.count == Self.delicate.count)
        for (number, (message, text)) in zip(messages, Self.delicate).enumerated() {
            #expect(message.text == text)
            #expect(
                message.date
                    == MailDate(secondsSince1970: 1_700_000_000 + Int64(number), zoneMinutes: Int16(number * 30 - 120))
            )
            #expect(message.flags.system == SystemFlags(rawValue: UInt8(number % 32)))
            #expect(Set(message.flags.keywords.map(\.text)) == Set(["$Junk", "a", "b"].prefix(number % 4)))
        }
    }
}
