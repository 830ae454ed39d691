// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import AdminAPI
internal import ByteTools
internal import ServiceControl
internal import Settings

/// Service control, as the worker that serves the admin API reaches it: over its control socket.
struct WorkerServices: ServiceAdministration {
    let control: ServiceControlClient

    func services() async throws(AdminError) -> [ServiceStatus] { try await ask("list", nil) }
    func restart(_ name: String?) async throws(AdminError) -> [ServiceStatus] { try await ask("restart", name) }
    func start(_ name: String?) async throws(AdminError) -> [ServiceStatus] { try await ask("start", name) }
    func stop(_ name: String?) async throws(AdminError) -> [ServiceStatus] { try await ask("stop", name) }

    func modeSetting(ofRole role: String) -> String? {
        role == WorkerRole.transport.rawValue ? ServiceSettings.transferMode.path : nil
    }

    private func ask(_ verb: String, _ name: String?) async throws(AdminError) -> [ServiceStatus] {
        do throws(ServiceControlClient.Refusal) {
            let answer = try await control.request(verb, ["service": .optional(name)])
            return (answer.array ?? []).compactMap(ServiceStatus.init)
        } catch {
            throw AdminError(.unavailable, error.reason)
        }
    }
}

extension ServiceStatus {
    fileprivate init?(_ row: JSONValue) {
        guard let name = row["name"]?.string, let role = row["role"]?.string, let state = row["state"]?.string else {
            return nil
        }
        self.init(
            name: name,
            role: role,
            pid: row["pid"]?.integer.flatMap(Int32.init(exactly:)),
            state: state,
            restarts: Int(clamping: row["restarts"]?.integer ?? 0),
            started: row["started"]?.integer,
            lastEnd: row["lastEnd"]?.string
        )
    }
}
