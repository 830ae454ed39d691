// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import MailQueue
internal import MailTypes
internal import SMTPServer
internal import SMTPWire

/// The copy of a submitted message that is filed in its sender's mailbox of sent mail.
struct SentCopy: Sendable {
    var delivery: LocalDelivery
    /// `SentIdentity` of what the sender wrote: its delivery id, too, so that it is filed once however often it is
    /// tried, and not beside the copy that the sender's client appends.
    var identity: DeliveryID

    /// As one more recipient of the message, of whom nobody is told anything.
    var queued: QueuedRecipient {
        var command = RecipientCommand(.address(delivery.address))
        command.account = delivery.account
        command.delivery = identity
        command.notify = .never
        command.isSentCopy = true
        return QueuedRecipient(command, destination: "")
    }
}
