// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import ByteTools

/// Addresses that begin with the same bits: `192.0.2.0/24`, `2001:db8::/32`, or one address.
package struct IPNetwork: Sendable, Hashable, CustomStringConvertible {
    private let address: SocketAddress
    /// Bits that count.
    package let prefix: Int

    /// Reads an address, or one with a slash and the number of bits that count; `nil` for anything else, and where bits
    /// are set that do not count.
    package init?(_ text: String) {
        let parts = text.utf8.split(separator: 0x2F, maxSplits: 1, omittingEmptySubsequences: false)
        guard let host = parts.first.flatMap({ String($0) }), let address = SocketAddress(host: host, port: 0) else {
            return nil
        }
        let width = if case .ipv6 = address { 128 } else { 32 }
        self.address = address
        guard parts.count == 2 else {
            prefix = width
            return
        }
        guard let bits = Decimal.parse(parts[1], maximum: UInt64(width)) else { return nil }
        prefix = Int(bits)
        guard !Self.hasMore(address, than: prefix) else { return nil }
    }

    package func contains(_ other: SocketAddress) -> Bool {
        switch (address, other) {
        case (.ipv4, .ipv4), (.ipv6, .ipv6):
            Self.significant(address, prefix) == Self.significant(other, prefix)
        default: false
        }
    }

    package var description: String { "\(address.host)/\(prefix)" }

    /// The bits that count, moved to the end.
    private static func significant(_ address: SocketAddress, _ prefix: Int) -> UInt128 {
        switch address {
        case .ipv4(let value, _): UInt128(value) >> UInt128(32 - prefix)
        case .ipv6(let value, _): prefix == 0 ? 0 : value >> UInt128(128 - prefix)
        case .unix: 0
        }
    }

    /// Bits are set that do not count.
    private static func hasMore(_ address: SocketAddress, than prefix: Int) -> Bool {
        switch address {
        case .ipv4(let value, _): value.trailingZeroBitCount < 32 - prefix
        case .ipv6(let value, _): value.trailingZeroBitCount < 128 - prefix
        case .unix: false
        }
    }
}
