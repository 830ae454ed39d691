// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

import IMAPWire
import MailTypes
import Testing

private let day = CalendarDate(year: 1994, month: 2, day: 1)
private let moment = MailDate(year: 1996, month: 7, day: 17, hour: 2, minute: 44, second: 25, zoneMinutes: -420)

private let accepted: [(String, any IMAPCommand)] =
    [
        ("a CAPABILITY", CapabilityCommand()),
        ("a.1 noop", NoopCommand()),
        ("a LOGOUT", LogoutCommand()),
        ("a STARTTLS", StartTLSCommand()),
        ("a IDLE", IdleCommand()),
        ("a CHECK", CheckCommand()),
        ("a CLOSE", CloseCommand()),
        ("a COMPRESS deflate", CompressCommand("DEFLATE")),
        ("a UNSELECT", UnselectCommand()),
        ("a NAMESPACE", NamespaceCommand()),
        ("a ID NIL", IDCommand()),
        (
            "a ID (\"name\" \"x\" \"os\" NIL)",
            IDCommand([IDParameter("name", "x"), IDParameter(name: Array("os".utf8), value: nil)])
        ),
        ("a AUTHENTICATE PLAIN", AuthenticateCommand(mechanism: Array("PLAIN".utf8))),
        (
            "a authenticate plain =",
            AuthenticateCommand(mechanism: Array("plain".utf8), initialResponse: Array("=".utf8))
        ),
        ("a LOGIN alice secret", LoginCommand(user: Array("alice".utf8), password: Array("secret".utf8))),
        (
            "a LOGIN \"al\\\"ice\" {6}\r\nsecret",
            LoginCommand(user: Array("al\"ice".utf8), password: Array("secret".utf8))
        ),
        (
            "a LOGIN {5+}\r\nalice \"pässword\"",
            LoginCommand(user: Array("alice".utf8), password: Array("pässword".utf8))
        ),
        ("a ENABLE condstore QRESYNC", EnableCommand(["CONDSTORE", "QRESYNC"])),
        ("a SELECT inbox", SelectCommand(mailbox: "inbox")),
        ("a SELECT \"Sent Items\"", SelectCommand(mailbox: "Sent Items")),
        ("a SELECT Entw&APw-rfe", SelectCommand(mailbox: "Entwürfe")),
        ("a SELECT \"Entwürfe\"", SelectCommand(mailbox: "Entwürfe")),
        ("a SELECT \"a &- b\"", SelectCommand(mailbox: "a & b")),
        ("a EXAMINE {3}\r\nfoo", ExamineCommand(mailbox: "foo")),
        (
            "a SELECT foo (CONDSTORE)",
            SelectCommand(mailbox: "foo", parameters: SelectParameters(wantsModSeqs: true))
        ),
        (
            "a EXAMINE foo (QRESYNC (67890007 20050715194045000 41,43:211 (1:9 41:49)))",
            ExamineCommand(
                mailbox: "foo",
                parameters: SelectParameters(
                    resynchronization: .init(
                        uidValidity: UIDValidity(67_890_007),
                        modSeq: ModSeq(20_050_715_194_045_000),
                        knownUIDs: set("41,43:211"),
                        match: .init(numbers: set("1:9"), uids: set("41:49"))
                    )
                )
            )
        ),
        (
            "a SELECT foo (QRESYNC (1 2) condstore)",
            SelectCommand(
                mailbox: "foo",
                parameters: SelectParameters(
                    wantsModSeqs: true,
                    resynchronization: .init(uidValidity: UIDValidity(1), modSeq: ModSeq(2))
                )
            )
        ),
        (
            "a SELECT foo (QRESYNC (1 2 (3 4)))",
            SelectCommand(
                mailbox: "foo",
                parameters: SelectParameters(
                    resynchronization: .init(
                        uidValidity: UIDValidity(1),
                        modSeq: ModSeq(2),
                        match: .init(numbers: set("3"), uids: set("4"))
                    )
                )
            )
        ),
        ("a STATUS foo (highestmodseq)", StatusCommand(mailbox: "foo", items: [.highestModSeq])),
        (
            "a UID FETCH 300:500 (FLAGS MODSEQ) (CHANGEDSINCE 12345 VANISHED)",
            FetchCommand(
                set("300:500"),
                numbers: .uid,
                items: [.flags, .modSeq],
                changedSince: ModSeq(12345),
                wantsVanished: true
            )
        ),
        (
            "a FETCH $ (BINARY[1.2]<0.9> BINARY.PEEK[] BINARY.SIZE[3])",
            FetchCommand(
                .savedResult,
                items: [
                    .binary(part: [1, 2], peek: false, partial: Partial(offset: 0, count: 9)),
                    .binary(part: [], peek: true, partial: nil), .binarySize(part: [3]),
                ]
            )
        ),
        (
            "a STORE 7,5,9 (UNCHANGEDSINCE 320162338) +FLAGS.SILENT (\\Deleted)",
            StoreCommand(
                set("7,5,9"),
                .add,
                FlagSet(system: .deleted),
                isSilent: true,
                unchangedSince: ModSeq(320_162_338)
            )
        ),
        (
            "a STORE 1 (unchangedsince 0) FLAGS (\\Seen)",
            StoreCommand(set("1"), .replace, FlagSet(system: .seen), unchangedSince: .zero)
        ),
        ("a SEARCH MODSEQ 620162338", SearchCommand(.modSeq(ModSeq(620_162_338)))),
        (
            "a SEARCH OR NOT MODSEQ 720162338 LARGER 50000",
            SearchCommand(.or(.not(.modSeq(ModSeq(720_162_338))), .larger(50_000)))
        ),
        (
            "a UID SEARCH RETURN (MIN MAX ALL COUNT SAVE) CHARSET UTF-8 UID $",
            SearchCommand(
                .uid(.savedResult),
                numbers: .uid,
                returned: SearchReturn([.minimum, .maximum, .all, .count, .save]),
                charset: Array("UTF-8".utf8)
            )
        ),
        (
            "a SEARCH RETURN (PARTIAL -1:-100 count) ALL",
            SearchCommand(.all, returned: SearchReturn(.count, partial: PartialRange(1, 100, isFromEnd: true)))
        ),
        (
            "a UID FETCH 1:9 (UID) (PARTIAL 4:2)",
            FetchCommand(set("1:9"), numbers: .uid, items: [.uid], partial: PartialRange(4, 2))
        ),
        (
            "a SORT (REVERSE DATE subject) utf-8 SINCE 1-Feb-1994",
            SortCommand(
                [SortCriterion(.date, isReverse: true), SortCriterion(.subject)],
                day.map { .date(.internalDate, .since, $0) } ?? .all,
                charset: Array("utf-8".utf8)
            )
        ),
        (
            "a UID SORT RETURN (ALL PARTIAL 1:5) (DISPLAYFROM ARRIVAL CC SIZE TO DISPLAYTO FROM) US-ASCII ALL UNSEEN",
            SortCommand(
                [.displayFrom, .arrival, .cc, .size, .to, .displayTo, .from].map { SortCriterion($0) },
                .and([.all, .flag(.seen, isSet: false)]),
                numbers: .uid,
                returned: SearchReturn(.all, partial: PartialRange(1, 5)),
                charset: Array("US-ASCII".utf8)
            )
        ),
        (
            "a THREAD references UTF-8 ALL",
            ThreadCommand(.references, .all, charset: Array("UTF-8".utf8))
        ),
        (
            "a UID THREAD ORDEREDSUBJECT \"UTF-8\" TO x",
            ThreadCommand(
                .orderedSubject,
                .header(name: Array("TO".utf8), value: Array("x".utf8)),
                numbers: .uid,
                charset: Array("UTF-8".utf8)
            )
        ),
        ("a SEARCH return () $", SearchCommand(.sequence(.savedResult), returned: SearchReturn())),
        ("a CREATE foo", CreateCommand(mailbox: "foo")),
        ("a CREATE foo (USE (\\Sent \\drafts))", CreateCommand(mailbox: "foo", specialUse: [.sent, .drafts])),
        ("a DELETE foo]", DeleteCommand(mailbox: "foo]")),
        ("a RENAME a b", RenameCommand(mailbox: "a", target: "b")),
        ("a SUBSCRIBE NIL", SubscribeCommand(mailbox: "NIL")),
        ("a UNSUBSCRIBE x", UnsubscribeCommand(mailbox: "x")),
        ("a LIST \"\" *", ListCommand(reference: "", pattern: "*")),
        ("a LIST ~/ %/foo", ListCommand(reference: "~/", pattern: "%/foo")),
        ("a LSUB \"\" \"%\"", LsubCommand(reference: "", pattern: "%")),
        ("a STATUS foo (MESSAGES unseen)", StatusCommand(mailbox: "foo", items: [.messages, .unseen])),
        ("a EXPUNGE", ExpungeCommand()),
        ("a UID EXPUNGE 3:5", ExpungeCommand(uids: set("3:5"))),
        ("a FETCH 1 FLAGS", FetchCommand(set("1"), items: [.flags])),
        ("a FETCH 1:* FAST", FetchCommand(set("1:*"), items: [.flags, .internalDate, .rfc822Size])),
        ("a fetch 2,4:7 (uid envelope)", FetchCommand(set("2,4:7"), items: [.uid, .envelope])),
        (
            "a UID FETCH *:4 BODY[]",
            FetchCommand(set("*:4"), numbers: .uid, items: [.section(SectionSpecifier(), peek: false, partial: nil)])
        ),
        (
            "a FETCH 1 (BODY BODYSTRUCTURE RFC822 RFC822.HEADER RFC822.TEXT RFC822.SIZE SAVEDATE)",
            FetchCommand(
                set("1"),
                items: [.body, .bodyStructure, .rfc822, .rfc822Header, .rfc822Text, .rfc822Size, .saveDate]
            )
        ),
        (
            "a FETCH 1 BODY.PEEK[1.2.MIME]<0.10>",
            FetchCommand(
                set("1"),
                items: [
                    .section(
                        SectionSpecifier(part: [1, 2], text: .mime),
                        peek: true,
                        partial: Partial(offset: 0, count: 10)
                    )
                ]
            )
        ),
        (
            "a FETCH 1 (BODY[HEADER.FIELDS (To \"From\")] BODY[2.HEADER.FIELDS.NOT (x)])",
            FetchCommand(
                set("1"),
                items: [
                    .section(
                        SectionSpecifier(text: .headerFields([Array("To".utf8), Array("From".utf8)])),
                        peek: false,
                        partial: nil
                    ),
                    .section(
                        SectionSpecifier(part: [2], text: .headerFieldsNot([Array("x".utf8)])),
                        peek: false,
                        partial: nil
                    ),
                ]
            )
        ),
        (
            "a FETCH 1 (BODY[TEXT] BODY[3.TEXT] BODY[HEADER] BODY[1])",
            FetchCommand(
                set("1"),
                items: [
                    .section(SectionSpecifier(text: .text), peek: false, partial: nil),
                    .section(SectionSpecifier(part: [3], text: .text), peek: false, partial: nil),
                    .section(SectionSpecifier(text: .header), peek: false, partial: nil),
                    .section(SectionSpecifier(part: [1]), peek: false, partial: nil),
                ]
            )
        ),
        (
            "a STORE 1 +FLAGS (\\Seen $Forwarded)",
            StoreCommand(
                set("1"),
                .add,
                FlagSet(system: .seen, keywords: Set([Keyword("$Forwarded")].compactMap(\.self)))
            )
        ),
        (
            "a STORE 1:2 -flags.silent \\deleted \\Draft",
            StoreCommand(set("1:2"), .remove, FlagSet(system: [.deleted, .draft]), isSilent: true)
        ),
        ("a UID STORE 9 FLAGS ()", StoreCommand(set("9"), numbers: .uid, .replace, .none)),
        ("a SEARCH ALL", SearchCommand(.all)),
        (
            "a UID SEARCH CHARSET utf-8 SUBJECT {2}\r\nü",
            SearchCommand(
                .header(name: Array("SUBJECT".utf8), value: Array("ü".utf8)),
                numbers: .uid,
                charset: Array("utf-8".utf8)
            )
        ),
        (
            "a SEARCH OR (1:3 SEEN) NOT LARGER 10",
            SearchCommand(.or(.and([.sequence(set("1:3")), .flag(.seen, isSet: true)]), .not(.larger(10))))
        ),
        (
            "a SEARCH HEADER X-Y \"\" YOUNGER 3600 UID 5:*",
            SearchCommand(.and([.header(name: Array("X-Y".utf8), value: []), .younger(3600), .uid(set("5:*"))]))
        ),
        ("a COPY 1 foo", CopyCommand(set("1"), to: "foo")),
        ("a UID MOVE 1,2 foo", MoveCommand(set("1,2"), numbers: .uid, to: "foo")),
        (
            "a APPEND foo {310}",
            AppendCommand(
                mailbox: "foo",
                message: AppendMessage(literal: LiteralMarker(count: 310, isSynchronizing: true))
            )
        ),
        (
            "a APPEND foo utf8 (~{310+}",
            AppendCommand(
                mailbox: "foo",
                message: AppendMessage(
                    literal: LiteralMarker(count: 310, isSynchronizing: false, isBinary: true),
                    isUTF8: true
                )
            )
        ),
        (
            "a REPLACE 4 foo (\\Seen) {5}",
            ReplaceCommand(
                set("4"),
                mailbox: "foo",
                message: AppendMessage(
                    flags: FlagSet(system: .seen),
                    literal: LiteralMarker(count: 5, isSynchronizing: true)
                )
            )
        ),
        (
            "a UID REPLACE * foo ~{5+}",
            ReplaceCommand(
                set("*"),
                numbers: .uid,
                mailbox: "foo",
                message: AppendMessage(literal: LiteralMarker(count: 5, isSynchronizing: false, isBinary: true))
            )
        ),
        (
            "a FETCH 1 (PREVIEW PREVIEW (LAZY))",
            FetchCommand(set("1"), items: [.preview(isLazy: false), .preview(isLazy: true)])
        ),
        (
            "a APPEND {3}\r\nfoo (\\Seen) \"17-Jul-1996 02:44:25 -0700\" {0+}",
            AppendCommand(
                mailbox: "foo",
                message: AppendMessage(
                    flags: FlagSet(system: .seen),
                    internalDate: moment,
                    literal: LiteralMarker(count: 0, isSynchronizing: false)
                )
            )
        ),
    ]
    + (day.map {
        [
            (
                "a SEARCH SINCE 1-Feb-1994 SENTON \"01-Feb-1994\" SAVEDBEFORE 1-Feb-1994",
                SearchCommand(
                    .and([.date(.internalDate, .since, $0), .date(.sent, .on, $0), .date(.saved, .before, $0)])
                )
            )
        ]
    } ?? [])
    + (Keyword("x").map {
        [
            (
                "a SEARCH UNDELETED KEYWORD x NEW OLD",
                SearchCommand(
                    .and([
                        .flag(.deleted, isSet: false), .keyword($0, isSet: true),
                        .and([.recent, .flag(.seen, isSet: false)]), .not(.recent),
                    ])
                )
            )
        ]
    } ?? [])

