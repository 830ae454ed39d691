// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

package import SMTPWire

/// Recipients of one message, to be sent to in one go.
package struct DeliveryBatch: Sendable {
    package var id: QueueID
    package var message: QueuedMessage
    /// Positions among `message.recipients`; all have the same destination.
    package var recipients: [Int]
    package var content: QueuedContent
    /// From 1: the greatest of the recipients'.
    package var attempt: Int

    package var destination: String {
        recipients.first.map { message.recipients[$0].destination } ?? ""
    }
}

/// What became of one recipient in one try.
package struct DeliveryOutcome: Sendable, Hashable {
    package enum Kind: String, Sendable, Hashable {
        /// The next system has it.
        case delivered
        /// Not now.
        case deferred
        /// Never.
        case bounced
        /// The end of the message was sent, and no answer came (RFC 1047).
        case inDoubt = "in-doubt"
        /// Nothing was tried, for nobody is there to try it with yet: the recipient waits as before, and nothing counts.
        case notTried = "not-tried"
    }

    package var kind: Kind
    /// The last word, ours or the other side's.
    package var reply: SMTPReply
    package var isPeersReply: Bool
    /// The host that was talked to.
    package var host: String?
    /// What TLS agreed on with that host, for people; `nil` in the clear, and where nobody was talked to.
    package var tls: String?
    /// Whether the next system reports success to the sender (RFC 3461 §5.2); if not, this one does.
    package var peerReports: Bool

    package init(
        _ kind: Kind,
        _ reply: SMTPReply,
        isPeersReply: Bool = false,
        host: String? = nil,
        peerReports: Bool = false
    ) {
        self.kind = kind
        self.reply = reply
        self.isPeersReply = isPeersReply
        self.host = host
        self.peerReports = peerReports
    }
}

package struct DeliveryResult: Sendable {
    /// One for each recipient of the batch, in their order.
    package var outcomes: [DeliveryOutcome]
    /// Why nobody at the destination could be talked to; `nil` when somebody could.
    package var destinationFailure: String?
    /// The message's octets could not be read as they came.
    package var contentIsDamaged: Bool
    /// Each conversation with a host, or the attempt to have one, on a line for people.
    package var attempts: [String] = []

    package init(_ outcomes: [DeliveryOutcome], destinationFailure: String? = nil, contentIsDamaged: Bool = false) {
        self.outcomes = outcomes
        self.destinationFailure = destinationFailure
        self.contentIsDamaged = contentIsDamaged
    }
}

/// Takes messages to the next system.
///
/// Composition supplies it. It never takes for ever: every wait has an end.
package protocol DeliveryTransport: Sendable {
    /// Sends a message.
    ///
    /// Before the octets that end it leave, `willSendEnd` is asked with the positions of the recipients that the end is
    /// for (of `batch.recipients`, not of the message's): with true it may, and who then gets no answer is `inDoubt`;
    /// with false it must not.
    func deliver(
        _ batch: DeliveryBatch,
        willSendEnd: @escaping @Sendable (_ recipients: [Int]) async -> Bool
    ) async -> DeliveryResult
}
