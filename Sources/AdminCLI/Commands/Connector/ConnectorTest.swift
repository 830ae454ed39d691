// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import AdminAPI
internal import ByteTools

extension Command {
    static let connectorTest = Command(
        "test",
        summary: "Talk to a connector's hosts: connection, TLS and log-on, and no mail",
        discussion: "Ends with a failure when no host works.",
        arguments: [.connectorName],
        options: [.connectorDomain, .json],
        examples: ["martlet connector test branch", "martlet connector test direct --domain example.com"],
        action: .perform { (invocation) throws(CommandError) in
            let name = try invocation.word(.connectorName)
            let body: JSONValue = ["domain": .optional(invocation.value(.connectorDomain))]
            let result = try await invocation.ask(.post, ["connectors", name, "test"], body: body)
            let hosts = result["hosts"] ?? .array([])
            invocation.show(
                hosts,
                columns: [
                    ("HOST", { $0.shown("host") }), ("ADDRESS", { $0.shown("address") }),
                    ("WORKS", { $0.shown("works") }), ("TLS", { $0.shown("tls") }),
                    ("LOGGED ON", { $0.shown("loggedOn") }), ("FAILURE", { $0.shown("failure") }),
                ]
            )
            guard hosts.array?.contains(where: { $0["works"] == .bool(true) }) == true else {
                throw CommandError(.unavailable, "No host of the connector works.")
            }
        }
    )
}

extension Option {
    static let connectorDomain = Option(
        "--domain",
        value: "DOMAIN",
        help: "Whose servers to talk to, where the connector has no smart hosts"
    )
}
