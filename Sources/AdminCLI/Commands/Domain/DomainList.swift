// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import AdminAPI
internal import ByteTools

extension Command {
    static let domainList = Command(
        "list",
        aliases: ["ls"],
        summary: "List the domains",
        options: [.json],
        action: .perform { (invocation) throws(CommandError) in
            invocation.show(
                try await invocation.ask(.get, ["domains"]),
                columns: [("DOMAIN", { $0.shown("name") }), ("ALIAS OF", { $0.shown("aliasOf") })]
            )
        }
    )
}
