// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import AdminAPI
internal import ByteTools

extension Command {
    static let connectorAdd = Command(
        "add",
        summary: "Add a connector",
        arguments: [.connectorName],
        options: Option.connectorOptions + [.json],
        examples: [
            "martlet connector add internet --space '*' --smart-host relay.example.net:587 --security verify",
            "martlet connector add branch --space '*.branch.example' --space branch.example --smart-host '[192.0.2.1]'",
            "martlet connector add relay --space '*' --smart-host relay.example:587 --user ann --password",
            "martlet connector add app --space app.example --drop-folder /var/spool/app/drop",
        ],
        action: .perform { (invocation) throws(CommandError) in
            let name = try invocation.word(.connectorName)
            let members = [JSONMember("name", .string(name))] + (try invocation.connectorMembers())
            let connector = try await invocation.ask(.post, ["connectors"], body: .object(members))
            invocation.show(connector) { "Connector \($0.shown("name")) added for \($0.shown("addressSpaces"))." }
        }
    )
}
