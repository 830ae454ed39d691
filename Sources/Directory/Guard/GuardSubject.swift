// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import MailTypes
internal import Runtime

/// Whom failed log-ons are counted of.
package enum GuardSubject: Sendable, Hashable, CustomStringConvertible {
    /// One IPv4 address, or a /64 of IPv6, which is what one customer has; as `IPNetwork` writes it.
    case network(String)
    /// An account's address, folded; of users who do not exist, too, so that a ban tells nobody who does.
    case account(String)

    /// `nil` for a Unix socket, which is this machine.
    init?(peer: String) {
        guard let address = SocketAddress(host: peer, port: 0), address != .unix else { return nil }
        self = .network(Self.network(of: address))
    }

    private static func network(of address: SocketAddress) -> String {
        guard case .ipv6(let value, _) = address else { return "\(address.host)/32" }
        // Every IPv4 client is in one /64 when a translator stands before the server (RFC 6052 §2.1), and in that of
        // IPv4-mapped addresses: what counts is the address within.
        let translated: UInt128 = 0x0064_FF9B << 96
        guard value >> 32 != translated >> 32, value >> 32 != 0xFFFF else {
            return "\(SocketAddress.ipv4(UInt32(truncatingIfNeeded: value), port: 0).host)/32"
        }
        return "\(SocketAddress.ipv6((value >> 64) << 64, port: 0).host)/64"
    }

    /// What a person writes: an address of the network, a network as it is shown, or a mail address.
    package init?(_ text: String) {
        if text.utf8.contains(UInt8(ascii: "@")) {
            guard let address = MailboxAddress(text) else { return nil }
            self = .account("\(MailboxAddress(folding: address))")
        } else if let slash = text.firstIndex(of: "/") {
            self.init(peer: String(text[..<slash]))
            guard description == text else { return nil }
        } else {
            self.init(peer: text)
        }
    }

    init(kind: String, name: String) { self = kind == "account" ? .account(name) : .network(name) }

    var kind: String { if case .account = self { "account" } else { "network" } }

    package var description: String {
        switch self {
        case .network(let name), .account(let name): name
        }
    }
}

/// That somebody may not log on for a while.
package struct LogOnBan: Sendable, Hashable {
    package var subject: GuardSubject
    /// Seconds since 1970-01-01T00:00:00Z.
    package var since: Int64
    /// The same.
    package var until: Int64
    /// Why, for people.
    package var reason: String
    /// An administrator asked for it: it holds wherever from, and no other replaces it.
    package var isByHand = false
}
