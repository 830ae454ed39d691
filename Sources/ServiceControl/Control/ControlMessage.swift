// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

package import ByteTools

/// What service control and a worker say to each other, one JSON object a line, over a pair of sockets that the worker
/// inherits as descriptor 3.
package enum ControlMessage: Sendable, Hashable {
    // From a worker.
    case ready
    case request(id: Int64, verb: String, arguments: JSONValue)
    // From service control.
    case settingsChanged
    case stop
    case setAside([String])
    case reply(id: Int64, result: JSONValue)
    case refusal(id: Int64, reason: String)

    /// Longest line, in octets.
    package static let maximumOctets = 1 << 20

    package init?(line: [UInt8]) {
        guard let value = try? JSONValue(parsing: line), let kind = value["say"]?.string else { return nil }
        let id = value["id"]?.integer
        switch (kind, id) {
        case ("ready", _): self = .ready
        case ("stop", _): self = .stop
        case ("settings-changed", _): self = .settingsChanged
        case ("set-aside", _): self = .setAside(value["items"]?.strings ?? [])
        case ("request", let id?):
            self = .request(id: id, verb: value["verb"]?.string ?? "", arguments: value["arguments"] ?? .null)
        case ("reply", let id?): self = .reply(id: id, result: value["result"] ?? .null)
        case ("refusal", let id?): self = .refusal(id: id, reason: value["reason"]?.string ?? "")
        default: return nil
        }
    }

    /// One line with its LF.
    package var line: [UInt8] { value.encoded + [ASCII.lf] }

    private var value: JSONValue {
        switch self {
        case .ready: ["say": "ready"]
        case .stop: ["say": "stop"]
        case .settingsChanged: ["say": "settings-changed"]
        case .setAside(let items): ["say": "set-aside", "items": .strings(items)]
        case .request(let id, let verb, let arguments):
            ["say": "request", "id": .integer(id), "verb": .string(verb), "arguments": arguments]
        case .reply(let id, let result): ["say": "reply", "id": .integer(id), "result": result]
        case .refusal(let id, let reason): ["say": "refusal", "id": .integer(id), "reason": .string(reason)]
        }
    }
}
