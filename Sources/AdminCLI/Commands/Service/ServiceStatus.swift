// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import AdminAPI
internal import ByteTools

extension Command {
    static let serviceStatus = Command(
        "status",
        summary: "Show a service, or all of a role",
        arguments: [.serviceName],
        options: [.json],
        examples: ["martlet service status backend-1"],
        action: .perform { (invocation) throws(CommandError) in
            let services = try await invocation.ask(.get, ["services", invocation.word(.serviceName)])
            invocation.show(services) { services in
                (services.array ?? []).map { service in
                    (service.members ?? []).map { "\($0.name): \(service.shown($0.name))" }.joined(separator: "\n")
                }.joined(separator: "\n\n")
            }
        }
    )
}
