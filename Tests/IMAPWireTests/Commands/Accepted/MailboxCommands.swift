// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

import IMAPWire
import MailTypes

/// Commands on mailboxes, and those that select one.
let mailboxCommands: [(String, any IMAPCommand)] =
    [
        ("a CLOSE", CloseCommand()),
        ("a GETQUOTA \"\"", GetQuotaCommand(root: [])),
        ("a getquota {4+}\r\nr\r\nt", GetQuotaCommand(root: Array("r\r\nt".utf8))),
        ("a GETQUOTAROOT Entw&APw-rfe", GetQuotaRootCommand(mailbox: "Entwürfe")),
        ("a GETMETADATA \"\" /shared/comment", GetMetadataCommand(mailbox: "", entries: ["/shared/comment"])),
        (
            "a GETMETADATA (DEPTH infinity MAXSIZE 1024) INBOX (/Shared/Comment /private/vendor/x/y)",
            GetMetadataCommand(
                mailbox: "INBOX",
                entries: ["/shared/comment", "/private/vendor/x/y"],
                maximumSize: 1024,
                depth: .all
            )
        ),
        (
            "a GETMETADATA Entw&APw-rfe (depth 1) (\"/private/a b\")",
            GetMetadataCommand(mailbox: "Entwürfe", entries: ["/private/a b"], depth: .one)
        ),
        (
            "a SETMETADATA INBOX (/private/comment {4}\r\na\r\nb /shared/x NIL /shared/y ~{2}\r\n\0\0 /shared/z \"\")",
            SetMetadataCommand(
                mailbox: "INBOX",
                entries: [
                    MetadataEntry("/private/comment", Array("a\r\nb".utf8)), MetadataEntry("/shared/x", nil),
                    MetadataEntry("/shared/y", [0, 0]), MetadataEntry("/shared/z", []),
                ]
            )
        ),
        ("a GETACL Entw&APw-rfe", GetACLCommand(mailbox: "Entwürfe")),
        ("a myrights \"a b\"", MyRightsCommand(mailbox: "a b")),
        ("a LISTRIGHTS INBOX -anyone", ListRightsCommand(mailbox: "INBOX", identifier: "-anyone")),
        ("a DeleteAcl INBOX {4}\r\nBöb", DeleteACLCommand(mailbox: "INBOX", identifier: "Böb")),
        (
            "a SETACL INBOX/Drafts Chris +cda",
            SetACLCommand(
                mailbox: "INBOX/Drafts",
                identifier: "Chris",
                change: RightsChange(
                    .add,
                    [.createMailboxes, .deleteMailbox, .deleteMessages, .expunge, .administer]
                )
            )
        ),
        (
            "a SETACL INBOX $team \"-\"",
            SetACLCommand(mailbox: "INBOX", identifier: "$team", change: RightsChange(.remove, []))
        ),
        (
            "a setacl INBOX \"-bob\" lrswipkxtea",
            SetACLCommand(mailbox: "INBOX", identifier: "-bob", change: RightsChange(.replace, .all))
        ),
        (
            "a SETACL INBOX bob \"\"",
            SetACLCommand(mailbox: "INBOX", identifier: "bob", change: RightsChange(.replace, []))
        ),
        ("a NOTIFY NONE", NotifyCommand(nil)),
        (
            "a notify set status (selected (MessageNew (uid body.peek[header.fields (from)]) MessageExpunge)) "
                + "(subtree Lists (messagenew messageexpunge FLAGCHANGE))",
            NotifyCommand(
                [
                    NotifyGroup(
                        .selected,
                        [
                            .messageNew([
                                .uid,
                                .section(
                                    SectionSpecifier(text: .headerFields([Array("from".utf8)])),
                                    peek: true,
                                    partial: nil
                                ),
                            ]),
                            .messageExpunge,
                        ]
                    ),
                    NotifyGroup(.others(.subtree(["Lists"])), [.messageNew([]), .messageExpunge, .flagChange]),
                ],
                wantsStatus: true
            )
        ),
        (
            "a NOTIFY SET (selected-delayed NONE) (mailboxes (a Entw&APw-rfe) (MailboxName SubscriptionChange "
                + "MailboxMetadataChange ServerMetadataChange AnnotationChange)) (inboxes NONE)",
            NotifyCommand([
                NotifyGroup(.selectedDelayed, []),
                NotifyGroup(
                    .others(.mailboxes(["a", "Entwürfe"])),
                    [
                        .mailboxName, .subscriptionChange, .mailboxMetadataChange, .serverMetadataChange,
                        .other("ANNOTATIONCHANGE"),
                    ]
                ),
                NotifyGroup(.others(.inboxes), []),
            ])
        ),
        ("a UNSELECT", UnselectCommand()),
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
    ]