@Test(arguments: accepted.indices)
func readsCommands(index: Int) throws {
    let (text, expected) = accepted[index]
    let command = try parseCommand(Array(text.utf8))
    #expect(expected.equals(command), "\(text) -> \(command)")
}

/// What a command encodes to reads as the same command.
@Test(arguments: accepted.indices)
func encodesWhatItReads(index: Int) throws {
    let (_, command) = accepted[index]
    let octets = frame(command.encoded(tag: "t1"))
    let again = try parseCommand(octets)
    #expect(command.equals(again), "\(String(decoding: octets, as: UTF8.self))")
}

/// A command cut anywhere, or with one octet changed, is an error or another command, and never a trap.
@Test(arguments: accepted.indices)
func readsDamagedCommands(index: Int) throws {
    let octets = Array(accepted[index].0.utf8)
    for cut in octets.indices { _ = try? parseCommand(Array(octets[..<cut])) }
    for place in octets.indices {
        for octet: UInt8 in [
            0, 9, 10, 13, 32, 34, 40, 41, 42, 43, 46, 48, 57, 60, 65, 91, 92, 93, 123, 125, 127, 128, 255,
        ] {
            var changed = octets
            changed[place] = octet
            _ = try? parseCommand(changed)
        }
    }
}

private let refused: [(String, offset: Int, expected: String)] = [
    ("", 0, "a tag"),
    (" NOOP", 0, "a tag"),
    ("a", 1, "a space"),
    ("a ", 2, "a command"),
    ("a NOOP x", 6, "the end of the NOOP command"),
    ("a UID", 5, "a space"),
    ("a UID NOOP", 10, "after UID"),
    ("a LOGIN", 7, "a space"),
    ("a LOGIN  x", 8, "a user name"),
    ("a LOGIN x", 9, "a space"),
    ("a LOGIN \"x", 10, "the end of the quoted string"),
    ("a LOGIN \"x\\y\" z", 11, "after \"\\\""),
    ("a LOGIN {3}\r\nal", 13, "3 octets of a literal"),
    ("a SELECT &", 9, "modified UTF-7"),
    ("a SELECT a&AGE-", 9, "modified UTF-7"),
    ("a SELECT \"\u{1}\"", 9, "modified UTF-7"),
    ("a FETCH 0 FLAGS", 8, "above 0"),
    ("a FETCH 4294967296 FLAGS", 8, "above 0"),
    ("a FETCH 1: FLAGS", 10, "above 0"),
    ("a FETCH 1", 9, "a space"),
    ("a FETCH 1 ()", 11, "a FETCH item"),
    ("a FETCH 1 (FLAGS", 16, "\")\""),
    ("a FETCH 1 BODY[", 15, "HEADER"),
    ("a FETCH 1 BODY[MIME]", 15, "HEADER"),
    ("a FETCH 1 BODY[1.]", 17, "a part number"),
    ("a FETCH 1 BODY[0]", 15, "a part number above 0"),
    ("a FETCH 1 BODY[HEADER.FIELDS ()]", 30, "a header field name"),
    ("a FETCH 1 BODY[]<0>", 18, "\".\""),
    ("a FETCH 1 BODY[]<0.0>", 19, "above 0"),
    ("a FETCH 1 RFC822.SIZES", 10, "a FETCH item"),
    ("a STORE 1 FLAG (x)", 10, "FLAGS"),
    ("a STORE 1 FLAGS (\\Foo)", 17, "a flag that exists"),
    ("a STORE 1 FLAGS (x", 18, "\")\""),
    ("a SEARCH", 8, "a space"),
    ("a SEARCH FOO", 9, "a search key"),
    ("a SEARCH NOT", 12, "what NOT needs"),
    ("a SEARCH ON 31-Feb-2000", 12, "a date"),
    ("a SEARCH ON 1-Foo-2000", 14, "month"),
    ("a SEARCH (ALL", 13, "\")\""),
    ("a STATUS x ()", 12, "a STATUS item"),
    ("a APPEND x \"17-Jul-1996 25:44:25 -0700\" {1}", 11, "a date and time"),
    ("a APPEND x hello", 11, "the message as a literal"),
    ("a APPEND x UTF8 ({5}", 20, "a literal8"),
    ("a REPLACE 1:2 x {5}", 10, "the number of one message"),
    ("a REPLACE $ x {5}", 10, "the number of one message"),
    ("a CREATE x (USE \\Sent)", 16, "\"(\""),
    ("a LIST (RECURSIVEMATCH) \"\" *", 7, "another selection option"),
    ("a ENABLE", 8, "a space"),
    ("a SELECT x (", 12, "CONDSTORE"),
    ("a SELECT x (QRESYNC (0 1))", 21, "a UIDVALIDITY"),
    ("a SELECT x (QRESYNC (1 0))", 23, "a mod-sequence above 0"),
    ("a SELECT x (QRESYNC (1 2 *))", 25, "a set of numbers"),
    ("a SELECT x (QRESYNC (1 2 (3)))", 27, "a space"),
    ("a FETCH 1 FLAGS (CHANGEDSINCE)", 29, "a space"),
    ("a FETCH 1 FLAGS (CHANGEDSINCE 9223372036854775808)", 30, "a mod-sequence"),
    ("a FETCH 1 FLAGS (GONE)", 17, "CHANGEDSINCE, VANISHED"),
    ("a FETCH 1 FLAGS (PARTIAL 0:1)", 25, "a place above 0"),
    ("a FETCH 1 FLAGS (PARTIAL -1:1)", 28, "\"-\""),
    ("a SORT () UTF-8 ALL", 8, "a sort key"),
    ("a SORT (REVERSE) UTF-8 ALL", 15, "a space"),
    ("a SORT (MOON) UTF-8 ALL", 8, "a sort key"),
    ("a SORT (DATE) UTF-8", 19, "a space"),
    ("a THREAD MAGIC UTF-8 ALL", 9, "ORDEREDSUBJECT"),
    ("a FETCH 1 BINARY[TEXT]", 17, "a part number or"),
    ("a FETCH 1 BINARY.SIZE[1]<0.1>", 24, "a space"),
    ("a STORE 1 (UNCHANGEDSINCE -1) FLAGS (x)", 26, "a mod-sequence"),
    ("a STORE 1 (UNCHANGED 1) FLAGS (x)", 11, "UNCHANGEDSINCE"),
    ("a SEARCH RETURN (FIRST) ALL", 17, "MIN, MAX"),
    ("a SEARCH RETURN (MIN)", 21, "a space"),
    ("a SEARCH MODSEQ \"/flags/\\\\draft\" mine 1", 33, "priv, shared or all"),
    ("a FETCH $,1 FLAGS", 9, "a space"),
]

