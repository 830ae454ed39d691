// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

extension Command {
    static let serviceStop = Command(
        "stop",
        summary: "Drain and end a service until it is started again, or the whole server",
        discussion: "Clients of a stopped service wait until it is started. Without a name, the server itself ends.",
        arguments: [.optionalServiceName],
        options: [.json],
        examples: ["martlet service stop backend-1", "martlet service stop"],
        action: .perform { (invocation) throws(CommandError) in
            try await invocation.changeServices("stop")
        }
    )
}
