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
            let services = try await invocation.ask(.get, ["services"])
            invocation.show(
                services,
                columns: [
                    ("NAME", { $0.shown("name") }), ("ROLE", { $0.shown("role") }), ("PID", { $0.shown("pid") }),
                    ("STATE", { $0.shown("state") }), ("RESTARTS", { $0.shown("restarts") }),
                    ("MODE", { $0.shown("mode") }), ("STARTED", { $0.shown("started") }),
                    ("LAST EXIT", { $0.shown("lastExit") }),
                ]
            )
        }
    )
}
