// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

package import MailTypes
package import Runtime
internal import SMTPWire

/// How to talk to the servers of a destination.
///
/// Messages share connections only where all of it is the same.
package struct SMTPOutboundOptions: Sendable, Hashable {
    /// What we call ourselves.
    package var heloName: String
    package var dialect = SMTPClientSession.Dialect.smtp
    package var security = OutboundSecurity.may
    /// The port speaks TLS from its first octet (RFC 8314 §3.3), which is as good as STARTTLS.
    package var implicitTLS = false
    /// To log on with; no mail goes out without a log-on that worked.
    package var credentials: SMTPCredentials?
    /// Our address towards IPv4 hosts, port 0; `nil` for what the system chooses.
    package var sourceIPv4: SocketAddress?
    /// As `sourceIPv4`, towards IPv6 hosts.
    package var sourceIPv6: SocketAddress?
    package var timeouts = SMTPTimeouts.standard
    /// Recipients of one transaction; a server may ask for fewer (RFC 9422 §4).
    ///
    /// RFC 5321 §4.5.3.1.8 has every server take 100.
    package var maximumRecipients = 100
    package var maximumMessagesPerConnection = 100
    /// How long a connection is kept for the next message.
    package var maximumIdle = Duration.seconds(10)
    /// What becomes of a signed message with 8-bit data where the server takes none.
    package var signedEightBit = SignedEightBit.convert
    /// The other side opened the connection and asked for its mail (RFC 2645): messages go over it or not at all.
    ///
    /// It has logged on, which is all the proof of itself that there will be: RFC 8689 §5 has messages with REQUIRETLS
    /// fetched over channels that are authenticated and encrypted.
    package var isAdopted = false

    package init(heloName: String) { self.heloName = heloName }

    func source(for address: SocketAddress) -> SocketAddress? {
        switch address {
        case .ipv4: sourceIPv4
        case .ipv6: sourceIPv6
        case .unix: nil
        }
    }

    /// Whether a refusal of ours, for what the server lacks, is not the last word.
    ///
    /// There is no other host to ask: whoever calls next may have what this one lacks.
    func isKept(_ refusal: SMTPReply) -> Bool {
        isAdopted && (refusal.status == .requireTLSNeeded || refusal.status == .conversionNotSupported)
    }
}

/// What to log on to a smart host with.
///
/// No description shows the password.
package struct SMTPCredentials: Sendable, Hashable, CustomStringConvertible, CustomDebugStringConvertible,
    CustomReflectable
{
    package let user: String
    let password: [UInt8]

    package init(user: String, password: [UInt8]) {
        self.user = user
        self.password = password
    }

    package var description: String { "\(user) ***" }
    package var debugDescription: String { description }
    package var customMirror: Mirror { Mirror(self, children: ["user": user]) }
}
