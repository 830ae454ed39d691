// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import AdminAPI

extension Command {
    static let serviceStart = Command(
        "start",
        summary: "Start a service that was stopped or given up",
        arguments: [.serviceName],
        options: [.json],
        examples: ["martlet service start imap"],
        action: .perform { (invocation) throws(CommandError) in
            let service = try await invocation.ask(.post, ["services", invocation.word(.serviceName), "start"])
            invocation.show(service, text: serviceLine)
        }
    )
}
