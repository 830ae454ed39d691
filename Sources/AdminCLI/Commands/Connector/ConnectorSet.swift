// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import AdminAPI
internal import ByteTools

extension Command {
    static let connectorSet = Command(
        "set",
        summary: "Change a connector; what is not named stays",
        discussion: "An empty value takes a setting out: --user \"\".",
        arguments: [.connectorName],
        options: Option.connectorOptions + [.json],
        examples: [
            "martlet connector set branch --schedule 'mon-fri 22:00-06:00'",
            "martlet connector set internet --enabled no",
        ],
        action: .perform { (invocation) throws(CommandError) in
            let name = try invocation.word(.connectorName)
            let body = JSONValue.object(try invocation.connectorMembers())
            let connector = try await invocation.ask(.patch, ["connectors", name], body: body)
            invocation.show(connector) { "Connector \($0.shown("name")) changed." }
        }
    )
}
