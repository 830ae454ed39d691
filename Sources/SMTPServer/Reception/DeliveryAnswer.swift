// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import MailTypes
internal import SMTPWire

/// What SMTP says once for a message, when each recipient has an answer of its own.
///
/// - All have it: 250.
/// - Somebody may have it later: 451. The client keeps the message and sends it again to all; whoever has it already must
///   not get it twice, which is the sink's care.
/// - Nobody gets it later, but not all have it: 5xx, naming who has it and who not, so that the sender learns both.
enum DeliveryAnswer {
    static func combine(_ replies: [SMTPReply], of transaction: MailTransaction) -> SMTPReply {
        guard
            let failure = replies.first(where: { $0.severity == .transient })
                ?? replies.first(where: { !$0.isPositive })
        else { return SMTPReply(250, .other, "Accepted, id \(transaction.trace)") }
        guard failure.severity == .permanent, replies.contains(where: \.isPositive) else { return failure }
        let lines = zip(transaction.recipients, replies).prefix(50).map { recipient, reply in
            "\(recipient.forwardPath): \(reply.isPositive ? "delivered" : reply.summary)"
        }
        return SMTPReply(554, failure.status, lines: ["Not delivered to all recipients:"] + lines)
    }
}
