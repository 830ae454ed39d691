// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

import IMAPWire
import MailTypes

private let day = CalendarDate(year: 1994, month: 2, day: 1)

/// SEARCH, SORT and THREAD.
let searchCommands: [(String, any IMAPCommand)] =
    [
        ("a CANCELUPDATE \"B01\" \"B 2\"", CancelUpdateCommand([Array("B01".utf8), Array("B 2".utf8)])),
        (
            "a SEARCH RETURN (COUNT UPDATE (UID FLAGS) PARTIAL 1:2) ALL",
            SearchCommand(
                .all,
                returned: SearchReturn([.count, .update], partial: PartialRange(1, 2), updateItems: [.uid, .flags])
            )
        ),
        (
            "a SEARCH RETURN (UPDATE(UID)) ALL",
            SearchCommand(.all, returned: SearchReturn(.update, updateItems: [.uid]))
        ),
        (
            "a UID SEARCH RETURN (update Context COUNT) ALL",
            SearchCommand(.all, numbers: .uid, returned: SearchReturn([.update, .context, .count]))
        ),
        ("a ESEARCH UNSEEN", ESearchCommand(.flag(.seen, isSet: false))),
        (
            "a ESEARCH IN (mailboxes \"folder 1\" SUBTREE-ONE (a Entw&APw-rfe) subtree b) RETURN (MIN) CHARSET UTF-8 ALL",
            ESearchCommand(
                .all,
                in: [.mailboxes(["folder 1"]), .subtreeOne(["a", "Entwürfe"]), .subtree(["b"])],
                returned: SearchReturn(.minimum),
                charset: Array("UTF-8".utf8)
            )
        ),
        (
            "a esearch in (selected inboxes personal subscribed) ALL",
            ESearchCommand(.all, in: [.selected, .inboxes, .personal, .subscribed])
        ),
        (
            "a UID SEARCH UIDAFTER 25000 UNDELETED",
            SearchCommand(.and([.uidAfter(UID(25_000)), .flag(.deleted, isSet: false)]), numbers: .uid)
        ),
        (
            "a SEARCH NOT uidbefore 4294967295",
            SearchCommand(.not(.uidBefore(UID(.max))))
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
