// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

package import Runtime

/// What the domain name system calls a client.
package enum ClientName: Sendable, Hashable {
    /// The name that its address has, and that has its address.
    case confirmed(String)
    /// The name that its address has, and that has other addresses.
    case forged(String)
    /// Its address has none, or that could not be found out in time.
    case unknown

    /// The name, when it can be relied on.
    package var confirmed: String? { if case .confirmed(let name) = self { name } else { nil } }
}

/// Looks the names of clients up.
///
/// Composition supplies it from the resolver.
package protocol ClientNameSource: Sendable {
    func name(of address: SocketAddress) async -> ClientName
}
