// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import ByteTools
internal import Events
internal import MailTypes
internal import MilterClient
internal import MilterWire
internal import Runtime
internal import SMTPServer
internal import SMTPWire

/// One message that is kept until it is whole, shown to the filters, and handed on as they left it.
final class FilteredMessage: IncomingMessage {
    private var transaction: MailTransaction
    private let chain: MilterChain
    private let sink: any MessageSink
    private let isDiscarded: Bool
    private let spool: MessageSpool
    private let recipientCount: Int
    /// Recipients that filters took away, and those that they added, which the client knows nothing of.
    private var removed: Set<Int> = []

    init(_ transaction: MailTransaction, _ chain: MilterChain, _ sink: any MessageSink, isDiscarded: Bool) {
        self.transaction = transaction
        self.chain = chain
        self.sink = sink
        self.isDiscarded = isDiscarded
        recipientCount = transaction.recipients.count
        spool = MessageSpool(folder: chain.owner.spoolFolder, for: transaction)
    }

    func add(_ bytes: [UInt8]) async throws(SMTPReply) {
        guard !isDiscarded else { return }
        do throws(IOError) { try spool.add(bytes) } catch { throw Self.noRoom }
    }

    func abort() async {}

    func finish() async -> [SMTPReply] {
        guard !isDiscarded else { return Self.accepted(recipientCount) }
        let content = spool.finish()
        transaction.contentDigest = content.sha256
        transaction.sentIdentity = content.sentIdentity
        do throws(SMTPReply) {
            var message = try await Draft(content, transaction)
            for session in chain.sessions {
                switch try await pass(&message, session) {
                case .proceed: continue
                case .refuse(let reply):
                    await chain.reset()
                    return [SMTPReply](repeating: reply, count: recipientCount)
                case .discard:
                    await chain.reset()
                    return Self.accepted(recipientCount)
                }
            }
            return try await handOn(message)
        } catch {
            await chain.reset()
            return [SMTPReply](repeating: error, count: recipientCount)
        }
    }

    /// Shows the message to one filter, and does what it wants.
    private func pass(_ message: inout Draft, _ session: MilterSession) async throws(SMTPReply) -> MilterVerdict {
        let fresh = MessageSpool(folder: chain.owner.spoolFolder, leavingOut: 0)
        let outcome = await session.content(
            message.header,
            message.body,
            messageID: transaction.messageID,
            newBody: fresh
        )
        guard outcome.verdict == .proceed else { return outcome.verdict }
        for change in outcome.changes {
            let isHeader = message.header.apply(change, bringsSpace: outcome.bringsSpace)
            if !isHeader { reportUnusable(change) }
            await apply(change)
        }
        message.header.settle()
        guard message.header.octetCount <= HeaderBlock.maximumOctets else {
            throw SMTPReply(552, .messageTooBig, "The filters made the header section too large")
        }
        if outcome.replacesBody { message.replaceBody(fresh.finish()) }
        return .proceed
    }

    /// What concerns the envelope.
    private func apply(_ change: MilterChange) async {
        switch change {
        case .addRecipient(let address, let parameters): await add(address, parameters, change)
        case .deleteRecipient(let address):
            guard let path = Self.forwardPath(address) else { return reportUnusable(change) }
            for (index, recipient) in transaction.recipients.enumerated() where recipient.forwardPath == path {
                removed.insert(index)
            }
        case .changeSender(let address, let parameters):
            guard let mail = Self.mail(address, parameters) else { return reportUnusable(change) }
            transaction.mail.reversePath = mail.reversePath
            transaction.mail.reportContent = mail.reportContent ?? transaction.mail.reportContent
            transaction.mail.envelopeID = mail.envelopeID ?? transaction.mail.envelopeID
            transaction.mail.usesUTF8 = transaction.mail.usesUTF8 || mail.usesUTF8
        case .quarantine(let reason):
            transaction.holdReason = reason.isEmpty ? "a filter" : "a filter: \(PrintableText.escaped(reason))"
        default: break
        }
    }

    private func add(_ address: String, _ parameters: String, _ change: MilterChange) async {
        guard let command = Self.recipient(address, parameters) else { return reportUnusable(change) }
        let owner = chain.owner
        var found = await owner.recipients.resolve(
            command.forwardPath,
            from: transaction.reversePath,
            user: transaction.user
        )
        if found == .notLocal, let relay = owner.relay { found = await relay.admission(of: command, in: transaction) }
        var recipient: TransactionRecipient
        switch found {
        case .deliver(let deliveries): recipient = TransactionRecipient(command.forwardPath, deliveries: deliveries)
        case .expand(let others):
            recipient = TransactionRecipient(command.forwardPath, deliveries: [])
            recipient.expansion = others
        case .relay: recipient = TransactionRecipient(command.forwardPath, deliveries: [])
        default: return reportUnusable(change)
        }
        (recipient.notify, recipient.originalRecipient) = (command.notify, command.originalRecipient)
        transaction.recipients.append(recipient)
    }

    private func reportUnusable(_ change: MilterChange) {
        chain.owner.events.record(
            .filterUnusable,
            ["milter.change": .string(change.label)],
            trace: transaction.trace.text
        )
    }

