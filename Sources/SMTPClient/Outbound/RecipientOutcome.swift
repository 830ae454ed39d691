// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

package import Runtime
package import SMTPWire

/// What became of one recipient in one try.
package struct RecipientOutcome: Sendable, Hashable {
    package enum Kind: String, Sendable, Hashable {
        /// The server took the message: 2yz behind its end.
        case delivered
        /// Another try may succeed.
        case deferred
        /// No other try would: the sender is to be told.
        case bounced
        /// The end of the message was sent, and no answer came (RFC 1047): it may or may not be there.
        case inDoubt
    }

    package var kind: Kind
    /// The server's last word, or ours in the same form: 4yz where `kind` is `deferred` or `inDoubt`, 5yz where it is
    /// `bounced`.
    package var reply: SMTPReply
    /// Whether `reply` is the server's.
    package var isPeersReply: Bool
    /// Who was asked last; `nil` when nobody was.
    package var host: SMTPHost?
    /// Whether the server sends reports of its own (DSN, RFC 3461): if not, a report that was asked for says "relayed".
    package var peerReports: Bool

    package init(_ kind: Kind, _ reply: SMTPReply, isPeersReply: Bool, host: SMTPHost?, peerReports: Bool = false) {
        self.kind = kind
        self.reply = reply
        self.isPeersReply = isPeersReply
        self.host = host
        self.peerReports = peerReports
    }

    /// What a server's reply means.
    static func answered(_ reply: SMTPReply, by host: SMTPHost, peerReports: Bool) -> RecipientOutcome {
        let kind: Kind =
            switch reply.severity {
            case .success: .delivered
            case .permanent: .bounced
            case .transient, .intermediate: .deferred
            }
        return RecipientOutcome(kind, reply, isPeersReply: true, host: host, peerReports: peerReports)
    }
}

/// One conversation with one host, or the attempt to have one.
package struct OutboundAttempt: Sendable, Hashable, CustomStringConvertible {
    package var host: SMTPHost
    /// What ended it; `nil` when the host had its last word on every recipient it was asked for.
    package var failure: SMTPClientError?
    /// What TLS agreed on; `nil` in the clear.
    package var tls: TLSFacts?
    /// Whether the connection was open from an earlier message.
    package var wasReused: Bool
    package var duration: Duration

    /// On one line, without secrets.
    package var description: String {
        let way = tls.map { "\($0.version)" } ?? "in the clear"
        return "\(host), \(way)\(wasReused ? ", connection reused" : ""): \(failure?.description ?? "done")"
    }
}

/// What became of a message in one try.
package struct OutboundResult: Sendable, Hashable {
    /// One for each recipient, in their order.
    package var recipients: [RecipientOutcome]
    package var attempts: [OutboundAttempt]
    /// Whether no host could be talked to, so that others who want to go there need not try now.
    package var destinationFailed: Bool
    /// Nothing was tried: the adopted connection (`SMTPOutboundOptions.isAdopted`) was gone before.
    package var lacksConnection = false
}
