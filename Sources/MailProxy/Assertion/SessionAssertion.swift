// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

package import MailTypes
package import Runtime

/// What a session speaks.
package enum AssertedProtocol: String, Sendable, Hashable, CaseIterable {
    case imap
    case pop3
}

/// What a front-end vouches for when it opens a session at a back-end: who was proved to be there, and how the client
/// is connected.
///
/// No secret of the user is in it.
package struct SessionAssertion: Sendable, Hashable {
    /// How the session begins.
    package enum Opening: Sendable, Hashable {
        /// The client's log-on waits for its reply, which the back-end sends: with this tag in IMAP, empty in POP3.
        case logOn(tag: [UInt8])
        /// The client has been logged on for long and lost its back-end: nothing is sent unasked.
        case silent
    }

    package var `protocol`: AssertedProtocol
    package var account: AccountID
    /// The account's primary address.
    package var name: MailboxAddress
    /// Address of the client, without port.
    package var clientAddress: String
    /// `nil` when the client is not under TLS.
    package var tls: TLSFacts?
    package var trace: TraceID
    package var opening: Opening
    /// A client of POP3 that has said UTF8 (RFC 6856 §2.1).
    package var acceptsUTF8: Bool

    package init(
        _ protocol: AssertedProtocol,
        account: AccountID,
        name: MailboxAddress,
        clientAddress: String,
        tls: TLSFacts?,
        trace: TraceID,
        opening: Opening,
        acceptsUTF8: Bool = false
    ) {
        self.acceptsUTF8 = acceptsUTF8
        self.protocol = `protocol`
        self.account = account
        self.name = name
        self.clientAddress = clientAddress
        self.tls = tls
        self.trace = trace
        self.opening = opening
    }
}

/// Why an assertion does not count.
package enum AssertionError: Error, Sendable, Hashable {
    case malformed
    case badSignature
    case expired
    /// Issued in the future: the clocks differ by more than is tolerated.
    case notYetValid
}
