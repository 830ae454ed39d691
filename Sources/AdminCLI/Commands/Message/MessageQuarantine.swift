// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import AdminAPI
internal import ByteTools

extension Command {
    static let messageQuarantine = Command(
        "quarantine",
        summary: "Messages that users do not see and that are not lost",
        discussion:
            "Damaged messages that were deleted come here, and those that you put here. They do not count for quota.",
        subcommands: [quarantineList, quarantineShow, quarantineAdd, quarantineRestore, quarantineDelete]
    )

    private static let quarantineList = Command(
        "list",
        aliases: ["ls"],
        summary: "List the messages in quarantine",
        options: [.ofAccount, .json],
        examples: ["martlet message quarantine list --account ann@example.org"],
        action: .perform { (invocation) throws(CommandError) in
            invocation.show(
                try await invocation.ask(.get, invocation.mailPath("quarantine")),
                columns: [
                    ("ID", { $0.shown("id") }), ("SINCE", { $0.shown("since") }), ("MAILBOX", { $0.shown("mailbox") }),
                    ("UID", { $0.shown("uid") }), ("SIZE", { $0.shown("size") }), ("DATE", { $0.shown("date") }),
                    ("FLAGS", { $0.shown("flags") }), ("KEYWORDS", { $0.shown("keywords") }),
                ]
            )
        }
    )

    private static let quarantineShow = Command(
        "show",
        summary: "Show one with its header and what is lost of it",
        arguments: [.quarantineID],
        options: [.ofAccount, .json],
        action: .perform { (invocation) throws(CommandError) in
            let path = try invocation.mailPath("quarantine", invocation.word(.quarantineID))
            invocation.show(try await invocation.ask(.get, path)) { message in
                let facts = ["id", "mailbox", "uid", "since", "date", "size", "flags", "keywords"]
                    .map { "\($0): \(PrintableText.escaped(message.shown($0)))" }
                let lost = (message["damage"]?.array ?? []).map { "\($0.shown("from"))..<\($0.shown("to"))" }
                let header = (message["header"]?.strings ?? []).map { "  " + PrintableText.escaped($0) }
                return
                    (facts + ["lost octets: \(lost.isEmpty ? "none" : lost.joined(separator: ", "))", "header:"]
                    + header)
                    .joined(separator: "\n")
            }
        }
    )

    private static let quarantineAdd = Command(
        "add",
        summary: "Take a message out of its mailbox and keep it here",
        options: [.ofAccount, .inMailbox, .messageUID, .json],
        examples: ["martlet message quarantine add --account ann@example.org --mailbox INBOX --uid 42"],
        action: .perform { (invocation) throws(CommandError) in
            guard let uid = Int64(try invocation.required(.messageUID)) else {
                throw CommandError(.usage, "--uid is a number from 1.")
            }
            let body: JSONValue = [
                "mailbox": .string(invocation.value(.inMailbox) ?? "INBOX"), "uid": .integer(uid),
            ]
            let added = try await invocation.ask(.post, invocation.mailPath("quarantine"), body: body)
            invocation.show(added) { "In quarantine as \($0.shown("id"))." }
        }
    )

    private static let quarantineRestore = Command(
        "restore",
        summary: "Put a message back, under a new UID",
        discussion: "Into the mailbox it came from (INBOX, when that is gone), or the one that --mailbox names.",
        arguments: [.quarantineID],
        options: [.ofAccount, .inMailbox, .json],
        action: .perform { (invocation) throws(CommandError) in
            let path = try invocation.mailPath("quarantine", invocation.word(.quarantineID), "restore")
            let restored = try await invocation.ask(
                .post,
                path,
                body: ["mailbox": .optional(invocation.value(.inMailbox))]
            )
            invocation.show(restored) { "Back, with UID \($0.shown("uid"))." }
        }
    )

    private static let quarantineDelete = Command(
        "delete",
        aliases: ["rm", "remove"],
        summary: "Delete a message in quarantine for good",
        arguments: [.quarantineID],
        options: [.ofAccount],
        action: .perform { (invocation) throws(CommandError) in
            let id = try invocation.word(.quarantineID)
            _ = try await invocation.ask(.delete, invocation.mailPath("quarantine", id))
            invocation.terminal.write("Message \(PrintableText.escaped(id)) deleted.\n")
        }
    )
}

extension Argument {
    static let quarantineID = Argument("ID", help: "As \"martlet message quarantine list\" names it, such as 3.42")
}
