// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import ByteTools
internal import Events
internal import MailQueue
internal import MailTypes
internal import MessageFormat
internal import Runtime
internal import SMTPServer
internal import SMTPWire
internal import Settings

/// What became of a message from the pickup folder.
enum PickupOutcome: Sendable {
    case queued(QueuedPickup)
    /// A filter wanted it dropped.
    case dropped
    /// For good.
    case refused(SMTPReply)
    /// Not now.
    case later(String)
}

/// A message that the queue has, frozen.
struct QueuedPickup: Sendable {
    var id: QueueID
    /// Recipients that its sender is to get a report of at once.
    var refused: [ForwardPath: SMTPReply]
    /// A filter wants it held, or one of the queue's rules holds it.
    var isHeld: Bool
}

/// Who gets a message from the pickup folder, and who cannot.
struct PickupRecipients: Sendable {
    var recipients: [TransactionRecipient] = []
    var refused: [ForwardPath: SMTPReply] = [:]
}

/// Brings messages from the pickup folder into the queue.
struct PickupServices: Sendable {
    var queue: MailQueue
    var directory: any RecipientResolver
    var relay: any RelayPolicy
    var filters: MilterFilters
    var settings: LiveSettings
    var events: EventRecorder
    var hostName: String
    var spoolFolder: String

    /// Of addresses that have none: what the settings say, else postmaster's, else the host's name.
    func domain() async -> Domain? {
        if let chosen = Domain(settings.current[PickupSettings.domain]) { return chosen }
        if case .deliver(let found) = await directory.resolve(.postmaster, from: .null, user: nil),
            let postmaster = found.first
        {
            return postmaster.address.domain
        }
        return Domain(hostName)
    }

    /// Of one file.
    var maximumOctets: UInt64 { UInt64(clamping: settings.current[SMTPSettings.maximumMessageSize].octets) }

    /// Of the times that the sender of a file may ask for: those of every listener.
    private var limits: SMTPLimits {
        var limits = SMTPLimits()
        limits.longestRelease = settings.current[SMTPSettings.futureRelease]
        limits.shortestDeliverBy = settings.current[SMTPSettings.minimumDeliverBy].components.seconds
        return limits
    }

    /// Has the queue take a message, frozen.
    ///
    /// - Parameter owner: the user who left it there.
    func accept(_ message: PickupMessage, _ trace: TraceID, owner: UInt32) async -> PickupOutcome {
        let limit = settings.current[SMTPSettings.maximumReceivedFields]
        guard message.receivedFields <= limit else {
            return .refused(SMTPReply(554, .routingLoop, "The message has passed \(message.receivedFields) servers"))
        }
        if let refusal = limits.refusalOfTimes(message.mail) { return .refused(refusal) }
        guard var found = await resolve(message, trace) else { return .later("recipients cannot be looked up") }
        var transaction = transaction(message, trace)
        let sink = PickupSink(queue, spoolFolder: spoolFolder)
        let filter = found.recipients.isEmpty ? nil : openFilter()
        if let filter {
            if let reply = await filter.mail(transaction, tls: nil) { return await ended(filter, by: reply) }
            for (index, recipient) in found.recipients.enumerated().reversed() {
                let command = RecipientCommand(recipient.forwardPath)
                guard let reply = await filter.recipient(command, in: transaction) else { continue }
                if reply.severity != .permanent { return await ended(filter, by: reply) }
                found.refused[recipient.forwardPath] = reply
                found.recipients.remove(at: index)
            }
        }
        transaction.recipients = found.recipients
        sink.refused = found.refused
        let replies = await pass(message, &transaction, owner, found.recipients.isEmpty ? nil : filter, sink)
        await filter?.close()
        if let id = sink.queued {
            return .queued(QueuedPickup(id: id, refused: found.refused, isHeld: sink.isHeld))
        }
        if let reply = replies.first(where: { !$0.isPositive }) { return outcome(reply) }
        // Somebody has to learn of those whom nobody knows.
        return found.refused.first.map { .refused($0.value) } ?? .dropped
    }

    private func ended(_ filter: any MailFilter, by reply: SMTPReply) async -> PickupOutcome {
        await filter.close()
        return outcome(reply)
    }

    private func outcome(_ reply: SMTPReply) -> PickupOutcome {
        reply.severity == .permanent ? .refused(reply) : .later(reply.summary)
    }

    private func openFilter() -> (any MailFilter)? {
        let snapshot = settings.current
        let client = FilteredClient(hostName: hostName, listener: "pickup", peer: .unix, local: .unix)
        return filters.filter(for: client, snapshot[PickupSettings.milters], snapshot)
    }

    private func transaction(_ message: PickupMessage, _ trace: TraceID) -> MailTransaction {
        var transaction = MailTransaction(message.mail, trace: trace, peer: "pickup")
        transaction.messageID = message.messageID
        return transaction
    }

