// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import AdminAPI
internal import ByteTools

extension Command {
    static let connectorRemove = Command(
        "remove",
        aliases: ["rm", "delete"],
        summary: "Remove a connector and its password",
        arguments: [.connectorName],
        action: .perform { (invocation) throws(CommandError) in
            let name = try invocation.word(.connectorName)
            _ = try await invocation.ask(.delete, ["connectors", name])
            invocation.terminal.write("Connector \(PrintableText.escaped(name)) removed.\n")
        }
    )
}
