// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import AdminAPI
internal import ByteTools

extension Command {
    static let accountAdd = Command(
        "add",
        summary: "Add an account",
        discussion: "Asks for the password on the terminal; without a terminal a password is made up and shown. The "
            + "domain must be one of this server's.",
        arguments: [.address],
        options: Option.passwordOptions + Option.accountSwitches + [.json],
        examples: [
            "martlet account add ann@example.org", "martlet account add ann@example.org --generate --quota 5GiB",
            "printf '%s\\n' \"$PASSWORD\" | martlet account add ann@example.org --password-stdin",
        ],
        action: .perform { (invocation) throws(CommandError) in
            let address = try invocation.word(.address)
            let switches = try invocation.accountSwitches()
            let password = try invocation.newPassword(for: address)
            let body = [JSONMember("address", .string(address))] + password.members
            let account = try await invocation.ask(.post, ["accounts"], body: .object(body + switches))
            let shown = password.isGenerated ? account.adding("password", .optional(password.text)) : account
            invocation.show(shown) { account in
                let added = "Account \(account.shown("address")) added."
                return password.isGenerated ? "\(added)\nPassword: \(password.text ?? "")" : added
            }
        }
    )
}

extension JSONValue {
    /// The object with one more member.
    func adding(_ name: String, _ value: JSONValue) -> JSONValue {
        .object((members ?? []) + [JSONMember(name, value)])
    }
}
