// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import ByteTools

/// An app password as the API shows it.
package struct AppPasswordRecord: Sendable, Equatable {
    package var name: String
    package var services: [String]
    /// Seconds since 1970-01-01T00:00:00Z.
    package var created: Int64
    /// The same, to the hour.
    package var lastUsed: Int64?
    /// The password itself, in the answer to its making only.
    package var text: String?

    package init(name: String, services: [String], created: Int64, lastUsed: Int64? = nil, text: String? = nil) {
        self.name = name
        self.services = services
        self.created = created
        self.lastUsed = lastUsed
        self.text = text
    }

    var json: JSONValue {
        var members = [
            JSONMember("name", .string(name)), JSONMember("services", .strings(services)),
            JSONMember("created", .integer(created)), JSONMember("lastUsed", .optional(lastUsed)),
        ]
        if let text { members.append(JSONMember("password", .string(text))) }
        return .object(members)
    }
}