@Test(arguments: refused.indices)
func saysWhereAndWhatWasExpected(index: Int) {
    let (text, offset, expected) = refused[index]
    do throws(IMAPSyntaxError) {
        let command = try parseCommand(Array(text.utf8))
        Issue.record("\(text) was read as \(command)")
    } catch {
        #expect(error.offset == offset && error.expected.contains(expected), "\(text): \(error)")
    }
}

@Test
func boundsDepthAndCount() {
    let deep = "a SEARCH " + String(repeating: "(", count: 60_000) + "ALL" + String(repeating: ")", count: 60_000)
    #expect(throws: IMAPSyntaxError.self) { try parseCommand(Array(deep.utf8)) }
    let nots = "a SEARCH " + String(repeating: "NOT ", count: 15_000) + "ALL"
    #expect(throws: IMAPSyntaxError.self) { try parseCommand(Array(nots.utf8)) }
    let many = "a SEARCH" + String(repeating: " ALL", count: 2_000)
    #expect(throws: IMAPSyntaxError.self) { try parseCommand(Array(many.utf8)) }
    let parts = "a FETCH 1 BODY[" + Array(repeating: "1", count: 500).joined(separator: ".") + "]"
    #expect(throws: IMAPSyntaxError.self) { try parseCommand(Array(parts.utf8)) }
    let tag = String(repeating: "x", count: 65) + " NOOP"
    #expect(throws: IMAPSyntaxError.self) { try parseCommand(Array(tag.utf8)) }
}

