// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

package import MailQueue
internal import MailTypes
internal import Runtime
internal import SASL
package import SMTPServer
internal import SMTPWire

extension QueuedMessage {
    /// A received message, for some of its recipients.
    package init(_ transaction: MailTransaction, _ recipients: [QueuedRecipient], digest: [UInt8]) {
        var mail = transaction.mail
        mail.trace = transaction.trace
        // Both are the client's claims of what it sent here.
        (mail.size, mail.submitter) = (nil, nil)
        let now = WallClock.nanoseconds / 1_000_000
        let held = mail.release.map { $0.seconds(at: now / 1000) }
        // Time to deliver is counted from its release on (RFC 4865 §5).
        if let by = mail.deliverBy, let held { mail.deliverBy = by.after(seconds: -held) }
        let urgency = mail.transferPriority
        self.init(mail, recipients)
        receivedFrom = transaction.hello
        peer = transaction.peer
        user = transaction.user.map { "\($0.name)" }
        messageID = transaction.messageID ?? ""
        releaseTime = held.map { now &+ $0 &* 1000 }
        switch transaction.priority {
        case "urgent": priority = .urgent
        case "non-urgent": priority = .low
        default: priority = .normal
        }
        // MT-PRIORITY counts for more than the header's field (RFC 6710 §4); levels as in its profile MIXER (Appendix A).
        if let urgency { priority = urgency >= 4 ? .urgent : urgency <= -4 ? .low : .normal }
        self.digest = digest
        holdReason = transaction.holdReason
        isHeld = holdReason != nil
    }
}
