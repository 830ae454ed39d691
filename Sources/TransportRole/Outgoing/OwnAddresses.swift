// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import Locking
package import Runtime

/// Where this server takes mail from other servers: what it sent there would come back (RFC 5321 §5.1).
///
/// From any thread.
package final class OwnAddresses: Sendable {
    private struct Interfaces {
        var addresses: Set<SocketAddress> = []
        var until: ContinuousClock.Instant?
    }

    private let bound: Set<SocketAddress>
    private let ask: @Sendable () -> Set<SocketAddress>
    private let interfaces = Lock(Interfaces())
    /// Addresses come and go.
    private static let lifetime: Duration = .seconds(10)

    /// - Parameters:
    ///   - bound: what listeners are bound to, with their ports.
    ///   - interfaces: what a listener for all addresses is bound to, without ports.
    package init(
        _ bound: [SocketAddress] = [],
        interfaces: @escaping @Sendable () -> Set<SocketAddress> = { NetworkInterfaces.addresses() }
    ) {
        self.bound = Set(bound)
        ask = interfaces
    }

    package func contains(_ address: SocketAddress) -> Bool {
        if bound.contains(address) { return true }
        switch address {
        case .ipv4(let value, let port):
            guard bound.contains(.ipv4(0, port: port)) else { return false }
            return address.isLoopback || has(.ipv4(value, port: 0))
        case .ipv6(let value, let port):
            guard bound.contains(.ipv6(0, port: port)) else { return false }
            return address.isLoopback || has(.ipv6(value, port: 0))
        case .unix: return false
        }
    }

    private func has(_ address: SocketAddress) -> Bool {
        interfaces.withLock { interfaces in
            if interfaces.until.map({ $0 <= .now }) ?? true {
                interfaces = Interfaces(addresses: ask(), until: ContinuousClock.now + Self.lifetime)
            }
            return interfaces.addresses.contains(address)
        }
    }
}
