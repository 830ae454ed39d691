// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

package import MailTypes
package import SMTPWire

/// What became of a recipient (RFC 3464 §2.3.3).
package enum DeliveryAction: String, Sendable, Hashable, CaseIterable {
    case failed
    case delayed
    case delivered
    /// Handed to a system that sends no reports.
    case relayed
    /// Delivered to an address that stands for several others.
    case expanded
}

/// One recipient in a report.
package struct ReportedRecipient: Sendable, Hashable {
    package var action: DeliveryAction
    package var finalRecipient: ForwardPath
    /// As the first sender named the recipient (ORCPT, RFC 3461 §4.2).
    package var originalRecipient: RecipientCommand.OriginalRecipient?
    /// Its class is made to agree with the action: 5 for failed, 4 for delayed, 2 for the others (RFC 3464 §2.3.4).
    package var status: EnhancedStatusCode
    /// What a server said; never what we say ourselves.
    package var reply: SMTPReply?
    /// The server that said it.
    package var remoteMTA: String?
    /// One sentence for people, where no server spoke.
    package var explanation: String?
    /// Seconds since 1970-01-01T00:00:00Z.
    package var lastAttempt: Int64?
    /// As `lastAttempt`; only for what is delayed, and not for what an administrator holds.
    package var willRetryUntil: Int64?

    package init(_ action: DeliveryAction, _ finalRecipient: ForwardPath, status: EnhancedStatusCode) {
        self.action = action
        self.finalRecipient = finalRecipient
        self.status = status
    }
}

/// The message that a report is about.
package struct ReportedMessage: Sendable, Hashable {
    package var reversePath: ReversePath
    /// Decoded (ENVID, RFC 3461 §4.4).
    package var envelopeID: String?
    /// How much of the message a failure returns; `nil` is as good as all of it (RFC 3461 §4.3).
    package var returns: MailCommand.Return?
    /// The message came with SMTPUTF8.
    package var usesUTF8 = false
    /// Seconds since 1970-01-01T00:00:00Z.
    package var arrival: Int64
    /// What the client that brought it called itself.
    package var receivedFrom: String?
    /// By when its sender wanted it delivered: seconds since 1970-01-01T00:00:00Z (RFC 2852 §6).
    package var deliverBy: Int64?
    /// How long its sender wanted it kept (RFC 4865 §6).
    package var futureRelease: MailCommand.FutureRelease?
    /// Octets of the message.
    package var size: UInt64
    /// The message's first octets: all of them, or at least `DeliveryReports.originalOctets`, or what can be read.
    package var beginning: [UInt8]

    package init(from reversePath: ReversePath, arrival: Int64, size: UInt64, beginning: [UInt8]) {
        self.reversePath = reversePath
        self.arrival = arrival
        self.size = size
        self.beginning = beginning
    }
}

/// Who reports, and when.
package struct ReportContext: Sendable, Hashable {
    /// Our host name.
    package var reportingMTA: String
    /// Whom people may ask: the address in From.
    package var postmaster: MailboxAddress
    /// Seconds since 1970-01-01T00:00:00Z.
    package var now: Int64
    /// Letters and digits that name this report and no other.
    package var messageID: String

    package init(reportingMTA: String, postmaster: MailboxAddress, now: Int64, messageID: String) {
        self.reportingMTA = reportingMTA
        self.postmaster = postmaster
        self.now = now
        self.messageID = messageID
    }
}
