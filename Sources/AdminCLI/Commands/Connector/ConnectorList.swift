// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import AdminAPI
internal import ByteTools

extension Command {
    static let connectorList = Command(
        "list",
        aliases: ["ls"],
        summary: "List the connectors, and the one that is always there",
        options: [.json],
        action: .perform { (invocation) throws(CommandError) in
            invocation.show(
                try await invocation.ask(.get, ["connectors"]),
                columns: [
                    ("NAME", { $0.shown("name") }), ("ENABLED", { $0.shown("enabled") }),
                    ("ADDRESS SPACES", { $0.shown("addressSpaces") }),
                    ("HOSTS", { $0.shown("smartHosts").isEmpty ? "MX" : $0.shown("smartHosts") }),
                    ("TLS", { $0.shown("security") }), ("HOURS", { $0.shown("schedule") }),
                ]
            )
        }
    )
}
