// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import ByteTools

/// A worker as it stands.
package struct ServiceStatus: Sendable, Equatable {
    /// Its own name, such as `backend-1`.
    package var name: String
    package var role: String
    /// `nil` while no process runs.
    package var pid: Int32?
    /// Such as `running`, `starting`, `stopping`, `stopped`, `waiting`, `failed`.
    package var state: String
    /// Unexpected ends since the server started.
    package var restarts: Int
    /// Nanoseconds since 1970 when the process started; `nil` while none runs.
    package var started: Int64?
    /// How the last process ended, if one did.
    package var lastEnd: String?

    package init(
        name: String,
        role: String,
        pid: Int32?,
        state: String,
        restarts: Int,
        started: Int64? = nil,
        lastEnd: String? = nil
    ) {
        self.name = name
        self.role = role
        self.pid = pid
        self.state = state
        self.restarts = restarts
        self.started = started
        self.lastEnd = lastEnd
    }

    /// `mode` is what the settings say for the role, if they say anything.
    func json(mode: String?) -> JSONValue {
        [
            "name": .string(name), "role": .string(role), "pid": .optional(pid), "state": .string(state),
            "restarts": .integer(Int64(restarts)), "mode": .optional(mode),
            "started": .optional(started.map { Timestamp.text(nanoseconds: $0, fractionDigits: 3) }),
            "lastEnd": .optional(lastEnd),
        ]
    }
}

/// What the admin API asks of service control.
///
/// A service is named by its worker (`backend-1`) or its role (`backend`); no name means all. The verbs answer with the
/// state afterwards.
package protocol ServiceAdministration: Sendable {
    func services() async throws(AdminError) -> [ServiceStatus]
    /// A new process takes over the sockets; the old one is drained and ends.
    func restart(_ name: String?) async throws(AdminError) -> [ServiceStatus]
    func start(_ name: String?) async throws(AdminError) -> [ServiceStatus]
    /// Drains and ends, until `start`; without a name, the whole server.
    func stop(_ name: String?) async throws(AdminError) -> [ServiceStatus]
    /// The setting that holds the mode of a role's services; `nil` when it has none.
    func modeSetting(ofRole role: String) -> String?
}
