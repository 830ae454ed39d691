// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

package import AdminAPI
internal import ByteTools
package import Directory
internal import MailTypes
package import Resolver
package import Routing
internal import Settings

/// The operations of the admin API on connectors and routes.
///
/// A connector is an instance of the settings `connector/...`, so that history, rollback and editing by hand work; its
/// password is in the vault.
package struct ConnectorOperations: Sendable {
    let settings: SettingsAdministration
    private let instances: InstanceSettings
    let vault: CredentialVault
    let directory: AccountDirectory?
    let resolver: (any MailHostResolver)?
    let hostName: String

    /// - Parameters:
    ///   - directory: for `route explain`; `nil` where there is none.
    ///   - resolver: for `connector test`; `nil` without a server.
    package init(
        _ settings: SettingsAdministration,
        vault: CredentialVault,
        directory: AccountDirectory?,
        resolver: (any MailHostResolver)?,
        hostName: String
    ) {
        self.settings = settings
        instances = InstanceSettings(settings: settings, kind: "connector", defining: "address-spaces")
        self.vault = vault
        self.directory = directory
        self.resolver = resolver
        self.hostName = hostName
    }

    package var all: [AdminOperation] {
        [
            AdminOperation(.get, "v1/connectors") { (_) throws(AdminError) in await list() },
            AdminOperation(.post, "v1/connectors") { (request) throws(AdminError) in
                try await add(request.text("name"), request)
            },
            AdminOperation(.patch, "v1/connectors/:name") { (request) throws(AdminError) in
                let name = try await existing(request.path[2])
                try await change(name, request)
                return await show(name)
            },
            AdminOperation(.delete, "v1/connectors/:name") { (request) throws(AdminError) in
                try await remove(request.path[2], request)
            },
            AdminOperation(.post, "v1/connectors/:name/test") { (request) throws(AdminError) in
                try await test(request.path[2], domain: request.optionalText("domain"))
            },
            AdminOperation(.get, "v1/routes/:address") { (request) throws(AdminError) in try await explain(request) },
        ]
    }

    func table() async -> RoutingTable { RoutingTable(await settings.load().snapshot) }

    // MARK: Showing

    private func list() async -> JSONValue {
        let table = await table()
        var items: [JSONValue] = []
        for connector in table.connectors + [table.direct] {
            items.append(connector.json(hasPassword: await vault.hasPassword(of: connector.name)))
        }
        return .array(items)
    }

    private func show(_ name: String) async -> JSONValue {
        let connector = await table()[name]
        return connector?.json(hasPassword: await vault.hasPassword(of: name)) ?? ["name": .string(name)]
    }

    // MARK: Changing

    private func add(_ name: String, _ request: AdminRequest) async throws(AdminError) -> JSONValue {
        guard InstanceSettings.isName(name), name != RoutingTable.directName else {
            throw AdminError(
                .invalid,
                "A connector's name is 1 to 32 lower-case letters, digits, hyphens or dots, and not "
                    + "\(RoutingTable.directName)."
            )
        }
        guard await table()[name] == nil else { throw AdminError(.conflict, "There is a connector \(name) already.") }
        guard instances.isDefined(by: request) else {
            throw AdminError(.badRequest, "A connector needs an address space, such as * or example.com.")
        }
        try await change(name, request)
        return await show(name)
    }

    /// Everything is looked at before anything is changed.
    private func change(_ name: String, _ request: AdminRequest) async throws(AdminError) {
        let values = try await instances.values(for: name, in: request)
        let password = try request.optionalText("password").map { Array($0.utf8) }
        if let password, !(1...CredentialVault.maximumOctets).contains(password.count) {
            throw AdminError(.invalid, "A password has 1 to \(CredentialVault.maximumOctets) octets.")
        }
        if let password { try await keep(password, of: name) }
        try await instances.put(values, for: request)
    }

    private func remove(_ text: String, _ request: AdminRequest) async throws(AdminError) -> JSONValue {
        let name = try await existing(text)
        try await instances.remove(name, for: request)
        try await keep(nil, of: name)
        return [:]
    }

    private func keep(_ password: [UInt8]?, of name: String) async throws(AdminError) {
        do throws(CredentialVault.Failure) {
            try await vault.setPassword(password, of: name)
        } catch {
            throw AdminError(.failure, "\(error).")
        }
    }

    private func existing(_ name: String) async throws(AdminError) -> String {
        guard name != RoutingTable.directName else {
            throw AdminError(
                .invalid,
                "\(name) is always there; its settings are outbound/smart-hosts, outbound/security and outbound/port."
            )
        }
        guard await table()[name] != nil else {
            throw AdminError(.notFound, "There is no connector \(PrintableText.escaped(name)).")
        }
        return name
    }
}

extension Connector {
    func json(hasPassword: Bool) -> JSONValue {
        [
            "name": .string(name), "enabled": .bool(isEnabled), "addressSpaces": .strings(spaces.map(\.description)),
            "smartHosts": .strings(smartHosts.map(\.description)), "security": .string(security.rawValue),
            "implicitTLS": .bool(usesImplicitTLS), "user": .optional(user), "hasPassword": .bool(hasPassword),
            "sourceIPv4": .optional(sourceIPv4), "sourceIPv6": .optional(sourceIPv6),
            "heloName": .optional(heloName), "schedule": .string(schedule.description),
            "oversizeAbove": .optional(oversizeAbove), "oversizeSchedule": .string(oversizeSchedule.description),
            "allowedSenders": .strings(restrictions.allowedSenders.map(\.description)),
            "deniedSenders": .strings(restrictions.deniedSenders.map(\.description)),
            "maximumSize": .optional(restrictions.maximumSize),
            "priorities": .strings(MessagePriority.allCases.filter(restrictions.priorities.contains).map(\.rawValue)),
            "held": .bool(isHeld), "connections": .optional(connections),
            "relayUsers": .strings(relayUsers.map(\.description)), "dropFolder": .optional(dropFolder),
        ]
    }
}
