// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

package import MailTypes
package import Settings

/// What holds for mail to some domains, besides what their connector says.
package struct DomainRule: Sendable, Hashable {
    /// 1 to 32 letters, digits, hyphens or dots.
    package var name: String
    package var domains: [AddressPattern]
    /// The connector, whatever address spaces there are.
    package var connector: String?
    package var security: OutboundSecurity?
    /// Transactions at a time with one destination.
    package var connections: Int?
    package var messagesPerConnection: Int?
    package var recipientsPerMessage: Int?
    /// Octets.
    package var maximumSize: UInt64?

    package init(_ name: String, domains: [AddressPattern]) {
        self.name = name
        self.domains = domains
    }

    /// How close the closest of its domains is; `nil` when none is this one.
    func closeness(to domain: Domain) -> Int? {
        domains.filter { $0.matches(domain) }.map(\.closeness).max()
    }

    /// `nil` without domains.
    init?(_ name: String, _ settings: SettingsSnapshot) {
        // Domains for all would make rules of the same domains.
        guard settings.texts["destination/\(name)/domains"] != nil else { return nil }
        let domains = settings[DomainRuleSettings.domains, instance: name].compactMap { AddressPattern($0) }
        guard !domains.isEmpty else { return nil }
        self.init(name, domains: domains)
        let connector = settings[DomainRuleSettings.connector, instance: name]
        self.connector = connector.isEmpty ? nil : connector
        security = OutboundSecurity(rawValue: settings[DomainRuleSettings.security, instance: name])
        connections = Self.bound(settings[DomainRuleSettings.connections, instance: name])
        messagesPerConnection = Self.bound(settings[DomainRuleSettings.messagesPerConnection, instance: name])
        recipientsPerMessage = Self.bound(settings[DomainRuleSettings.recipientsPerMessage, instance: name])
        let size = settings[DomainRuleSettings.maximumSize, instance: name].octets
        maximumSize = size > 0 ? UInt64(size) : nil
    }

    private static func bound(_ number: Int) -> Int? { number > 0 ? number : nil }
}

/// Settings of rules for domains.
///
/// Each rule is an instance: `destination/slow/domains`.
package enum DomainRuleSettings {
    package static let domains = SettingKey(
        "destination/domains",
        default: [String](),
        allowed: "domains, *.domains or *",
        where: { $0.allSatisfy { AddressPattern($0) != nil } },
        perInstance: true,
        help: "Domains that a rule is for; a rule without any is not there. For each domain the closest pattern "
            + "counts: example.com, else *.example.com, else *."
    )
    package static let connector = SettingKey(
        "destination/connector",
        default: "",
        perInstance: true,
        help: "The connector that mail for these domains leaves by, whatever address spaces there are; empty: as the "
            + "address spaces say."
    )
    package static let security = SettingKey(
        "destination/security",
        default: "",
        allowed: "none, may, require, verify, or empty",
        where: { $0.isEmpty || OutboundSecurity(rawValue: $0) != nil },
        perInstance: true,
        help: "TLS to the servers of these domains, in place of the connector's; empty: the connector's."
    )
    package static let connections = SettingKey(
        "destination/connections",
        default: 0,
        in: 0...1000,
        perInstance: true,
        help: "Transactions at a time with the servers of one of these domains, at most; 0: as "
            + "queue/destination-connections."
    )
    package static let messagesPerConnection = SettingKey(
        "destination/messages-per-connection",
        default: 0,
        in: 0...10_000,
        perInstance: true,
        help: "Messages that are sent on one connection, at most; 0: 100."
    )
    package static let recipientsPerMessage = SettingKey(
        "destination/recipients-per-message",
        default: 0,
        in: 0...10_000,
        perInstance: true,
        help: "Recipients of one transaction, at most; more of them make several. 0: 100."
    )
    package static let maximumSize = SettingKey(
        "destination/maximum-size",
        default: ByteCount(0),
        in: ByteCount(0)...ByteCount.gibibytes(4),
        perInstance: true,
        help: "Largest message that is sent to these domains, 552 5.3.4 for larger ones; 0 for no bound."
    )
}

/// Every setting of rules for domains.
package let domainRuleSettings: [SettingDeclaration] = [
    DomainRuleSettings.domains.declaration, DomainRuleSettings.connector.declaration,
    DomainRuleSettings.security.declaration, DomainRuleSettings.connections.declaration,
    DomainRuleSettings.messagesPerConnection.declaration, DomainRuleSettings.recipientsPerMessage.declaration,
    DomainRuleSettings.maximumSize.declaration,
]