    // MARK: Onwards

    private func handOn(_ message: Draft) async throws(SMTPReply) -> [SMTPReply] {
        var final = transaction
        let positions = transaction.recipients.indices.filter { !removed.contains($0) }
        final.recipients = positions.map { transaction.recipients[$0] }
        guard !final.recipients.isEmpty else { return Self.accepted(recipientCount) }
        let head = message.stamp + message.header.encoded
        // Where the message's own octets begin is not known any more; `contentDigest` says what they were.
        final.traceOctets = 0
        final.headerOctets = head.count
        let incoming = try await sink.begin(final)
        do throws(SMTPReply) {
            try await incoming.add(head + message.separator)
            var offset: UInt64 = 0
            while offset < message.body.count {
                let piece: [UInt8]
                do throws(IOError) {
                    piece = try await message.body.read(at: offset, maximum: 65_536)
                } catch {
                    throw Self.noRoom
                }
                guard !piece.isEmpty else { break }
                offset += UInt64(piece.count)
                try await incoming.add(piece)
            }
        } catch {
            await incoming.abort()
            throw error
        }
        return replies(to: positions, await incoming.finish())
    }

    /// What the client is told of each of its recipients: yes of those that filters took away; and of all that the
    /// message is to be sent again, when a recipient that a filter added could not have it now.
    private func replies(to positions: [Int], _ answers: [SMTPReply]) -> [SMTPReply] {
        var replies = Self.accepted(recipientCount)
        for (position, answer) in zip(positions, answers) {
            if position < recipientCount {
                replies[position] = answer
            } else if answer.severity == .transient {
                return [SMTPReply](repeating: answer, count: recipientCount)
            }
        }
        return replies
    }

    private static func accepted(_ count: Int) -> [SMTPReply] {
        [SMTPReply](repeating: SMTPReply(250, .other, "Accepted"), count: count)
    }

    private static let noRoom = SMTPReply(452, .mailSystemFull, "No room for the message now")

    // MARK: Addresses of filters

    private static func forwardPath(_ address: String) -> ForwardPath? { recipient(address, "")?.forwardPath }

    private static func recipient(_ address: String, _ parameters: String) -> RecipientCommand? {
        let line = "RCPT TO:\(bracketed(address)) \(parameters)"
        guard case .recipient(let command) = try? SMTPCommand.parse(Array(line.utf8)), command.account == nil,
            command.delivery == nil, !command.isSentCopy
        else { return nil }
        return command
    }

    private static func mail(_ address: String, _ parameters: String) -> MailCommand? {
        let line = "MAIL FROM:\(bracketed(address)) \(parameters)"
        guard case .mail(let command) = try? SMTPCommand.parse(Array(line.utf8)) else { return nil }
        return command
    }

    private static func bracketed(_ address: String) -> String { address.hasPrefix("<") ? address : "<\(address)>" }
}

/// A message between two filters.
private struct Draft {
    /// Our own field on top, which filters do not see.
    let stamp: [UInt8]
    var header: HeaderBlock
    /// What stands between header section and body.
    private(set) var separator: [UInt8]
    private(set) var body: SpooledBody

    init(_ content: SpooledMessage, _ transaction: MailTransaction) async throws(SMTPReply) {
        do throws(IOError) {
            let head = try await content.read(upTo: transaction.headerOctets + 2)
            let fields = head.prefix(transaction.headerOctets)
            stamp = Array(fields.prefix(transaction.receivedOctets))
            header = HeaderBlock(Array(fields.dropFirst(transaction.receivedOctets)))
            let rest = Array(head.dropFirst(transaction.headerOctets))
            separator = rest == [ASCII.cr, ASCII.lf] ? rest : []
            body = SpooledBody(content, from: UInt64(fields.count + separator.count))
        } catch {
            throw SMTPReply(452, .mailSystemFull, "No room for the message now")
        }
    }

    mutating func replaceBody(_ content: SpooledMessage) {
        separator = [ASCII.cr, ASCII.lf]
        body = SpooledBody(content, from: 0)
    }
}

extension MessageSpool: MilterBodyReceiver {
    func take(_ piece: [UInt8]) throws(IOError) { try add(piece) }
}

extension SpooledMessage {
    /// The first octets; fewer when there are not so many.
    fileprivate func read(upTo count: Int) async throws(IOError) -> [UInt8] {
        var octets: [UInt8] = []
        while octets.count < count {
            let piece = try await read(at: UInt64(octets.count), maximum: count - octets.count)
            guard !piece.isEmpty else { break }
            octets += piece
        }
        return octets
    }
}

/// The body of a spooled message.
private struct SpooledBody: MilterBody {
    private let content: SpooledMessage
    private let start: UInt64

    init(_ content: SpooledMessage, from start: UInt64) {
        self.content = content
        self.start = min(start, content.size)
    }

    var count: UInt64 { content.size - start }

    func read(at offset: UInt64, maximum: Int) async throws(IOError) -> [UInt8] {
        try await content.read(at: start + offset, maximum: maximum)
    }
}
