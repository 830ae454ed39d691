// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import AdminAPI
internal import ByteTools

extension Command {
    static let aliasList = Command(
        "list",
        aliases: ["ls"],
        summary: "List the aliases",
        options: [.inDomain, .json],
        action: .perform { (invocation) throws(CommandError) in
            let query = invocation.values(.inDomain).map { AdminRequest.Parameter("domain", $0) }
            invocation.show(
                try await invocation.ask(.get, ["aliases"], query: query),
                columns: [("ADDRESS", { $0.shown("address") }), ("TARGETS", { $0.shown("targets") })]
            )
        }
    )
}
