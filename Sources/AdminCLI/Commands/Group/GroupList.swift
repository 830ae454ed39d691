// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import AdminAPI
internal import ByteTools

extension Command {
    static let groupList = Command(
        "list",
        aliases: ["ls"],
        summary: "List the groups",
        options: [.inDomain, .json],
        action: .perform { (invocation) throws(CommandError) in
            let query = invocation.values(.inDomain).map { AdminRequest.Parameter("domain", $0) }
            invocation.show(
                try await invocation.ask(.get, ["groups"], query: query),
                columns: [
                    ("ADDRESS", { $0.shown("address") }), ("MEMBERS", { "\($0["members"]?.array?.count ?? 0)" }),
                    ("OWNER", { $0.shown("owner") }), ("MAY SEND", { $0.shown("senders") }),
                ]
            )
        }
    )
}
