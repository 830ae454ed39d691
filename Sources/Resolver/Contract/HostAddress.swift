// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

package import Runtime

/// An IP address of a host.
package enum HostAddress: Sendable, Hashable, CustomStringConvertible {
    /// Four octets, network order.
    case ipv4(UInt32)
    /// Sixteen octets, network order.
    case ipv6(UInt128)

    /// Reads a numeric address: `192.0.2.1`, `2001:db8::1`, without brackets or zone.
    ///
    /// `nil` for anything else. An IPv4 address in IPv6 clothes is an IPv4 address.
    package init?(_ text: String) {
        switch SocketAddress(host: text, port: 0) {
        case .ipv4(let value, _): self = .ipv4(value)
        case .ipv6(let value, _) where value >> 32 == 0xFFFF: self = .ipv4(UInt32(truncatingIfNeeded: value))
        case .ipv6(let value, _): self = .ipv6(value)
        case .unix, nil: return nil
        }
    }

    /// The end of a connection to it.
    package func socketAddress(port: UInt16) -> SocketAddress {
        switch self {
        case .ipv4(let value): .ipv4(value, port: port)
        case .ipv6(let value): .ipv6(value, port: port)
        }
    }

    package var isIPv6: Bool {
        if case .ipv6 = self { true } else { false }
    }

    package var description: String { socketAddress(port: 0).host }
}
