// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import ByteTools

extension Command {
    static let service = Command(
        "service",
        summary: "See and steer the services of a running server",
        subcommands: [.serviceList, .serviceStatus, .serviceRestart, .serviceStart, .serviceStop, .serviceMode]
    )
}

extension Argument {
    static let serviceName = Argument("NAME", help: "A service, as \"martlet service list\" names it")
}

/// A service in one line.
func serviceLine(_ service: JSONValue) -> String {
    let pid = service.shown("pid")
    return "\(service.shown("name")): \(service.shown("state"))" + (pid.isEmpty ? "" : ", pid \(pid)")
        + ", mode \(service.shown("mode")), \(service.shown("restarts")) restarts"
}
