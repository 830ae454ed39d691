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
    private let instances: InstanceSettings

    package init(_ settings: SettingsAdministration) {
        self.settings = settings
        instances = InstanceSettings(settings: settings, kind: "destination", defining: "domains")
    }

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
        guard InstanceSettings.isName(name) else {
            throw AdminError(.invalid, "A rule's name is 1 to 32 lower-case letters, digits, hyphens or dots.")
        }
        guard await rule(name) == nil else { throw AdminError(.conflict, "There is a rule \(name) already.") }
        guard instances.isDefined(by: request) else {
            throw AdminError(.badRequest, "A rule needs a domain, such as example.com or *.example.com.")
        }
        try await change(name, request)
        return await show(name)
    }

    private func change(_ name: String, _ request: AdminRequest) async throws(AdminError) {
        let values = try await instances.values(for: name, in: request) { (setting, text) throws(AdminError) in
            guard setting == "connector", !text.isEmpty else { return }
            guard RoutingTable(await settings.load().snapshot)[text] != nil else {
                throw AdminError(.notFound, "There is no connector \(PrintableText.escaped(text)).")
            }
        }
        try await instances.put(values, for: request)
    }

    private func remove(_ text: String, _ request: AdminRequest) async throws(AdminError) -> JSONValue {
        let name = try await existing(text)
        try await instances.remove(name, for: request)
        return [:]
    }
}

extension DomainRule {
    fileprivate func json(_ settings: SettingsSnapshot) -> JSONValue {
        let expire = settings[QueueSettings.destinationExpire, instance: name]
        return [
            "name": .string(name), "domains": .strings(domains.map(\.description)), "connector": .optional(connector),
            "security": .optional(security?.rawValue), "connections": .optional(connections),
            "messagesPerConnection": .optional(messagesPerConnection),
            "recipientsPerMessage": .optional(recipientsPerMessage), "maximumSize": .optional(maximumSize),
            "retry": .string(settings[QueueSettings.destinationRetry, instance: name].settingText),
            "expire": .string(expire > .zero ? expire.settingText : ""),
        ]
    }
}
