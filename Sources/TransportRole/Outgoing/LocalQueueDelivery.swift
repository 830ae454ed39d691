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

    func deliver(_ batch: DeliveryBatch) async -> DeliveryResult {
        let content = OutgoingContent(batch.content)
        var outcomes: [DeliveryOutcome] = []
        var reached = false
        var failure = ""
        for index in batch.recipients {
            let command = batch.message.recipients[index].command
            guard let account = command.account, let delivery = command.delivery,
                case .address(let address) = command.forwardPath
            else {
                outcomes.append(DeliveryOutcome(.bounced, SMTPReply(550, .otherAddress, "No account")))
                continue
            }
            let message = LMTPDelivery(
                from: batch.message.mail.reversePath,
                to: address,
                account: account,
                delivery: delivery,
                trace: batch.message.trace ?? .random(),
                usesUTF8: batch.message.mail.usesUTF8
            )
            do throws(SMTPClientError) {
                guard let path = socket(account) else { throw SMTPClientError(.connect, .io(.closed)) }
                let reply = try await client.deliver(message, content, to: path)
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
