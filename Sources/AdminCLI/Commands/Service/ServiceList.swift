// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import AdminAPI
internal import ByteTools

extension Command {
    static let serviceList = Command(
        "list",
        aliases: ["ls"],
        summary: "List the services with their processes",
        options: [.json],
        examples: ["martlet service list", "martlet service list --json"],
        action: .perform { (invocation) throws(CommandError) in
            invocation.showServices(try await invocation.ask(.get, ["services"]))
        }
    )
}
