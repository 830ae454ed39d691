// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

package import MailTypes
internal import Runtime
package import Settings

/// Settings of connectors.
///
/// Each connector is an instance: `connector/branch/address-spaces`. What is set for all (`connector/security`) holds
/// for those that have no value of their own.
package enum RoutingSettings {
    package static let addressSpaces = SettingKey(
        "connector/address-spaces",
        default: [String](),
        allowed: "domains, *.domains or *, each with :cost (1 to 100) if it is not 1",
        where: { $0.allSatisfy { AddressSpace($0) != nil } },
        perInstance: true,
        help:
            "Domains that a connector takes mail for; a connector without any is not there. The closest pattern counts, "
            + "then the least cost."
    )
    package static let enabled = SettingKey(
        "connector/enabled",
        default: true,
        perInstance: true,
        help: "Whether the connector is used. Mail for one that is switched off waits, and goes no other way."
    )
    package static let smartHosts = SettingKey(
        "connector/smart-hosts",
        default: [String](),
        allowed: "names or [addresses], each with :port if it is not the usual one",
        where: { $0.allSatisfy { SmartHost($0) != nil } },
        perInstance: true,
        help: "Servers that get the connector's mail, in this order; none: each domain's own servers (MX)."
    )
    package static let security = SettingKey(
        "connector/security",
        default: OutboundSecurity.may,
        perInstance: true,
        help: "TLS to other servers: none, may (where offered), require, or verify (with a valid certificate)."
    )
    package static let implicitTLS = SettingKey(
        "connector/implicit-tls",
        default: false,
        perInstance: true,
        help: "Whether the smart hosts speak TLS from the first octet (port 465), instead of STARTTLS."
    )
    package static let user = SettingKey(
        "connector/user",
        default: "",
        perInstance: true,
        help: "Whom to log on as at the smart hosts; the password is set by martlet connector set --password-stdin."
    )
    package static let sourceIPv4 = SettingKey(
        "connector/source-ipv4",
        default: "",
        allowed: "an IPv4 address of this machine, or empty",
        where: { $0.isEmpty || isAddress($0, isIPv6: false) },
        perInstance: true,
        help: "The address that IPv4 hosts see; empty: what the system chooses."
    )
    package static let sourceIPv6 = SettingKey(
        "connector/source-ipv6",
        default: "",
        allowed: "an IPv6 address of this machine, or empty",
        where: { $0.isEmpty || isAddress($0, isIPv6: true) },
        perInstance: true,
        help: "The address that IPv6 hosts see; empty: what the system chooses."
    )
    package static let heloName = SettingKey(
        "connector/helo-name",
        default: "",
        allowed: "a host name, or empty",
        where: { $0.isEmpty || Domain($0) != nil },
        perInstance: true,
        help: "What we call ourselves to other servers; empty: the host name."
    )
    package static let schedule = SettingKey(
        "connector/schedule",
        default: "always",
        allowed: "always, never, or hours such as mon-fri 22:00-06:00, sat+sun 00:00-24:00",
        where: { Schedule($0) != nil },
        perInstance: true,
        help: "When the connector's mail may leave, by the clock of this machine; outside these hours it waits."
    )
    package static let oversizeAbove = SettingKey(
        "connector/oversize-above",
        default: ByteCount(0),
        in: ByteCount(0)...ByteCount.gibibytes(4),
        perInstance: true,
        help: "Size above which a message waits for connector/oversize-schedule; 0 for no bound."
    )
    package static let oversizeSchedule = SettingKey(
        "connector/oversize-schedule",
        default: "always",
        allowed: "as connector/schedule",
        where: { Schedule($0) != nil },
        perInstance: true,
        help: "When messages above connector/oversize-above may leave."
    )
    package static let allowedSenders = SettingKey(
        "connector/allowed-senders",
        default: [String](),
        allowed: "addresses, domains, *.domains, * or group:ADDRESS",
        where: { $0.allSatisfy { SenderPattern($0) != nil } },
        perInstance: true,
        help: "Who may send by the connector; empty: everybody. Reports (null sender) always may."
    )
    package static let deniedSenders = SettingKey(
        "connector/denied-senders",
        default: [String](),
        allowed: "addresses, domains, *.domains, * or group:ADDRESS",
        where: { $0.allSatisfy { SenderPattern($0) != nil } },
        perInstance: true,
        help: "Who may not send by the connector, even if allowed-senders has them: 550 5.7.1 when no other takes it."
    )
    package static let maximumSize = SettingKey(
        "connector/maximum-size",
        default: ByteCount(0),
        in: ByteCount(0)...ByteCount.gibibytes(4),
        perInstance: true,
        help: "Largest message that the connector takes; 0 for no bound."
    )
    package static let priorities = SettingKey(
        "connector/priorities",
        default: [String](),
        allowed: "low, normal, urgent",
        where: { $0.allSatisfy { MessagePriority(rawValue: $0) != nil } },
        perInstance: true,
        help: "Priorities of the messages that the connector takes; empty: all."
    )
    package static let held = SettingKey(
        "connector/held",
        default: false,
        perInstance: true,
        help: "Whether mail waits until somebody asks for it, by ETRN or martlet queue force."
    )

    package static let relayUsers = SettingKey(
        "connector/relay-users",
        default: [String](),
        allowed: "addresses of accounts",
        where: { $0.allSatisfy { MailboxAddress($0) != nil } },
        perInstance: true,
        help: "Accounts that may fetch the mail of a held connector at the submission ports (ATRN, RFC 2645)."
    )
    package static let connections = SettingKey(
        "connector/connections",
        default: 0,
        in: 0...1000,
        perInstance: true,
        help: "Transactions at a time with each destination of the connector, at most; 0: as "
            + "queue/destination-connections."
    )
    package static let dropFolder = SettingKey(
        "connector/drop-folder",
        default: "",
        allowed: "an absolute path, or empty",
        where: { $0.isEmpty || $0.hasPrefix("/") && $0.utf8.count <= 1024 },
        perInstance: true,
        help: "A folder in which the connector leaves its mail as files, for programs to collect, instead of sending "
            + "it. Mail for the connector's domains (not for *) is then taken from everybody."
    )

    // MARK: The connector that is always there

    package static let directSmartHosts = SettingKey(
        "outbound/smart-hosts",
        default: [String](),
        allowed: "names or [addresses], each with :port if it is not the usual one",
        where: { $0.allSatisfy { SmartHost($0) != nil } },
        help:
            "Servers that get all mail for which there is no connector, in this order; none: each domain's own servers "
            + "(MX)."
    )
    package static let port = SettingKey(
        "outbound/port",
        default: 25,
        in: 1...65_535,
        help: "Port of other servers. Anything but 25 is for laboratories."
    )
    package static let directSecurity = SettingKey(
        "outbound/security",
        default: OutboundSecurity.may,
        help: "TLS to other servers without a connector: none, may (where offered), require, or verify (with a valid "
            + "certificate)."
    )

    private static func isAddress(_ text: String, isIPv6: Bool) -> Bool {
        switch SocketAddress(host: text, port: 0) {
        case .ipv4: !isIPv6
        case .ipv6: isIPv6
        case .unix, nil: false
        }
    }
}

