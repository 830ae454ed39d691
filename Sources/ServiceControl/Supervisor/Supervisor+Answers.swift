// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import ByteTools
internal import Events
internal import Runtime
internal import Settings

/// What the administration may ask service control.
extension Supervisor {
    func answer(_ verb: String, _ arguments: JSONValue, id: Int64) -> ControlMessage {
        do throws(ServiceRequestError) {
            switch verb {
            case "list": return .reply(id: id, result: .array(slots.map(row)))
            case "start": return .reply(id: id, result: .array(try named(arguments).map(startStopped)))
            case "restart": return .reply(id: id, result: .array(try named(arguments).map(restart)))
            case "stop": return .reply(id: id, result: .array(try stop(arguments)))
            case "settings-changed":
                reloadSettings()
                return .reply(id: id, result: true)
            default: throw ServiceRequestError(reason: "service control does not know \"\(verb)\"")
            }
        } catch {
            return .refusal(id: id, reason: error.reason)
        }
    }

    struct ServiceRequestError: Error { let reason: String }

    /// The workers that `{"service": NAME}` means: one worker, all of a role, or (absent) all.
    private func named(_ arguments: JSONValue) throws(ServiceRequestError) -> [WorkerSlot] {
        guard let name = arguments["service"]?.string else { return slots }
        let found = slots.filter { $0.name == name || $0.role.rawValue == name }
        guard !found.isEmpty else {
            let names = (WorkerRole.allCases.map(\.rawValue) + slots.map(\.name)).joined(separator: ", ")
            throw ServiceRequestError(reason: "there is no service \"\(name)\"; there are \(names)")
        }
        return found
    }

    private func row(_ slot: WorkerSlot) -> JSONValue {
        [
            "name": .string(slot.name), "role": .string(slot.role.rawValue), "pid": .optional(slot.current?.pid),
            "state": .string(slot.state.rawValue), "restarts": .integer(Int64(slot.restarts)),
            "started": .optional(slot.current?.startedTime), "lastEnd": .optional(slot.lastEnd),
        ]
    }

    /// New connections go to the successor; what the predecessor has begun it finishes.
    private func restart(_ slot: WorkerSlot) -> JSONValue {
        slot.recovery.forget()
        if let worker = slot.current {
            if slot.overlaps {
                slot.retiring.append(worker)
                slot.current = nil
                start(slot)
            } else {
                slot.state = .stopping
                slot.startsAgainOnceStopped = true
                retire(worker)
            }
        } else {
            start(slot)
        }
        return row(slot)
    }

    private func startStopped(_ slot: WorkerSlot) -> JSONValue {
        slot.recovery.forget()
        if slot.state == .stopping {
            slot.startsAgainOnceStopped = true
        } else if slot.current == nil {
            start(slot)
        }
        return row(slot)
    }

    private func stop(_ arguments: JSONValue) throws(ServiceRequestError) -> [JSONValue] {
        let chosen = try named(arguments)
        guard arguments["service"] != nil, arguments["service"] != .null else {
            // The answer leaves first.
            let loop = loop
            Task {
                try? await loop.sleep(for: .milliseconds(50))
                self.stopAll()
            }
            return chosen.map(row)
        }
        guard !chosen.contains(where: { $0.role == .admin }) else {
            throw ServiceRequestError(
                reason: "the admin service is what you are talking to; say martlet service stop to stop everything"
            )
        }
        for slot in chosen {
            slot.plan += 1
            slot.startsAgainOnceStopped = false
            slot.state = slot.current == nil ? .stopped : .stopping
            if let worker = slot.current { retire(worker) }
        }
        return chosen.map(row)
    }
}
