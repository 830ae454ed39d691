// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import ByteTools
package import MailTypes
package import Runtime
package import Settings

/// A server that takes mail for others.
package struct SmartHost: Sendable, Hashable, CustomStringConvertible {
    package enum Place: Sendable, Hashable {
        case name(Domain)
        case address(SocketAddress)
    }

    package var place: Place
    /// 0 for the usual one.
    package var port: UInt16

    /// Reads `relay.example`, `relay.example:587`, `[192.0.2.1]`, `[192.0.2.1]:2525` or `[IPv6:2001:db8::1]:25`.
    package init?(_ text: String) {
        var host = text
        port = 0
        if let colon = text.lastIndex(of: ":"), !text.hasSuffix("]") {
            let digits = text[text.index(after: colon)...]
            guard let number = Decimal.parse(digits.utf8, maximum: 65_535), number > 0 else { return nil }
            port = UInt16(number)
            host = String(text[..<colon])
        }
        if host.hasPrefix("["), host.hasSuffix("]") {
            var inner = String(host.dropFirst().dropLast())
            if ASCII.equalIgnoringCase(inner.utf8.prefix(5), "IPv6:".utf8) { inner = String(inner.dropFirst(5)) }
            guard let address = SocketAddress(host: inner, port: 0) else { return nil }
            place = .address(address)
        } else {
            guard !host.contains(":"), let name = Domain(host) else { return nil }
            place = .name(name)
        }
    }

    package var description: String {
        let host =
            switch place {
            case .name(let name): name.text
            case .address(let address): "[\(address.host)]"
            }
        return port == 0 ? host : "\(host):\(port)"
    }
}

/// Settings of mail to other servers.
package enum OutgoingSettings {
    package static let smartHosts = SettingKey(
        "outbound/smart-hosts",
        default: [String](),
        allowed: "names or [addresses], each with :port if it is not the usual one",
        where: { $0.allSatisfy { SmartHost($0) != nil } },
        help:
            "Servers that all mail for other domains is given to, in this order; none: each domain's own servers (MX)."
    )
    package static let port = SettingKey(
        "outbound/port",
        default: 25,
        in: 1...65_535,
        help: "Port of other servers. Anything but 25 is for laboratories."
    )
    package static let security = SettingKey<OutboundSecurity>(
        "outbound/security",
        default: .may,
        help: "TLS to other servers: none, may (where offered), require, or verify (with a valid certificate)."
    )
}

extension OutboundSecurity: SettingValue {
    package static var settingTypeName: String { allCases.map(\.rawValue).joined(separator: " | ") }
    package init?(settingText: String) { self.init(rawValue: settingText) }
    package var settingText: String { rawValue }
}

package let outgoingSettings: [SettingDeclaration] = [
    OutgoingSettings.smartHosts.declaration, OutgoingSettings.port.declaration,
    OutgoingSettings.security.declaration,
]
