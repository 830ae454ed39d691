// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

extension Command {
    static let serviceRestart = Command(
        "restart",
        summary: "Replace the process of a service without dropping a connection",
        discussion:
            "A new process takes over the sockets; the old one is drained and ends. Sessions of a front-end stay.",
        arguments: [.optionalServiceName],
        options: [.json],
        examples: ["martlet service restart backend-1", "martlet service restart"],
        action: .perform { (invocation) throws(CommandError) in
            try await invocation.changeServices("restart")
        }
    )
}
