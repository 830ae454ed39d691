// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import AdminAPI
internal import ByteTools

extension Command {
    static let accountPassword = Command(
        "password",
        aliases: ["passwd"],
        summary: "Change the password of an account",
        discussion: "Asks for it on the terminal; without a terminal a password is made up and shown.",
        arguments: [.address],
        options: Option.passwordOptions + [.json],
        examples: [
            "martlet account password ann@example.org",
            "getent shadow ann | cut -d: -f2 | martlet account password ann@example.org --hash-stdin",
        ],
        action: .perform { (invocation) throws(CommandError) in
            let address = try invocation.word(.address)
            let password = try invocation.newPassword(for: address)
            let account = try await invocation.ask(
                .put,
                ["accounts", address, "password"],
                body: .object(password.members)
            )
            let shown = password.isGenerated ? account.adding("password", .optional(password.text)) : account
            invocation.show(shown) { account in
                let done = "Password of \(account.shown("address")) \(password.text == nil ? "removed" : "changed")."
                return password.isGenerated ? "\(done)\nPassword: \(password.text ?? "")" : done
            }
        }
    )
}
