// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import AdminAPI
internal import ByteTools

extension Command {
    static let mailbox = Command(
        "mailbox",
        aliases: ["folder"],
        summary: "See the mailboxes of an account, and share them",
        subcommands: [.mailboxList, .mailboxACL]
    )
}

extension Option {
    static let ofAccount = Option("--account", value: "ADDRESS", help: "Whose mail")
    static let inMailbox = Option("--mailbox", value: "NAME", help: "Which mailbox, such as INBOX or Work/Plans")
}

extension Invocation {
    /// The value of an option that must be given.
    func required(_ option: Option) throws(CommandError) -> String {
        guard let value = value(option) else {
            throw CommandError(.usage, "\(option.name) is missing. See: \(parsed.name) --help")
        }
        return value
    }

    /// The path of operations on an account's mail.
    func mailPath(_ rest: String...) throws(CommandError) -> [String] {
        ["accounts", try required(.ofAccount), "mail"] + rest
    }
}
