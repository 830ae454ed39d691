// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import MailQueue
internal import MailTypes
internal import Runtime
internal import SMTPClient
internal import SMTPWire

/// Takes queued mail to accounts of this server.
///
/// Each delivery has a name that the store knows again, so that a try whose outcome is unknown is simply repeated: none
/// of these is ever in doubt.
struct LocalQueueDelivery: Sendable {
    let client: LMTPClient
    let socket: @Sendable (AccountID) -> String?

    /// RFC 3463 §3.5: a routing loop.
    static let loop = SMTPReply(
        554,
        .routingLoop,
        "The message has passed this address before and came back: a loop of forwards"
    )

    /// Of a recipient that stands for others.
    private static func outcome(of role: QueuedRecipient.Role) -> DeliveryOutcome {
        guard role != .loop else { return DeliveryOutcome(.bounced, loop) }
        return DeliveryOutcome(.delivered, SMTPReply(250, .other, "Sent on to those that the address stands for"))
    }

    func deliver(_ batch: DeliveryBatch) async -> DeliveryResult {
        let content = OutgoingContent(batch.content)
        var outcomes: [DeliveryOutcome] = []
        var reached = false
        var failure = ""
        for index in batch.recipients {
            let recipient = batch.message.recipients[index]
            let command = recipient.command
            guard recipient.role == .recipient else {
                reached = true
                outcomes.append(Self.outcome(of: recipient.role))
                continue
            }
            guard let account = command.account, let delivery = command.delivery,
                case .address(let address) = command.forwardPath
            else {
                outcomes.append(DeliveryOutcome(.bounced, SMTPReply(550, .otherAddress, "No account")))
                continue
            }
            let message = LMTPDelivery(
                from: recipient.sender.map { .address($0) } ?? batch.message.mail.reversePath,
                to: address,
                account: account,
                delivery: delivery,
                trace: batch.message.trace ?? .random(),
                usesUTF8: batch.message.mail.usesUTF8
            )
            do throws(SMTPClientError) {
                guard let path = socket(account) else { throw SMTPClientError(.connect, .io(.closed)) }
                let parcel = command.isSentCopy ? message.asSentCopy : message
                let reply = try await client.deliver(parcel, content, to: path)
                reached = true
                let kind: DeliveryOutcome.Kind =
                    reply.isPositive ? .delivered : reply.severity == .permanent ? .bounced : .deferred
                outcomes.append(DeliveryOutcome(kind, reply, isPeersReply: false))
            } catch {
                failure = error.description
                outcomes.append(
                    DeliveryOutcome(.deferred, SMTPReply(451, .notAccepting, "The mailbox cannot be reached now"))
                )
            }
        }
        return DeliveryResult(
            outcomes,
            destinationFailure: reached || failure.isEmpty ? nil : failure,
            contentIsDamaged: content.isDamaged
        )
    }
}
