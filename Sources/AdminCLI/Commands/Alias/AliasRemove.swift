// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import AdminAPI
internal import ByteTools

extension Command {
    static let aliasRemove = Command(
        "remove",
        aliases: ["rm", "delete"],
        summary: "Remove an alias",
        arguments: [.address],
        action: .perform { (invocation) throws(CommandError) in
            let address = try invocation.word(.address)
            _ = try await invocation.ask(.delete, ["aliases", address])
            invocation.terminal.write("Alias \(PrintableText.escaped(address)) removed.\n")
        }
    )
}
