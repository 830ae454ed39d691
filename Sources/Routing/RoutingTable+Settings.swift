// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import MailTypes
package import Settings

extension RoutingTable {
    /// The connectors that the settings have, and the one that is always there.
    package init(_ settings: SettingsSnapshot) {
        var direct = Connector(Self.directName, spaces: [AddressSpace(.any, cost: AddressSpace.costs.upperBound)])
        direct.smartHosts = settings[RoutingSettings.directSmartHosts].compactMap(SmartHost.init)
        direct.security = settings[RoutingSettings.directSecurity]
        self.init(
            Self.names(in: settings).compactMap { Connector($0, settings) },
            direct: direct,
            rules: Self.names(of: "destination", in: settings).compactMap { DomainRule($0, settings) }
        )
    }

    /// Every name that has a setting of its own, whether a connector comes of it or not.
    package static func names(in settings: SettingsSnapshot) -> Set<String> { names(of: "connector", in: settings) }

    /// As above, of connectors (`connector`) or rules for domains (`destination`).
    package static func names(of kind: String, in settings: SettingsSnapshot) -> Set<String> {
        var names: Set<String> = []
        for path in settings.texts.keys {
            let parts = path.split(separator: "/")
            if parts.count == 3, parts[0] == kind { names.insert(String(parts[1])) }
        }
        return names
    }
}

extension Connector {
    /// `nil` without address spaces.
    init?(_ name: String, _ settings: SettingsSnapshot) {
        // Spaces for all would make connectors of the same domains.
        guard settings.texts["connector/\(name)/address-spaces"] != nil, name != RoutingTable.directName else {
            return nil
        }
        let spaces = settings[RoutingSettings.addressSpaces, instance: name].compactMap(AddressSpace.init)
        guard !spaces.isEmpty else { return nil }
        self.init(name, spaces: spaces)
        isEnabled = settings[RoutingSettings.enabled, instance: name]
        smartHosts = settings[RoutingSettings.smartHosts, instance: name].compactMap(SmartHost.init)
        security = settings[RoutingSettings.security, instance: name]
        usesImplicitTLS = settings[RoutingSettings.implicitTLS, instance: name]
        user = Self.given(settings[RoutingSettings.user, instance: name])
        sourceIPv4 = Self.given(settings[RoutingSettings.sourceIPv4, instance: name])
        sourceIPv6 = Self.given(settings[RoutingSettings.sourceIPv6, instance: name])
        heloName = Self.given(settings[RoutingSettings.heloName, instance: name])
        schedule = Schedule(settings[RoutingSettings.schedule, instance: name]) ?? .always
        oversizeAbove = Self.bound(settings[RoutingSettings.oversizeAbove, instance: name])
        oversizeSchedule = Schedule(settings[RoutingSettings.oversizeSchedule, instance: name]) ?? .always
        restrictions.allowedSenders = settings[RoutingSettings.allowedSenders, instance: name]
            .compactMap(SenderPattern.init)
        restrictions.deniedSenders = settings[RoutingSettings.deniedSenders, instance: name]
            .compactMap(SenderPattern.init)
        restrictions.maximumSize = Self.bound(settings[RoutingSettings.maximumSize, instance: name])
        restrictions.priorities = Set(
            settings[RoutingSettings.priorities, instance: name].compactMap(MessagePriority.init)
        )
        isHeld = settings[RoutingSettings.held, instance: name]
        relayUsers = settings[RoutingSettings.relayUsers, instance: name].compactMap { MailboxAddress($0) }
        let connections = settings[RoutingSettings.connections, instance: name]
        self.connections = connections > 0 ? connections : nil
        dropFolder = Self.given(settings[RoutingSettings.dropFolder, instance: name])
    }

    private static func given(_ text: String) -> String? { text.isEmpty ? nil : text }
    private static func bound(_ size: ByteCount) -> UInt64? { size.octets > 0 ? UInt64(size.octets) : nil }
}
