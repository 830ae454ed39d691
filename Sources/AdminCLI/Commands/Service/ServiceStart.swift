// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

extension Command {
    static let serviceStart = Command(
        "start",
        summary: "Start a service that was stopped or given up",
        arguments: [.optionalServiceName],
        options: [.json],
        examples: ["martlet service start backend-1", "martlet service start"],
        action: .perform { (invocation) throws(CommandError) in
            try await invocation.changeServices("start")
        }
    )
}
