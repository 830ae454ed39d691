// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

package import MailTypes
package import SASL
package import SMTPWire

/// One recipient that RCPT accepted.
package struct TransactionRecipient: Sendable, Hashable {
    package var forwardPath: ForwardPath
    package var deliveries: [LocalDelivery]
    /// Whom it stands for, when that is more than `deliveries`, which are none then.
    package var expansion: [ExpandedRecipient] = []
    /// The name of this delivery, when the peer is a part of Martlet that may have to repeat it.
    package var deliveryID: DeliveryID?
    /// When the sender wants to hear of it (RFC 3461 §4.1).
    package var notify: RecipientCommand.Notify?
    /// The recipient as the first sender named it (RFC 3461 §4.2).
    package var originalRecipient: RecipientCommand.OriginalRecipient?
    /// The sender's own copy, for the mailbox of sent mail; `deliveryID` is then its `SentIdentity`.
    package var isSentCopy = false

    package init(_ forwardPath: ForwardPath, deliveries: [LocalDelivery], deliveryID: DeliveryID? = nil) {
        self.forwardPath = forwardPath
        self.deliveries = deliveries
        self.deliveryID = deliveryID
    }

    /// Of another server's: it goes on from here.
    package var isRelayed: Bool { deliveries.isEmpty && expansion.isEmpty }
}

/// The envelope of a message, and what is known of where it comes from (RFC 5321 §3.3).
package struct MailTransaction: Sendable {
    /// MAIL as the client gave it, with its parameters.
    package var mail: MailCommand
    package var recipients: [TransactionRecipient] = []
    /// Follows the message through every process and event.
    package var trace: TraceID
    /// The client's address without port, or `unix`.
    package var peer: String
    /// Who submitted it.
    package var user: AuthenticatedUser?
    /// The name that the client gave in HELO, EHLO or LHLO.
    package var hello: String?
    /// The value of the message's Priority field: `urgent`, `normal` or `non-urgent` (RFC 2156 §5.3.6).
    ///
    /// Known when the sink is told to begin.
    package var priority: String?
    /// The value of the message's Message-ID field, cut.
    ///
    /// Known when the sink is told to begin.
    package var messageID: String?
    /// The values of the message's Delivered-To fields: addresses that have passed it on, or have it.
    ///
    /// Known when the sink is told to begin.
    package var deliveredTo: [MailboxAddress] = []
    /// Octets of the content that this server put before what the client sent.
    ///
    /// Known when the sink is told to begin.
    package var traceOctets = 0
    /// Octets of those that say how the message came here: the first fields, which no filter sees.
    package var receivedOctets = 0
    /// Octets up to the end of the header section, without the empty line.
    package var headerOctets = 0
    /// SHA-256 of what the client sent, when filters changed it since.
    package var contentDigest: [UInt8]?
    /// Where the sender's own copy is filed; `nil` when none is.
    ///
    /// Known when the sink is told to begin.
    package var sentCopy: LocalDelivery?
    /// By what that copy is known again, when filters changed the message since.
    package var sentIdentity: DeliveryID?
    /// Why the message waits in the queue until somebody has looked at it; `nil` for one that goes its way.
    package var holdReason: String?

    package var reversePath: ReversePath { mail.reversePath }

    package init(_ mail: MailCommand, trace: TraceID, peer: String, user: AuthenticatedUser? = nil) {
        self.mail = mail
        self.trace = trace
        self.peer = peer
        self.user = user
    }
}

/// Where messages go that were received.
package protocol MessageSink: Sendable {
    /// A message begins: its envelope is whole and its header section has been read. A thrown reply is given to the
    /// client at the end of the data.
    func begin(_ transaction: MailTransaction) async throws(SMTPReply) -> any IncomingMessage
}

/// One message on its way in.
///
/// Used by one task; exactly one of `finish` and `abort` ends it.
package protocol IncomingMessage: AnyObject {
    /// Takes octets of the content: canonical lines, trace fields in front, in pieces of any size. After a throw the
    /// message is aborted and the thrown reply is given to the client.
    func add(_ bytes: [UInt8]) async throws(SMTPReply)

    /// The message is whole. Returns one reply for each recipient of the transaction, in its order; a positive one means
    /// that the message is safe with whoever answers. May take long; is never interrupted.
    func finish() async -> [SMTPReply]

    /// Nothing more comes. Nothing of the message may be delivered.
    func abort() async
}
