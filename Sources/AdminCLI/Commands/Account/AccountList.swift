// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import AdminAPI
internal import ByteTools

extension Command {
    static let accountList = Command(
        "list",
        aliases: ["ls"],
        summary: "List the accounts",
        options: [.inDomain, .json],
        examples: ["martlet account list", "martlet account list --domain example.org --json"],
        action: .perform { (invocation) throws(CommandError) in
            let query = invocation.values(.inDomain).map { AdminRequest.Parameter("domain", $0) }
            invocation.show(
                try await invocation.ask(.get, ["accounts"], query: query),
                columns: [
                    ("ADDRESS", { $0.shown("address") }), ("ENABLED", { $0.shown("enabled") }),
                    ("SERVICES", { $0.shown("services") }), ("QUOTA", { quotaText($0["quota"]) }),
                    ("MESSAGES", { quotaText($0["quotaMessages"]) }),
                ]
            )
        }
    )
}
