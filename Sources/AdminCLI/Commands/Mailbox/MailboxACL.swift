// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import AdminAPI
internal import ByteTools

extension Command {
    static let mailboxACL = Command(
        "acl",
        summary: "Who may do what with the mailboxes of an account",
        discussion: "As IMAP clients change it with SETACL. The owner always has all rights and stands in no list. "
            + "Others find the mailbox as Other Users/OWNER/NAME, with the right l.",
        subcommands: [aclList, aclSet, aclRemove]
    )

    private static let aclList = Command(
        "list",
        aliases: ["ls"],
        summary: "List who has rights to a mailbox, or to any",
        options: [.ofAccount, .inMailbox, .json],
        examples: ["martlet mailbox acl list --account ann@example.org"],
        action: .perform { (invocation) throws(CommandError) in
            let query = invocation.values(.inMailbox).map { AdminRequest.Parameter("mailbox", $0) }
            invocation.showAccess(try await invocation.ask(.get, invocation.mailPath("acl"), query: query))
        }
    )

    private static let aclSet = Command(
        "set",
        summary: "Give rights to a mailbox, or take them away",
        discussion: "Letters: l to list it, r to read, s to change \\Seen, w other flags, t \\Deleted, i to put "
            + "messages in, e to expunge, k to make mailboxes below, x to delete or rename it, a to administer, "
            + "p to post.",
        arguments: [.accessIdentifier, .accessRights],
        options: [.ofAccount, .inMailbox, .json],
        examples: [
            "martlet mailbox acl set --account ann@example.org --mailbox Plans bob@example.org lrs",
            "martlet mailbox acl set --account ann@example.org --mailbox Plans staff@example.org +it",
            "martlet mailbox acl set --account ann@example.org --mailbox Plans -- bob@example.org -s",
        ],
        action: .perform { (invocation) throws(CommandError) in
            let body: JSONValue = [
                "mailbox": .string(try invocation.required(.inMailbox)),
                "identifier": .string(try invocation.word(.accessIdentifier)),
                "rights": .string(try invocation.word(.accessRights)),
            ]
            invocation.showAccess(try await invocation.ask(.put, invocation.mailPath("acl"), body: body))
        }
    )

    private static let aclRemove = Command(
        "remove",
        aliases: ["rm", "delete"],
        summary: "Take the entry of an identifier out of a mailbox's list",
        arguments: [.accessIdentifier],
        options: [.ofAccount, .inMailbox, .json],
        examples: ["martlet mailbox acl remove --account ann@example.org --mailbox Plans bob@example.org"],
        action: .perform { (invocation) throws(CommandError) in
            let query = [
                AdminRequest.Parameter("mailbox", try invocation.required(.inMailbox)),
                AdminRequest.Parameter("identifier", try invocation.word(.accessIdentifier)),
            ]
            invocation.showAccess(try await invocation.ask(.delete, invocation.mailPath("acl"), query: query))
        }
    )
}

extension Argument {
    static let accessIdentifier = Argument(
        "IDENTIFIER",
        help: "anyone, a user, or a group; with - in front what it names is taken away whatever gave it"
    )
    static let accessRights = Argument(
        "RIGHTS",
        help: "Letters of lrswipkxteacd in place of those there are; behind + more of them, behind - less"
    )
}

extension Invocation {
    fileprivate func showAccess(_ entries: JSONValue) {
        show(
            entries,
            columns: [
                ("MAILBOX", { $0.shown("mailbox") }), ("IDENTIFIER", { $0.shown("identifier") }),
                ("RIGHTS", { $0.shown("rights") }),
            ]
        )
    }
}
