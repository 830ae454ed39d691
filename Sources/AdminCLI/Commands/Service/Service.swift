// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import AdminAPI
internal import ByteTools

extension Command {
    static let service = Command(
        "service",
        summary: "See and steer the services of a running server",
        subcommands: [.serviceList, .serviceStatus, .serviceRestart, .serviceStart, .serviceStop, .serviceMode]
    )
}

extension Argument {
    static let serviceName = Argument("NAME", help: "A worker or a role, as \"martlet service list\" names them")
    static let optionalServiceName = Argument("NAME", help: "A worker or a role; without it, all", isOptional: true)
}

extension Invocation {
    func showServices(_ services: JSONValue) {
        show(
            services,
            columns: [
                ("NAME", { $0.shown("name") }), ("ROLE", { $0.shown("role") }), ("PID", { $0.shown("pid") }),
                ("STATE", { $0.shown("state") }), ("RESTARTS", { $0.shown("restarts") }),
                ("MODE", { $0.shown("mode") }), ("STARTED", { $0.shown("started") }),
                ("LAST END", { $0.shown("lastEnd") }),
            ]
        )
    }

    /// Has a verb done to the services that were named, or to all, and shows them.
    func changeServices(_ verb: String) async throws(CommandError) {
        showServices(try await ask(.post, ["services"] + words(.optionalServiceName) + [verb]))
    }
}
