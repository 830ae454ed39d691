// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

package import Events
package import MailQueue
package import MailTypes
internal import Runtime
package import SMTPClient
package import SMTPServer
package import SMTPWire
package import Settings

/// Takes received messages to the back-end workers that own their recipients, and to the queue, and answers once they
/// are on disk there.
///
/// Until the sender has its 250 the message is the sender's, from then on it is the store's or the queue's. A worker
/// that dies, restarts or drains is tried again with the same delivery ids until `transport/local-delivery-deadline`;
/// past that the message is put in the queue, with the same ids, and the sender has its 250 all the same. To the queue
/// goes, too, what is for other servers, and what its sender wants to hear of when it is delivered.
///
/// When the queue takes nothing (no room), a message for several accounts may be stored for one and put off for another.
/// SMTP has one answer for all, and it must then be 4yz, after which the sender repeats the message for all.
/// `RepetitionMemory` has that repetition recognised.
package final class LocalDeliverySink: MessageSink {
    let client: LMTPClient
    let socket: @Sendable (AccountID) -> String?
    let settings: LiveSettings
    let events: EventRecorder
    let memory = RepetitionMemory()
    /// Without one, nothing can be put off here.
    let queue: MailQueue?
    private let spoolFolder: String

    /// - Parameters:
    ///   - socket: the path of the Unix socket on which the account's worker takes mail; `nil` while that is not known.
    ///   - spoolFolder: for messages above `MessageSpool.memoryOctets`, while they come in.
    package init(
        client: LMTPClient,
        spoolFolder: String,
        settings: LiveSettings,
        events: EventRecorder,
        queue: MailQueue? = nil,
        socket: @escaping @Sendable (AccountID) -> String?
    ) {
        self.client = client
        self.spoolFolder = spoolFolder
        self.settings = settings
        self.events = events
        self.queue = queue
        self.socket = socket
    }

    package func begin(_ transaction: MailTransaction) async throws(SMTPReply) -> any IncomingMessage {
        let spool = MessageSpool(folder: spoolFolder, for: transaction)
        return LocalDeliveryMessage(self, transaction, spool)
    }
}

/// One message on its way through the transport.
private final class LocalDeliveryMessage: IncomingMessage {
    private let owner: LocalDeliverySink
    private let transaction: MailTransaction
    private let spool: MessageSpool

    init(_ owner: LocalDeliverySink, _ transaction: MailTransaction, _ spool: MessageSpool) {
        self.owner = owner
        self.transaction = transaction
        self.spool = spool
    }

    func add(_ bytes: [UInt8]) async throws(SMTPReply) {
        do throws(IOError) {
            try spool.add(bytes)
        } catch {
            owner.events.record(
                .spoolFailed,
                ["error.description": .string("\(error)")],
                trace: transaction.trace.text
            )
            throw SMTPReply(452, .mailSystemFull, "No room for the message now")
        }
    }

    func finish() async -> [SMTPReply] {
        let content = spool.finish()
        var round = LocalDeliveryRound(owner, transaction, content)
        var replies = await round.run()
        let queued = await round.listForQueue(replies)
        // Where something goes to the queue, the sender's copy goes with it, in one record.
        var copy = round.sentCopy
        if let queue = owner.queue, !queued.positions.isEmpty {
            // Whoever a group stands for may all have been named besides, and have it.
            var reply = SMTPReply(250, .other, "Delivered")
            if !queued.recipients.isEmpty {
                reply = await accept(queued.recipients + [copy?.queued].compactMap(\.self), content, queue)
                copy = nil
            }
            for index in queued.positions { replies[index] = reply }
        }
        if let copy, replies.contains(where: \.isPositive), !replies.contains(where: { $0.severity == .transient }) {
            await file(copy, of: round, content)
        }
        round.end(willRepeat: replies.contains { $0.severity == .transient })
        return replies
    }

    /// Files the sender's copy of a message that is with its recipients: whatever comes of it, the message was sent.
    private func file(_ copy: SentCopy, of round: LocalDeliveryRound, _ content: SpooledMessage) async {
        var reply = await round.file(copy)
        if reply.severity == .transient, let queue = owner.queue {
            reply = await accept([copy.queued], content, queue)
        }
        guard !reply.isPositive else { return }
        owner.events.record(
            .sentCopyNotFiled,
            [
                "smtp.sender": .string("\(transaction.reversePath)"), "account.id": .string("\(copy.delivery.account)"),
                "message.id": .string(transaction.messageID ?? ""), "delivery.result": .string(reply.summary),
            ],
            trace: transaction.trace.text
        )
    }

    /// Puts the message into the queue for these recipients; the answer for all of them.
    private func accept(
        _ recipients: [QueuedRecipient],
        _ content: SpooledMessage,
        _ queue: MailQueue
    ) async -> SMTPReply {
        let message = QueuedMessage(transaction, recipients, digest: transaction.contentDigest ?? content.sha256)
        do throws(QueueError) {
            _ = try await queue.accept(message, content.queueContent)
            return SMTPReply(250, .other, "Queued")
        } catch .full {
            return SMTPReply(452, .mailSystemFull, "No room in the queue now")
        } catch .tooMany {
            return SMTPReply(452, .mailSystemFull, "Too many messages in the queue now")
        } catch {
            return SMTPReply(451, .mailSystem, "The queue cannot take the message now")
        }
    }

    func abort() async {}
}
