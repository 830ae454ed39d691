// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import AdminAPI
internal import ByteTools

extension Command {
    static let serviceMode = Command(
        "mode",
        summary: "Say which way mail may go through a service",
        discussion:
            "The transport has modes. both: as usual. inbound: nothing is sent. outbound: nothing is accepted. flush: nothing new is "
            + "accepted, and what is queued is sent.",
        arguments: [.serviceName, .serviceModeName],
        options: [.json],
        examples: ["martlet service mode transport flush"],
        action: .perform { (invocation) throws(CommandError) in
            let services = try await invocation.ask(
                .put,
                ["services", invocation.word(.serviceName), "mode"],
                body: ["mode": .string(invocation.word(.serviceModeName))]
            )
            invocation.showServices(services)
        }
    )
}

extension Argument {
    static let serviceModeName = Argument(
        "MODE",
        help: "both, inbound, outbound or flush",
        completion: .words(["both", "inbound", "outbound", "flush"])
    )
}