extension OutboundSecurity: SettingValue {
    package static var settingTypeName: String { allCases.map(\.rawValue).joined(separator: " | ") }
    package init?(settingText: String) { self.init(rawValue: settingText) }
    package var settingText: String { rawValue }
}

/// Every setting of this module.
package let routingSettings: [SettingDeclaration] =
    [
        RoutingSettings.addressSpaces.declaration, RoutingSettings.enabled.declaration,
        RoutingSettings.smartHosts.declaration, RoutingSettings.security.declaration,
        RoutingSettings.implicitTLS.declaration, RoutingSettings.user.declaration,
        RoutingSettings.sourceIPv4.declaration, RoutingSettings.sourceIPv6.declaration,
        RoutingSettings.heloName.declaration, RoutingSettings.schedule.declaration,
        RoutingSettings.oversizeAbove.declaration, RoutingSettings.oversizeSchedule.declaration,
        RoutingSettings.allowedSenders.declaration, RoutingSettings.deniedSenders.declaration,
        RoutingSettings.maximumSize.declaration, RoutingSettings.priorities.declaration,
        RoutingSettings.held.declaration, RoutingSettings.connections.declaration,
        RoutingSettings.relayUsers.declaration, RoutingSettings.dropFolder.declaration,
        RoutingSettings.directSmartHosts.declaration, RoutingSettings.port.declaration,
        RoutingSettings.directSecurity.declaration,
    ] + domainRuleSettings
