// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

package import Settings

/// Whether answers are proved with DNSSEC.
package enum ValidationPolicy: String, Sendable, Hashable, SettingValue {
    /// Unless the servers that are asked take the signatures out, which is an event.
    case auto
    /// Always: where signatures are missing, answers are *later*.
    case require
    case off

    package static var settingTypeName: String { "auto | require | off" }
    package init?(settingText: String) { self.init(rawValue: settingText) }
    package var settingText: String { rawValue }
}

/// Settings of the resolver.
package enum ResolverSettings {
    package static let forwarders = SettingKey<NameServers>(
        "resolver/forwarders",
        default: .system,
        help:
            "Name servers to ask: system takes those of resolv.conf, recursion asks authoritative servers itself, else "
            + "ADDRESS@PORT, and ADDRESS#NAME for DNS over TLS."
    )
    package static let zones = SettingKey<ZoneServers>(
        "resolver/zones",
        default: ZoneServers(),
        help:
            "Zones that other servers are asked for, such as: corp.example 10.0.0.1 10.0.0.2@5353, lab.example 10.0.0.9."
    )
    package static let insecureZones = SettingKey<ZoneNames>(
        "resolver/insecure-zones",
        default: ZoneNames(),
        help: "Zones whose answers are not proved with DNSSEC, because their servers are yours and they are not signed."
    )
    package static let dnssec = SettingKey<ValidationPolicy>(
        "resolver/dnssec",
        default: .auto,
        help: "Whether answers are proved: auto, unless the servers asked take signatures out; require; or off."
    )
    package static let trustAnchors = SettingKey<String>(
        "resolver/trust-anchor-file",
        default: "",
        help: "File with trust anchors as DS or DNSKEY records; empty takes the keys of the root zone known to Martlet."
    )
    package static let resolvConf = SettingKey<String>(
        "resolver/resolv-conf",
        default: "/etc/resolv.conf",
        help: "File that resolver/forwarders = system reads; its changes are taken up within ten seconds."
    )
    package static let caFile = SettingKey<String>(
        "resolver/ca-file",
        default: "/etc/ssl/certs/ca-certificates.crt",
        allowed: "an absolute path",
        where: { $0.hasPrefix("/") && !$0.utf8.contains { $0 < 0x20 || $0 == 0x22 || $0 == 0x5C || $0 >= 0x7F } },
        help: "File with the authorities whose certificates DNS over TLS trusts."
    )
    package static let timeout = SettingKey<Duration>(
        "resolver/timeout",
        default: .seconds(20),
        in: .seconds(1)...(.seconds(120)),
        help: "Longest time that finding the hosts of a domain takes; then it is tried again later."
    )
    package static let ednsSize = SettingKey(
        "resolver/edns-size",
        default: 1232,
        in: 512...4096,
        classic: ["resolver/EdnsSize"],
        help: "Octets of the largest answer taken over UDP (RFC 6891); larger ones come over TCP."
    )
    package static let tcpOnly = SettingKey(
        "resolver/tcp-only",
        default: false,
        help: "Asks over TCP alone, where a firewall lets no UDP through."
    )
    package static let maximumTTL = SettingKey<Duration>(
        "resolver/maximum-ttl",
        default: .seconds(86_400),
        in: .seconds(1)...(.seconds(604_800)),
        help: "Longest time for which an answer is kept; shorter TTLs are obeyed."
    )
    package static let maximumNegativeTTL = SettingKey<Duration>(
        "resolver/maximum-negative-ttl",
        default: .seconds(3600),
        in: .seconds(1)...(.seconds(86_400)),
        help: "Longest time for which it is remembered that a name or record does not exist (RFC 2308 §5)."
    )
    package static let cacheSize = SettingKey(
        "resolver/cache-size",
        default: ByteCount.mebibytes(32),
        in: .mebibytes(1)...(.gibibytes(16)),
        help: "Memory for answers that are kept."
    )
    package static let addresses = SettingKey<AddressFamilies>(
        "resolver/addresses",
        default: .both,
        help: "Which addresses mail is sent to: both, ipv4 or ipv6."
    )
    package static let unusableAddresses = SettingKey<AddressRanges>(
        "resolver/unusable-addresses",
        default: .standard,
        help: "Addresses to which no mail is sent when the name system offers them; none lets all be used, for labs."
    )
}

package let resolverSettings: [SettingDeclaration] = [
    ResolverSettings.forwarders.declaration,
    ResolverSettings.zones.declaration,
    ResolverSettings.insecureZones.declaration,
    ResolverSettings.dnssec.declaration,
    ResolverSettings.trustAnchors.declaration,
    ResolverSettings.resolvConf.declaration,
    ResolverSettings.caFile.declaration,
    ResolverSettings.timeout.declaration,
    ResolverSettings.ednsSize.declaration,
    ResolverSettings.tcpOnly.declaration,
    ResolverSettings.maximumTTL.declaration,
    ResolverSettings.maximumNegativeTTL.declaration,
    ResolverSettings.cacheSize.declaration,
    ResolverSettings.addresses.declaration,
    ResolverSettings.unusableAddresses.declaration,
]
