// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import Events
internal import IMAPServer
internal import MailStore
internal import MailTypes
internal import Runtime
internal import SMTPServer
internal import SMTPWire
internal import Settings

/// Puts delivered messages into the INBOXes of their recipients.
struct StoreSink: MessageSink {
    let store: any MailStore
    let settings: LiveSettings
    let events: EventRecorder

    /// How long a delivery waits for an account that is held by somebody else: as long as an IMAP log-on.
    var patience: Duration { IMAPConfiguration(settings.current).storeWait }

    func begin(_ transaction: MailTransaction) async throws(SMTPReply) -> any IncomingMessage {
        StoreDelivery(self, transaction)
    }
}

/// One message on its way into the store.
private final class StoreDelivery: IncomingMessage {
    private let sink: StoreSink
    private let transaction: MailTransaction
    private let staging: any MessageStaging
    /// For a sender's copy, which is kept as its sender wrote it.
    private var stamp: ServerStamp?

    init(_ sink: StoreSink, _ transaction: MailTransaction) {
        self.sink = sink
        self.transaction = transaction
        staging = sink.store.stage()
        if transaction.recipients.contains(where: \.isSentCopy) { stamp = ServerStamp() }
    }

    func add(_ bytes: [UInt8]) async throws(SMTPReply) {
        let kept = stamp?.withoutStamp(bytes) ?? bytes
        do throws(MailStoreError) { try staging.add(kept) } catch { throw error.deliveryReply }
    }

    func abort() async {}

    func finish() async -> [SMTPReply] {
        let message: any StagedMessage
        do throws(MailStoreError) {
            if let rest = stamp?.finish() { try staging.add(rest) }
            message = try await staging.finish()
        } catch {
            let reply = error.deliveryReply
            return transaction.recipients.map { _ in reply }
        }
        var replies: [SMTPReply] = []
        for recipient in transaction.recipients { replies.append(await deliver(message, to: recipient)) }
        return replies
    }

    private func deliver(_ message: any StagedMessage, to recipient: TransactionRecipient) async -> SMTPReply {
        for delivery in recipient.deliveries {
            do throws(MailStoreError) {
                let account = try await sink.store.account(delivery.account, deadline: .now + sink.patience)
                let outcome = try await store(message, in: account, for: recipient)
                track(delivery, outcome.wasDuplicate ? "duplicate" : "stored") { entry in
                    entry.octets = message.size
                    entry.details["mailbox"] = recipient.isSentCopy ? "\\Sent" : "INBOX"
                    entry.details["uid"] = "\(outcome.uid.rawValue)"
                }
                sink.events.record(
                    .messageDelivered,
                    [
                        "recipient": .string(delivery.address.description),
                        "account": .string(delivery.account.description), "uid": .count(outcome.uid.rawValue),
                        "size": .count(message.size), "duplicate": .bool(outcome.wasDuplicate),
                    ],
                    trace: transaction.trace.text
                )
            } catch {
                track(delivery, "refused") { $0.reply = error.deliveryReply.wholeText }
                sink.events.record(
                    .messageNotDelivered,
                    [
                        "recipient": .string(delivery.address.description), "reason": .string(error.message),
                        "detail": .string(error.detail),
                    ],
                    trace: transaction.trace.text
                )
                return error.deliveryReply
            }
        }
        return SMTPReply(250, .recipientValid, "Delivered")
    }

    private func store(
        _ message: any StagedMessage,
        in account: any MailAccount,
        for recipient: TransactionRecipient
    ) async throws(MailStoreError) -> AppendOutcome {
        let now = MailDate(secondsSince1970: WallClock.seconds)
        if recipient.isSentCopy, let identity = recipient.deliveryID {
            return try await account.fileSent(message, identity: identity, internalDate: now)
        }
        return try await account.append(
            message,
            to: .inbox,
            flags: .none,
            internalDate: now,
            delivery: recipient.deliveryID
        )
    }

    /// Keeps for tracking what the store did.
    private func track(_ delivery: LocalDelivery, _ outcome: String, _ describe: (inout TrackingEntry) -> Void) {
        sink.events.track(
            {
                var entry = TrackingEntry(.store, outcome, trace: transaction.trace.text)
                entry.sender = "\(transaction.reversePath)"
                entry.recipients = [delivery.address.description]
                entry.details["account"] = delivery.account.description
                describe(&entry)
                return entry
            }()
        )
    }
}

extension MailStoreError {
    /// What the transport is told.
    ///
    /// Nothing that may pass is permanent.
    var deliveryReply: SMTPReply {
        switch code {
        case .overQuota: SMTPReply(552, .mailboxFull, "Mailbox full")
        case .limit: SMTPReply(552, .messageTooBig, message)
        case .storageFull: SMTPReply(452, .mailSystemFull, "No room for the message now")
        case .busy: SMTPReply(450, .otherMailbox, "Mailbox busy, try again")
        case .noSuchMailbox, .noSuchMessage, .mailboxExists, .forbidden, .damaged, .unavailable:
            SMTPReply(451, .mailSystem, "Mailbox not available now, try again")
        }
    }
}
