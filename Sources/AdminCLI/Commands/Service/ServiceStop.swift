// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import AdminAPI

extension Command {
    static let serviceStop = Command(
        "stop",
        summary: "Drain and end a service until it is started again",
        discussion: "Clients that connect meanwhile wait.",
        arguments: [.serviceName],
        options: [.json],
        examples: ["martlet service stop imap"],
        action: .perform { (invocation) throws(CommandError) in
            let service = try await invocation.ask(.post, ["services", invocation.word(.serviceName), "stop"])
            invocation.show(service, text: serviceLine)
        }
    )
}
