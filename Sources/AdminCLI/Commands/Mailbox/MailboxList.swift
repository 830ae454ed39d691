// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import AdminAPI
internal import ByteTools

extension Command {
    static let mailboxList = Command(
        "list",
        aliases: ["ls"],
        summary: "List the mailboxes of an account with their counts",
        options: [.ofAccount, .json],
        examples: ["martlet mailbox list --account ann@example.org"],
        action: .perform { (invocation) throws(CommandError) in
            invocation.show(
                try await invocation.ask(.get, invocation.mailPath("mailboxes")),
                columns: [
                    ("NAME", { $0.shown("name") }), ("MESSAGES", { $0.shown("messages") }),
                    ("UNSEEN", { $0.shown("unseen") }), ("OCTETS", { $0.shown("octetsOfMail") }),
                    ("UIDNEXT", { $0.shown("uidNext") }), ("SUBSCRIBED", { $0.shown("subscribed") }),
                    ("USE", { $0.shown("specialUse") }),
                ]
            )
        }
    )
}
