// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import AdminAPI
internal import ByteTools

extension Command {
    static let destinationList = Command(
        "list",
        aliases: ["ls"],
        summary: "List the rules for domains",
        options: [.json],
        action: .perform { (invocation) throws(CommandError) in
            invocation.show(
                try await invocation.ask(.get, ["destinations"]),
                columns: [
                    ("NAME", { $0.shown("name") }), ("DOMAINS", { $0.shown("domains") }),
                    ("TLS", { $0.shown("security") }), ("CONNECTOR", { $0.shown("connector") }),
                    ("CONNECTIONS", { $0.shown("connections") }), ("SIZE", { $0.shown("maximumSize") }),
                    ("RETRY", { $0.shown("retry") }), ("EXPIRE", { $0.shown("expire") }),
                ]
            )
        }
    )
}
