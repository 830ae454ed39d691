// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import AdminAPI
internal import ByteTools

extension Command {
    static let serviceStatus = Command(
        "status",
        summary: "Show one service",
        arguments: [.serviceName],
        options: [.json],
        examples: ["martlet service status imap"],
        action: .perform { (invocation) throws(CommandError) in
            let service = try await invocation.ask(.get, ["services", invocation.word(.serviceName)])
            invocation.show(service) { service in
                (service.members ?? []).map { "\($0.name): \(service.shown($0.name))" }.joined(separator: "\n")
            }
        }
    )
}
