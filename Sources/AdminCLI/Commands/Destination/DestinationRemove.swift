// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import AdminAPI
internal import ByteTools

extension Command {
    static let destinationRemove = Command(
        "remove",
        aliases: ["rm", "delete"],
        summary: "Remove a rule",
        arguments: [.destinationName],
        action: .perform { (invocation) throws(CommandError) in
            let name = try invocation.word(.destinationName)
            _ = try await invocation.ask(.delete, ["destinations", name])
            invocation.terminal.write("Rule \(PrintableText.escaped(name)) removed.\n")
        }
    )
}
