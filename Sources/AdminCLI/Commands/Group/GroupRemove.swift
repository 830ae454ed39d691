// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import AdminAPI
internal import ByteTools

extension Command {
    static let groupRemove = Command(
        "remove",
        aliases: ["rm", "delete"],
        summary: "Remove a group",
        arguments: [.address],
        action: .perform { (invocation) throws(CommandError) in
            let address = try invocation.word(.address)
            _ = try await invocation.ask(.delete, ["groups", address])
            invocation.terminal.write("Group \(PrintableText.escaped(address)) removed.\n")
        }
    )
}
