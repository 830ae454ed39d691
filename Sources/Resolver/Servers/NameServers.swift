// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import DNSRecords
internal import Settings

/// A name server that is asked: `192.0.2.53`, `192.0.2.53@5353`, `2001:db8::53@853#dns.example.org`.
package struct NameServer: Sendable, Hashable, CustomStringConvertible {
    package var address: HostAddress
    package var port: UInt16
    /// The name in its certificate: it is asked over TLS (RFC 7858).
    package var tlsName: String?

    /// The ports that are meant when none is named (RFC 1035 §4.2, RFC 7858 §3.1).
    private static let (plainPort, tlsPort): (UInt16, UInt16) = (53, 853)

    package init(_ address: HostAddress, port: UInt16 = 53, tlsName: String? = nil) {
        self.address = address
        self.port = port
        self.tlsName = tlsName
    }

    package init?(_ text: String) {
        let named = text.split(separator: "#", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
        let placed = named[0].split(separator: "@", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
        guard let address = HostAddress(placed[0]) else { return nil }
        var port = named.count == 2 ? Self.tlsPort : Self.plainPort
        if placed.count == 2 {
            guard let number = UInt16(placed[1]), number > 0 else { return nil }
            port = number
        }
        if named.count == 2, !Self.isHostName(named[1]) { return nil }
        self.init(address, port: port, tlsName: named.count == 2 ? named[1] : nil)
    }

    /// Letters, digits, hyphens and dots: the name becomes part of a configuration.
    private static func isHostName(_ text: String) -> Bool {
        DomainName(text)?.isRoot == false
            && text.allSatisfy { $0.isASCII && ($0.isLetter || $0.isNumber || "-.".contains($0)) }
    }

    package var description: String {
        let standard = tlsName == nil ? Self.plainPort : Self.tlsPort
        return "\(address)" + (port == standard ? "" : "@\(port)") + (tlsName.map { "#\($0)" } ?? "")
    }
}

/// Who is asked: the servers of this system, servers that are named, or nobody but the authoritative servers.
package enum NameServers: Sendable, Hashable, SettingValue {
    /// Those of `resolver/resolv-conf`; without any, as `recursion`.
    case system
    /// The authoritative servers themselves, from the root on.
    case recursion
    /// Never empty, and all of them over TLS or none.
    case named([NameServer])

    package static var settingTypeName: String { "system | recursion | ADDRESS[@PORT][#NAME], ..." }

    package init?(settingText: String) {
        switch settingText {
        case "system", "": self = .system
        case "recursion": self = .recursion
        default:
            guard let texts = [String](settingText: settingText), !texts.isEmpty else { return nil }
            let servers = texts.compactMap(NameServer.init)
            guard servers.count == texts.count, Set(servers.map { $0.tlsName == nil }).count == 1 else { return nil }
            self = .named(servers)
        }
    }

    package var settingText: String {
        switch self {
        case .system: "system"
        case .recursion: "recursion"
        case .named(let servers): servers.map(\.description).joined(separator: ", ")
        }
    }
}

/// Servers for parts of the name space: `corp.example 10.0.0.1 10.0.0.2@5353, lab.example 127.0.0.1@5300`.
package struct ZoneServers: Sendable, Hashable, SettingValue {
    package struct Zone: Sendable, Hashable {
        package var name: String
        /// Never empty.
        package var servers: [NameServer]
    }

    package var zones: [Zone]

    package init(zones: [Zone] = []) { self.zones = zones }

    package static var settingTypeName: String { "zones (ZONE ADDRESS[@PORT] ..., comma separated)" }

    package init?(settingText: String) {
        guard let texts = [String](settingText: settingText) else { return nil }
        self.init()
        for text in texts {
            let words = text.split(separator: " ").map(String.init)
            let servers = words.dropFirst().compactMap(NameServer.init)
            guard words.count >= 2, servers.count == words.count - 1, let name = zoneName(words[0]),
                Set(servers.map { $0.tlsName == nil }).count == 1
            else { return nil }
            zones.append(Zone(name: name, servers: servers))
        }
    }

    package var settingText: String {
        zones.map { ([$0.name] + $0.servers.map(\.description)).joined(separator: " ") }.joined(separator: ", ")
    }
}

/// Names of zones: `test, corp.example`.
package struct ZoneNames: Sendable, Hashable, SettingValue {
    package var names: [String]

    package init(names: [String] = []) { self.names = names }

    package static var settingTypeName: String { "zones (NAME, ...)" }

    package init?(settingText: String) {
        guard let texts = [String](settingText: settingText) else { return nil }
        let names = texts.compactMap(zoneName)
        guard names.count == texts.count else { return nil }
        self.init(names: names)
    }

    package var settingText: String { names.joined(separator: ", ") }
}

/// The name as it may stand in a configuration: letters, digits, hyphens, underscores, dots; `nil` for others.
private func zoneName(_ text: String) -> String? {
    guard let name = DomainName(text) else { return nil }
    let shown = name.description
    return shown.utf8.allSatisfy {
        "abcdefghijklmnopqrstuvwxyz0123456789-_.".utf8.contains($0 | ($0 >= 0x41 && $0 <= 0x5A ? 0x20 : 0))
    }
        ? shown : nil
}
