// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import ByteTools
internal import MailTypes
package import Resolver
package import Runtime
package import SMTPServer

/// Looks the names of clients up by way of the resolver's process: the name that the address has (RFC 1035 §3.5), if
/// that name has the address.
package struct ClientNames: ClientNameSource {
    /// The type of pointer records (RFC 1035 §3.2.2).
    private static let pointerType: UInt16 = 12
    /// An address with many names is that of many servers: the first ones will do.
    private static let maximumNames = 3

    private let resolver: ResolverClient

    package init(_ resolver: ResolverClient) { self.resolver = resolver }

    package func name(of address: SocketAddress) async -> ClientName {
        guard !address.isLoopback else { return .confirmed("localhost") }
        guard let question = Self.question(address), let wanted = HostAddress(address.host),
            case .success(.records(let report)) = await resolver.ask(
                .records(name: question, type: Self.pointerType)
            ), report.outcome == "data"
        else { return .unknown }
        let names = report.records.prefix(Self.maximumNames).compactMap(Self.host)
        for name in names {
            let found = await resolver.addresses(of: name).hosts?.hosts.flatMap(\.addresses) ?? []
            if found.contains(wanted) { return .confirmed(name.text) }
        }
        return names.first.map { .forged($0.text) } ?? .unknown
    }

    /// Names that are none of a host's stand nowhere: they are whatever the owner of the address likes.
    private static func host(_ text: String) -> Domain? {
        guard text.utf8.count <= 254 else { return nil }
        let name = text.hasSuffix(".") ? String(text.dropLast()) : text
        let isPlain = name.utf8.allSatisfy { ASCII.isAlphanumeric($0) || $0 == 0x2D || $0 == ASCII.dot || $0 == 0x5F }
        return isPlain ? Domain(name) : nil
    }

    /// The name to ask for; `nil` for what has no address.
    package static func question(_ address: SocketAddress) -> String? {
        switch address {
        case .ipv4(let value, _):
            [0, 8, 16, 24].map { String(value >> UInt32($0) & 255) }.joined(separator: ".") + ".in-addr.arpa"
        case .ipv6(let value, _):
            (0..<32).map { String(Int(value >> UInt128(4 * $0) & 15), radix: 16) }.joined(separator: ".") + ".ip6.arpa"
        case .unix: nil
        }
    }
}
