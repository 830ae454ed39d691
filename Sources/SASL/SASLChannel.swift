// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

/// What a connection brings into a log-on.
package struct SASLChannel: Sendable, Hashable {
    package var security: ChannelSecurity
    /// Channel-binding data by the type's registered name, such as `tls-exporter` (RFC 9266) and
    /// `tls-server-end-point` (RFC 5929 §4).
    ///
    /// Empty where TLS gives none: mechanisms with -PLUS are not offered then.
    package var bindings: [String: [UInt8]]
    /// The names in the client's certificate, when the server trusts it: addresses, or what stands for them.
    package var identities: [String]

    package init(_ security: ChannelSecurity, bindings: [String: [UInt8]] = [:], identities: [String] = []) {
        self.security = security
        self.bindings = bindings
        self.identities = identities
    }

    package static let clear = SASLChannel(.clear)
    package static let loopback = SASLChannel(.loopback)
    /// TLS of which no channel-binding data is known.
    package static let tls = SASLChannel(.tls)
}

/// Who asks to log on, as far as that is known before the log-on.
package struct SASLPeer: Sendable, Hashable {
    package var service: MailService
    /// Numeric, without port.
    package var address: String
    package var channel: SASLChannel

    package init(service: MailService, address: String, channel: SASLChannel) {
        self.service = service
        self.address = address
        self.channel = channel
    }
}
