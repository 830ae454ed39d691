// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

import IMAPWire
import MailTypes

private let moment = MailDate(year: 1996, month: 7, day: 17, hour: 2, minute: 44, second: 25, zoneMinutes: -420)

/// Commands on messages, and those that bring one.
let messageCommands: [(String, any IMAPCommand)] =
    [
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
        (
            "a UID FETCH 1:9 (UID) (PARTIAL 4:2)",
            FetchCommand(set("1:9"), numbers: .uid, items: [.uid], partial: PartialRange(4, 2))
        ),
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
            "a APPEND foo (\\Seen) catenate (url \"/a;UID=1\" URL {3}\r\n;x= TEXT {5+}",
            AppendCommand(
                mailbox: "foo",
                message: AppendMessage(
                    flags: FlagSet(system: .seen),
                    parts: [
                        .url(Array("/a;UID=1".utf8)), .url(Array(";x=".utf8)),
                        .text(AppendLiteral(LiteralMarker(count: 5, isSynchronizing: false), isPart: true)),
                    ]
                )
            )
        ),
        (
            "a APPEND foo CATENATE (URL \"a%20b\") CATENATE (URL c)",
            AppendCommand(
                mailbox: "foo",
                messages: [
                    AppendMessage(parts: [.url(Array("a%20b".utf8))]), AppendMessage(parts: [.url(Array("c".utf8))]),
                ]
            )
        ),
        (
            "a UID REPLACE 4 foo CATENATE (UTF8 (~{5}",
            ReplaceCommand(
                set("4"),
                numbers: .uid,
                mailbox: "foo",
                message: AppendMessage(parts: [
                    .text(
                        AppendLiteral(
                            LiteralMarker(count: 5, isSynchronizing: true, isBinary: true),
                            isUTF8: true,
                            isPart: true
                        )
                    )
                ])
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