    /// Gives the message to the filter, else to the sink.
    private func pass(
        _ message: PickupMessage,
        _ transaction: inout MailTransaction,
        _ owner: UInt32,
        _ filter: (any MailFilter)?,
        _ sink: PickupSink
    ) async -> [SMTPReply] {
        let date = MailDate(secondsSince1970: WallClock.seconds).headerText
        let received =
            "Received: by \(hostName) (pickup, from user \(owner)) id \(transaction.trace);\r\n\t\(date)\r\n"
        var completion = message.hasDate ? "" : "Date: \(date)\r\n"
        if !message.hasMessageID { completion += "Message-ID: <\(transaction.trace)@\(hostName)>\r\n" }
        if !message.hasFrom { completion += "From: \(message.mail.reversePath.address.map { "\($0)" } ?? "<>")\r\n" }
        let head = Array((received + completion).utf8) + message.header
        transaction.receivedOctets = received.utf8.count
        transaction.traceOctets = received.utf8.count + completion.utf8.count
        transaction.headerOctets = head.count
        do throws(SMTPReply) {
            let incoming =
                if let filter { try await filter.begin(transaction, into: sink) } else {
                    try await sink.begin(transaction)
                }
            do throws(SMTPReply) {
                try await incoming.add(head + [ASCII.cr, ASCII.lf])
                try await incoming.add(message.body)
            } catch {
                await incoming.abort()
                throw error
            }
            return await incoming.finish()
        } catch {
            return [error]
        }
    }

    /// For whom the addresses of one message may stand: all are held in memory.
    private static let maximumMembers = 100_000

    /// Finds the recipients; `nil` when they cannot be looked up now.
    func resolve(_ message: PickupMessage, _ trace: TraceID) async -> PickupRecipients? {
        var found = PickupRecipients()
        var members = 0
        let transaction = transaction(message, trace)
        for command in message.recipients {
            var resolution = await directory.resolve(
                command.forwardPath,
                from: message.mail.reversePath,
                user: nil
            )
            if resolution == .notLocal { resolution = await relay.admission(of: command, in: transaction) }
            let path = command.forwardPath
            var recipient = TransactionRecipient(path, deliveries: [])
            (recipient.notify, recipient.originalRecipient) = (command.notify, command.originalRecipient)
            switch resolution {
            case .deliver(let deliveries):
                recipient.deliveries = deliveries
                found.recipients.append(recipient)
            case .expand(let others):
                members += others.count
                guard members <= Self.maximumMembers else {
                    found.refused[path] = SMTPReply(550, .tooManyRecipients, "Too many recipients: \(path)")
                    continue
                }
                recipient.expansion = others
                found.recipients.append(recipient)
            // A full mailbox may have room again when it is tried; the store decides.
            case .relay: found.recipients.append(recipient)
            case .temporary: return nil
            case .refused(let reply):
                guard reply.severity == .permanent else { return nil }
                found.refused[path] = reply
            case .unknown: found.refused[path] = SMTPReply(550, .noSuchMailbox, "No such mailbox here: \(path)")
            case .disabled:
                found.refused[path] = SMTPReply(550, .mailboxDisabled, "This mailbox takes no mail: \(path)")
            case .overQuota: found.refused[path] = SMTPReply(552, .mailboxFull, "This mailbox is full: \(path)")
            case .notLocal: found.refused[path] = SMTPReply(550, .notAuthorized, "No way to \(path)")
            }
        }
        return found
    }
}

/// Puts one message into the queue, frozen.
final class PickupSink: MessageSink, @unchecked Sendable {
    // Safe: made, used and read by the one task that takes mail from the pickup folder.
    private let queue: MailQueue
    private let spoolFolder: String
    var refused: [ForwardPath: SMTPReply] = [:]
    fileprivate(set) var queued: QueueID?
    fileprivate(set) var isHeld = false

    init(_ queue: MailQueue, spoolFolder: String) {
        self.queue = queue
        self.spoolFolder = spoolFolder
    }

    func begin(_ transaction: MailTransaction) async throws(SMTPReply) -> any IncomingMessage {
        PickupIncoming(self, transaction, MessageSpool(folder: spoolFolder, leavingOut: transaction.traceOctets))
    }

    fileprivate func accept(_ transaction: MailTransaction, _ content: SpooledMessage) async -> SMTPReply {
        let digest = transaction.contentDigest ?? content.sha256
        let refused = refused
        // There may be a hundred thousand.
        let recipients = await BlockingPool.shared.run { Self.recipients(transaction, refused) }
        var message = QueuedMessage(transaction, recipients, digest: digest)
        message.isHeld = true
        if message.holdReason == nil { message.holdReason = await queue.ruleHolding(message) }
        isHeld = message.holdReason != nil
        do throws(QueueError) {
            queued = try await queue.accept(message, content.queueContent)
            return SMTPReply(250, .other, "Queued")
        } catch {
            return SMTPReply(451, .mailSystem, "The queue cannot take the message now")
        }
    }

    private static func recipients(
        _ transaction: MailTransaction,
        _ refused: [ForwardPath: SMTPReply]
    ) -> [QueuedRecipient] {
        var list = QueuedRecipientList()
        for recipient in transaction.recipients where !recipient.standsForOthers { list.add(recipient) }
        for recipient in transaction.recipients where recipient.standsForOthers { list.expand(recipient) }
        let failing = refused.keys.sorted { "\($0)" < "\($1)" }.map { RecipientCommand($0) }
        return list.recipients + failing.map { QueuedRecipient($0, destination: "") }
    }
}

private final class PickupIncoming: IncomingMessage {
    private let sink: PickupSink
    private let transaction: MailTransaction
    private let spool: MessageSpool

    init(_ sink: PickupSink, _ transaction: MailTransaction, _ spool: MessageSpool) {
        self.sink = sink
        self.transaction = transaction
        self.spool = spool
    }

    func add(_ bytes: [UInt8]) async throws(SMTPReply) {
        do throws(IOError) { try spool.add(bytes) } catch {
            throw SMTPReply(452, .mailSystemFull, "No room for the message now")
        }
    }

    func finish() async -> [SMTPReply] {
        let reply = await sink.accept(transaction, spool.finish())
        return [SMTPReply](repeating: reply, count: max(1, transaction.recipients.count))
    }

    func abort() async {}
}
