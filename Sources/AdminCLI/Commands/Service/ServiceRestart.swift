// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import AdminAPI

extension Command {
    static let serviceRestart = Command(
        "restart",
        summary: "Replace the process of a service without dropping a connection",
        discussion:
            "A new process takes over the sockets; the old one is drained and ends. Sessions of a front-end stay.",
        arguments: [.serviceName],
        options: [.json],
        examples: ["martlet service restart imap"],
        action: .perform { (invocation) throws(CommandError) in
            let service = try await invocation.ask(.post, ["services", invocation.word(.serviceName), "restart"])
            invocation.show(service, text: serviceLine)
        }
    )
}
