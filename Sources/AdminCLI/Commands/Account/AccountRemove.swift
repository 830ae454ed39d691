// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import AdminAPI
internal import ByteTools

extension Command {
    static let accountRemove = Command(
        "remove",
        aliases: ["rm", "delete"],
        summary: "Remove an account, and its mail",
        discussion: "The mail is removed soon after, from then on for good; backend/removal-grace says how soon. With "
            + "--keep-mail it stays in the store, and nothing but its number leads to it.",
        arguments: [.address],
        options: [.keepMail],
        examples: ["martlet account remove ann@example.org", "martlet account remove ann@example.org --keep-mail"],
        action: .perform { (invocation) throws(CommandError) in
            let address = try invocation.word(.address)
            let keeps = invocation.has(.keepMail)
            let query = keeps ? [AdminRequest.Parameter("keepMail", "true")] : []
            _ = try await invocation.ask(.delete, ["accounts", address], query: query)
            let mail = keeps ? " Its mail stays in the store." : ""
            invocation.terminal.write("Account \(PrintableText.escaped(address)) removed.\(mail)\n")
        }
    )
}

extension Option {
    static let keepMail = Option("--keep-mail", help: "Leave the mail in the store")
}
