// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

package import ByteTools

/// A service as it stands.
package struct ServiceStatus: Sendable, Equatable {
    package var name: String
    package var role: String
    /// `nil` while no process runs.
    package var pid: Int32?
    /// Such as `running`, `starting`, `draining`, `stopped`, `failed`.
    package var state: String
    /// Since the server started.
    package var restarts: Int
    package var mode: String
    /// Nanoseconds since 1970 when the process started; `nil` while none runs.
    package var started: Int64?
    /// How the last process ended, if one did.
    package var lastExit: String?

    package init(
        name: String,
        role: String,
        pid: Int32?,
        state: String,
        restarts: Int,
        mode: String = "both",
        started: Int64? = nil,
        lastExit: String? = nil
    ) {
        self.name = name
        self.role = role
        self.pid = pid
        self.state = state
        self.restarts = restarts
        self.mode = mode
        self.started = started
        self.lastExit = lastExit
    }

    package var json: JSONValue {
        [
            "name": .string(name), "role": .string(role), "pid": .optional(pid), "state": .string(state),
            "restarts": .integer(Int64(restarts)), "mode": .string(mode),
            "started": .optional(started.map { Timestamp.text(nanoseconds: $0) }), "lastExit": .optional(lastExit),
        ]
    }
}

/// What the admin API asks of service control. Every call answers with the state afterwards.
package protocol ServiceAdministration: Sendable {
    func services() async throws(AdminError) -> [ServiceStatus]
    /// Starts a new process on the same sockets and ends the old one when it is drained.
    func restart(_ name: String) async throws(AdminError) -> ServiceStatus
    func start(_ name: String) async throws(AdminError) -> ServiceStatus
    /// Drains and ends it, until `start`.
    func stop(_ name: String) async throws(AdminError) -> ServiceStatus
    /// `both`, `inbound`, `outbound` or `flush`; which of them a service knows is for it to say.
    func setMode(_ name: String, _ mode: String) async throws(AdminError) -> ServiceStatus
    /// Has every worker load the settings that were changed.
    func settingsChanged() async
}
