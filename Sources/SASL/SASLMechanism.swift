// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import ByteTools

/// What protects the connection that a log-on runs over.
package enum ChannelSecurity: Sendable, Hashable {
    /// In the clear, over a network.
    case clear
    /// In the clear, but never off this machine: loopback, or a Unix socket.
    case loopback
    case tls

    /// Whether a secret may be sent readable to whoever sees the connection's octets (RFC 8314 §3).
    package var hidesSecrets: Bool { self != .clear }
}

/// One SASL mechanism as the server knows it: its name, what holds for it, and how an exchange begins.
///
/// Mechanisms are data. A new one is a `SASLServerMechanism`, a static value here, and a place in `all`; the protocols
/// advertise and find it without a change.
package struct SASLMechanism: Sendable {
    package struct Traits: OptionSet, Sendable, Hashable {
        package let rawValue: UInt8
        package init(rawValue: UInt8) { self.rawValue = rawValue }

        /// The secret is readable in the exchange, or whoever reads it can try passwords at leisure.
        package static let revealsSecret = Traits(rawValue: 1 << 0)
        /// The exchange is bound to TLS (channel binding, client certificate): loopback is not enough.
        package static let needsTLS = Traits(rawValue: 1 << 1)
        /// The server speaks first, so that an initial response is an error (RFC 4422 §5).
        package static let serverFirst = Traits(rawValue: 1 << 2)
        /// Needs channel-binding data.
        package static let bindsChannel = Traits(rawValue: 1 << 3)
        /// Needs a client certificate.
        package static let needsCertificate = Traits(rawValue: 1 << 4)
    }

    /// 1 to 20 of `A`-`Z`, `0`-`9`, hyphen and underscore (RFC 4422 §3.1).
    package let name: String
    package let traits: Traits
    private let start: @Sendable (SASLChannel) -> any SASLServerMechanism

    package init(
        _ name: String,
        _ traits: Traits = [],
        start: @escaping @Sendable (SASLChannel) -> any SASLServerMechanism
    ) {
        self.name = name
        self.traits = traits
        self.start = start
    }

    package static let plain = SASLMechanism("PLAIN", .revealsSecret) { _ in PlainServer() }
    package static let login = SASLMechanism("LOGIN", .revealsSecret) { _ in LoginServer() }

    package static let external = SASLMechanism("EXTERNAL", [.needsTLS, .needsCertificate]) {
        ExternalServer(identities: $0.identities)
    }

    package static let oauthBearer = SASLMechanism("OAUTHBEARER", .revealsSecret) { _ in
        BearerTokenServer(.oauthBearer)
    }
    package static let xoauth2 = SASLMechanism("XOAUTH2", .revealsSecret) { _ in BearerTokenServer(.xoauth2) }

    /// Without and with channel binding.
    package static func scram(_ hash: SCRAMHash, plus: Bool) -> SASLMechanism {
        SASLMechanism(
            hash.rawValue + (plus ? "-PLUS" : ""),
            plus ? [.revealsSecret, .needsTLS, .bindsChannel] : .revealsSecret
        ) { SCRAMServer(hash, bindsChannel: plus, bindings: $0.bindings) }
    }

    /// Those that need nothing but passwords as the directory has always kept them.
    package static let passwords = [plain, login]

    /// Every mechanism, in the order in which they are advertised.
    package static let all =
        [
            external, scram(.sha256, plus: true), scram(.sha256, plus: false), scram(.sha1, plus: true),
            scram(.sha1, plus: false),
        ] + passwords + [oauthBearer, xoauth2]

    /// Those that may be used, and so may be advertised, on such a connection.
    package static func offered(among mechanisms: [SASLMechanism], on channel: SASLChannel) -> [SASLMechanism] {
        mechanisms.filter { $0.isAllowed(on: channel) }
    }

    /// The mechanism a client named; names ignore case, as every protocol's AUTH does.
    package static func named(
        _ name: some Collection<UInt8>,
        among mechanisms: [SASLMechanism] = all
    ) -> SASLMechanism? {
        mechanisms.first { ASCII.equalIgnoringCase($0.name.utf8, name) }
    }

    package func isAllowed(on channel: SASLChannel) -> Bool {
        if traits.contains(.bindsChannel), channel.bindings.isEmpty { return false }
        if traits.contains(.needsCertificate), channel.identities.isEmpty { return false }
        if traits.contains(.needsTLS) { return channel.security == .tls }
        return channel.security.hidesSecrets || !traits.contains(.revealsSecret)
    }

    /// The client has TLS, but no certificate that is trusted, which is what this mechanism takes for proof.
    package func lacksCertificate(on channel: SASLChannel) -> Bool {
        traits.contains(.needsCertificate) && channel.security == .tls && channel.identities.isEmpty
    }

    func makeServer(_ channel: SASLChannel) -> any SASLServerMechanism { start(channel) }
}
