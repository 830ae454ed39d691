// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

package import AdminAPI
internal import ByteTools
internal import MailQueue
internal import MailTypes
internal import Routing
internal import Settings

/// The operations of the admin API on rules for single domains, which are instances of the settings `destination/...`.
package struct DestinationOperations: Sendable {
    private let settings: SettingsAdministration

    package init(_ settings: SettingsAdministration) { self.settings = settings }

    package var all: [AdminOperation] {
        [
            AdminOperation(.get, "v1/destinations") { (_) throws(AdminError) in
                let snapshot = await settings.load().snapshot
                return .array(RoutingTable(snapshot).rules.map { $0.json(snapshot) })
            },
            AdminOperation(.post, "v1/destinations") { (request) throws(AdminError) in
                try await add(request.text("name"), request)
            },
            AdminOperation(.patch, "v1/destinations/:name") { (request) throws(AdminError) in
                let name = try await existing(request.path[2])
                try await change(name, request)
                return await show(name)
            },
            AdminOperation(.delete, "v1/destinations/:name") { (request) throws(AdminError) in
                try await remove(request.path[2], request)
            },
        ]
    }

    private func rule(_ name: String) async -> JSONValue? {
        let snapshot = await settings.load().snapshot
        return RoutingTable(snapshot).rules.first { $0.name == name }?.json(snapshot)
    }

    private func show(_ name: String) async -> JSONValue { await rule(name) ?? ["name": .string(name)] }

    private func existing(_ name: String) async throws(AdminError) -> String {
        guard await rule(name) != nil else {
            throw AdminError(
                .notFound,
                "There is no rule \(PrintableText.escaped(name)). See: martlet destination list"
            )
        }
        return name
    }

    private func add(_ name: String, _ request: AdminRequest) async throws(AdminError) -> JSONValue {
        guard SettingsTree.isInstanceName(name), name == ASCII.lowercased(name) else {
            throw AdminError(.invalid, "A rule's name is 1 to 32 lower-case letters, digits, hyphens or dots.")
        }
        guard await rule(name) == nil else { throw AdminError(.conflict, "There is a rule \(name) already.") }
        guard request.body?["settings"]?["domains"]?.string?.isEmpty == false else {
            throw AdminError(.badRequest, "A rule needs a domain, such as example.com or *.example.com.")
        }
        try await change(name, request)
        return await show(name)
    }

    /// All values are looked at before the first is set; the domains come last, for they make a rule.
    private func change(_ name: String, _ request: AdminRequest) async throws(AdminError) {
        var values: [(path: String, text: String)] = []
        for member in request.body?["settings"]?.members ?? [] {
            guard let text = member.value.string else { throw AdminError(.badRequest, "Settings are texts.") }
            let address = try settings.resolve("destination/\(name)/\(member.name)")
            if !text.isEmpty, let refusal = address.declaration.refusal(text) {
                throw AdminError(.invalid, "\(refusal).")
            }
            if member.name == "connector", !text.isEmpty, RoutingTable(await settings.load().snapshot)[text] == nil {
                throw AdminError(.notFound, "There is no connector \(PrintableText.escaped(text)).")
            }
            values.append((address.path, text))
        }
        for (path, text) in values.sorted(by: { Self.rank($0.path) < Self.rank($1.path) }) {
            if text.isEmpty {
                _ = try await settings.unset(path, by: request.caller)
            } else {
                _ = try await settings.set(path, to: text, by: request.caller)
            }
        }
    }

    private static func rank(_ path: String) -> Int { path.hasSuffix("/domains") ? 1 : 0 }

    private func remove(_ text: String, _ request: AdminRequest) async throws(AdminError) -> JSONValue {
        let name = try await existing(text)
        let own = await settings.load().snapshot.texts.keys.filter { $0.hasPrefix("destination/\(name)/") }
        for path in own.sorted(by: { Self.rank($0) > Self.rank($1) }) {
            _ = try await settings.unset(path, by: request.caller)
        }
        return [:]
    }
}

extension DomainRule {
    fileprivate func json(_ settings: SettingsSnapshot) -> JSONValue {
        [
            "name": .string(name), "domains": .strings(domains.map(\.description)), "connector": .optional(connector),
            "security": .optional(security?.rawValue), "connections": .optional(connections),
            "messagesPerConnection": .optional(messagesPerConnection),
            "recipientsPerMessage": .optional(recipientsPerMessage), "maximumSize": .optional(maximumSize),
            "retry": .string(settings[QueueSettings.destinationRetry, instance: name].settingText),
        ]
    }
}
