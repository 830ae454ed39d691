// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import Settings

/// What libunbound is told: a configuration in the form of unbound.conf(5).
///
/// Every value in it is of a type that has no room for anything else: numbers, addresses, names of letters and digits.
struct UnboundConfiguration: Sendable, Hashable {
    /// Who is asked for what no zone of its own covers; empty: the authoritative servers.
    var servers: [NameServer]
    var zones: ZoneServers
    var insecureZones: ZoneNames
    /// DS or DNSKEY records, one a line; `nil`: answers are not proved.
    var trustAnchors: [String]?
    var ednsSize = 1232
    var tcpOnly = false
    /// Seconds.
    var maximumTTL: Int64 = 86_400
    /// Seconds.
    var maximumNegativeTTL: Int64 = 3600
    var cacheSize = ByteCount.mebibytes(32)
    /// PEM file with the authorities that DNS over TLS trusts.
    var caFile: String

    /// Questions that are on their way at a time; further ones are *later*.
    static let maximumQuestions = 1024

    /// The keys of the root zone (https://data.iana.org/root-anchors/): those of 2017 and 2024.
    static let rootAnchors = [
        ". IN DS 20326 8 2 E06D44B80B8F1D39A95C0B0D7C65D08458E880409BBC683457104237C7F8EC8D",
        ". IN DS 38696 8 2 683D2D0ACB8C9B712A1948B27F741219298D0A450D612C483AF444A4C0FB2B16",
    ]

    init(_ settings: SettingsSnapshot, servers: [NameServer], trustAnchors: [String]?) {
        self.servers = servers
        self.trustAnchors = trustAnchors
        zones = settings[ResolverSettings.zones]
        insecureZones = settings[ResolverSettings.insecureZones]
        ednsSize = settings[ResolverSettings.ednsSize]
        tcpOnly = settings[ResolverSettings.tcpOnly]
        maximumTTL = settings[ResolverSettings.maximumTTL].components.seconds
        maximumNegativeTTL = settings[ResolverSettings.maximumNegativeTTL].components.seconds
        cacheSize = settings[ResolverSettings.cacheSize]
        caFile = settings[ResolverSettings.caFile]
    }

    /// Without DNSSEC.
    var unproved: UnboundConfiguration {
        var other = self
        other.trustAnchors = nil
        return other
    }

    /// The servers that are asked over TLS.
    var tlsServers: [NameServer] { (servers + zones.zones.flatMap(\.servers)).filter { $0.tlsName != nil } }

    /// The configuration.
    ///
    /// - Parameter places: where each server that is asked over TLS is reached on this machine.
    func text(places: [NameServer: NameServer] = [:]) -> String {
        var lines = ["server:"]
        func server(_ name: String, _ value: String) { lines.append("  \(name): \(value)") }
        server("module-config", trustAnchors == nil ? "\"iterator\"" : "\"validator iterator\"")
        // Crashes, not questions, are for the log.
        server("verbosity", "0")
        server("num-threads", "1")
        server("num-queries-per-thread", String(Self.maximumQuestions))
        server("outgoing-range", String(Self.maximumQuestions))
        server("outgoing-num-tcp", "64")
        server("msg-cache-size", String(cacheSize.octets / 4))
        server("rrset-cache-size", String(cacheSize.octets / 2))
        server("key-cache-size", String(cacheSize.octets / 8))
        server("neg-cache-size", String(cacheSize.octets / 8))
        server("cache-max-ttl", String(maximumTTL))
        server("cache-max-negative-ttl", String(maximumNegativeTTL))
        server("edns-buffer-size", String(ednsSize))
        server("tcp-upstream", tcpOnly ? "yes" : "no")
        // A server that was away is asked again now and then, and is not held dead for a quarter of an hour.
        server("infra-keep-probing", "yes")
        server("infra-host-ttl", "60")
        // Servers on this machine, and zones for local use, are for the administrator to name.
        server("do-not-query-localhost", "no")
        server("unblock-lan-zones", "yes")
        server("insecure-lan-zones", "yes")
        // What stands between it and servers over TLS keeps connections open; here each question has its own.
        if !places.isEmpty { server("max-reuse-tcp-queries", "1") }
        for anchor in trustAnchors ?? [] { server("trust-anchor", "\"\(anchor)\"") }
        for name in insecureZones.names {
            server("domain-insecure", "\"\(name).\"")
        }
        // libunbound answers for names that are reserved (RFC 6761), such as test, unless they are named here.
        for name in Set(insecureZones.names + zones.zones.map(\.name)).sorted() {
            server("local-zone", "\"\(name).\" transparent")
        }
        if !servers.isEmpty { lines += Self.forward(".", to: servers, places) }
        for zone in zones.zones { lines += Self.forward(zone.name + ".", to: zone.servers, places) }
        return lines.joined(separator: "\n") + "\n"
    }

    private static func forward(
        _ name: String,
        to servers: [NameServer],
        _ places: [NameServer: NameServer]
    ) -> [String] {
        let usesTLS = servers.contains { $0.tlsName != nil }
        return ["forward-zone:", "  name: \"\(name)\"", "  forward-tcp-upstream: \(usesTLS ? "yes" : "no")"]
            + servers.map { server in
                let place = places[server] ?? server
                return "  forward-addr: \(place.address)@\(place.port)"
            }
    }
}
