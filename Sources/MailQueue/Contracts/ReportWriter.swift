// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

package import MailTypes
package import SMTPWire

/// What a sender may be told of a recipient (RFC 3464 §2.3.3).
package enum ReportAction: String, Sendable, Hashable {
    case failed
    case delayed
    case delivered
    /// Taken by a system that reports nothing.
    case relayed
    /// Sent on to several others, of whom nothing more is reported unless it fails.
    case expanded
}

/// One recipient to be reported.
package struct ReportedDelivery: Sendable, Hashable {
    package var command: RecipientCommand
    package var action: ReportAction
    package var status: DeliveryStatus
    /// Whether a try was begun: `status` is that of the last one then, or of what was found since.
    package var wasTried: Bool
    /// Who hears of it, in place of the message's sender.
    package var sender: MailboxAddress?
}

/// What reports are to be made of.
package struct ReportRequest: Sendable {
    package var id: QueueID
    package var message: QueuedMessage
    /// Milliseconds since 1970.
    package var arrival: Int64
    package var expiry: Int64
    /// Whether it is sent to nobody until an administrator says so.
    package var isFrozen: Bool
    package var size: UInt64
    /// The first octets of the message.
    package var beginning: [UInt8]
    package var recipients: [ReportedDelivery]

    /// Octets that `beginning` has at most.
    package static let beginningOctets = 64 << 10
}

/// A report, ready to be queued.
package struct ReportDraft: Sendable {
    /// With the null reverse-path; to the sender, or to postmaster.
    package var message: QueuedMessage
    package var octets: [UInt8]
    /// Which of the request's recipients it speaks of.
    package var covers: [Int]

    package init(_ message: QueuedMessage, octets: [UInt8], covers: [Int]) {
        self.message = message
        self.octets = octets
        self.covers = covers
    }
}

/// Writes reports to senders (RFC 3461, RFC 3464).
///
/// Composition supplies it. Whom no draft covers needs no report: the sender did not want one.
package protocol ReportWriter: Sendable {
    /// `nil` when it cannot be done now: the directory does not answer.
    func drafts(_ request: ReportRequest) async -> [ReportDraft]?
}
