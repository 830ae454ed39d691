// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import ByteTools
package import MailTypes
package import Runtime

/// A server that takes mail for others.
package struct SmartHost: Sendable, Hashable, CustomStringConvertible {
    package enum Place: Sendable, Hashable {
        case name(Domain)
        case address(SocketAddress)
    }

    package var place: Place
    /// 0 for the usual one.
    package var port: UInt16

    /// Reads `relay.example`, `relay.example:587`, `[192.0.2.1]`, `[192.0.2.1]:2525` or `[IPv6:2001:db8::1]:25`;
    /// an IPv4 address needs no brackets.
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
        } else if let address = SocketAddress(host: host, port: 0), !host.contains(":") {
            place = .address(address)
        } else {
            guard !host.contains(":"), let name = Domain(host), !name.isAddressLiteral else { return nil }
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

/// Whom a connector gives mail to.
package enum NextHop: Sendable, Hashable, CustomStringConvertible {
    /// The servers of this domain.
    case mx(Domain)
    /// These, in this order; at least one.
    case smartHosts([SmartHost])
    /// Files in this folder.
    case drop(String)

    package var description: String {
        switch self {
        case .mx(let domain): "mx:\(domain)"
        case .smartHosts(let hosts): "smart-host:" + hosts.map(\.description).joined(separator: ",")
        case .drop(let folder): "drop:\(folder)"
        }
    }
}