@Test
func readsExtendedList() throws {
    let text =
        "a LIST (SUBSCRIBED RECURSIVEMATCH) \"\" (INBOX \"Sent/%\") RETURN (CHILDREN STATUS (MESSAGES SIZE) SPECIAL-USE)"
    let command = try #require(try parseCommand(Array(text.utf8)) as? ListCommand)
    #expect(command.selection == [.subscribed, .recursiveMatch])
    #expect(command.patterns == ["INBOX", "Sent/%"])
    #expect(command.returned == [.children, .specialUse])
    #expect(command.statusItems == [.messages, .size])
    #expect(command.isExtended)
    let again = try parseCommand(frame(command.encoded(tag: "b")))
    #expect(command.equals(again))
}

@Test(arguments: [
    ("a1 APPEND foo (\\Seen) {5}\r\n", true), ("a1 APPEND foo {5+}\r\n", true), ("a1 append {3}\r\nfoo {5}\r\n", true),
    ("a1 APPEND foo ~{5}\r\n", true), ("a1 APPEND foo~{5}\r\n", false), ("a1 REPLACE 4 foo {5}\r\n", true),
    ("a1 UID REPLACE 4 {3}\r\nfoo (\\Seen) UTF8 (~{5+}\r\n", true), ("a1 UID APPEND foo {5}\r\n", false),
    ("a1 APPEND {3}\r\n", false),
    ("a1 LOGIN {3}\r\n", false), ("a1 APPEND foo ({5}\r\n", false),
])
func knowsTheLiteralThatIsTheMessage(text: String, isMessage: Bool) {
    #expect((MessageCommandHead.read(Array(text.utf8)) != nil) == isMessage)
}

