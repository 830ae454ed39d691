// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import AdminAPI
internal import ByteTools

extension Command {
    static let accountRemove = Command(
        "remove",
        aliases: ["rm", "delete"],
        summary: "Remove an account from the directory",
        arguments: [.address],
        action: .perform { (invocation) throws(CommandError) in
            let address = try invocation.word(.address)
            _ = try await invocation.ask(.delete, ["accounts", address])
            invocation.terminal.write("Account \(PrintableText.escaped(address)) removed.\n")
        }
    )
}