@Test
func takesEntryNamesOfModSeqSearches() throws {
    let text = "a SEARCH MODSEQ \"/flags/\\\\draft\" all 620162338"
    #expect(SearchCommand(.modSeq(ModSeq(620_162_338))).equals(try parseCommand(Array(text.utf8))))
}

@Test(arguments: [("a SELECT a&AOQ-", "a&AOQ-"), ("a SELECT \"Entwürfe\"", "Entwürfe"), ("a SELECT a&b", "a&b")])
func readsNamesInUTF8(text: String, name: String) throws {
    var scanner = WireScanner(Array(text.utf8), textForm: .utf8)
    let tag = try CommandHead.tag(parsing: &scanner)
    let head = try CommandHead(tag: tag, parsing: &scanner)
    #expect(try SelectCommand.parse(&scanner, isUID: head.isUID).mailbox == name)
}

@Test(arguments: [
    ("", false, false), (" {5}", false, true), (" (\\Seen) \"17-Jul-1996 02:44:25 -0700\" ~{5+}", false, true),
    (")", true, false),
    (") UTF8 (~{5}", true, true),
])
func readsWhatFollowsAMessage(line: String, isUTF8: Bool, isMore: Bool) throws {
    let message = AppendMessage(literal: LiteralMarker(count: 1, isSynchronizing: true), isUTF8: isUTF8)
    #expect((try message.next(in: Array(line.utf8)) != nil) == isMore)
}

@Test(arguments: [
    ("x", false), ("{5}", false), (" x", false), (" {5} x", false), ("", true), (" {5}", true), (")x", true),
])
func refusesWhatMayNotFollowAMessage(line: String, isUTF8: Bool) {
    let message = AppendMessage(literal: LiteralMarker(count: 1, isSynchronizing: true), isUTF8: isUTF8)
    #expect(throws: IMAPSyntaxError.self) { try message.next(in: Array(line.utf8)) }
}
