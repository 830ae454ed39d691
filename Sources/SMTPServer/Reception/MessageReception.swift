// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import ByteTools
internal import Events
internal import Glibc
internal import MailTypes
internal import MessageFormat
internal import Runtime
internal import SMTPWire

/// One message on its way from the connection to the sink: unframed, its header section looked at, trace fields put
/// before it.
///
/// Once it is refused it only counts what still comes.
final class MessageReception {
    private unowned let dialogue: SMTPDialogue
    private let transaction: MailTransaction?
    private let limits: SMTPLimits
    private let framing: DataDecoder.Framing
    /// Martlet's own transport sends what has been checked.
    private let checksNewlines: Bool
    private var decoder: DataDecoder
    private var header: HeaderSection? = HeaderSection()
    private var message: (any IncomingMessage)?
    /// Octets of the content, without the trace fields.
    private(set) var contentOctets: UInt64 = 0
    /// Why the message is not taken.
    private(set) var refusal: SMTPReply?
    /// The value of its Message-ID field, for the log.
    private(set) var messageID: String?

    init(_ dialogue: SMTPDialogue, _ framing: DataDecoder.Framing) {
        self.dialogue = dialogue
        self.framing = framing
        transaction = dialogue.session.transaction
        limits = dialogue.session.limits
        // Binary content has no lines (RFC 3030 §3): it is sent on by count, or converted.
        checksNewlines = dialogue.server.service != .internalLMTP && transaction?.mail.body != .binary
        let normalizes = checksNewlines && limits.bareNewline == .normalize
        decoder = DataDecoder(framing: framing, bareNewlines: normalizes ? .normalize : .keep)
    }

    /// DATA has ended.
    var isAtEnd: Bool { decoder.isAtEnd }

    /// False when a refused message goes on for so long that reading it to its end is no use.
    var isWithinDrainLimit: Bool { decoder.wireOctets / 2 <= limits.messageSize &+ (32 << 20) }

    /// The octets that `span` stands for.
    func decode(_ span: RawSpan) -> (consumed: Int, octets: [UInt8]) {
        var octets: [UInt8] = []
        if refusal == nil { octets.reserveCapacity(span.byteCount + 2) }
        return (decoder.decode(span, into: &octets), octets)
    }

    /// Takes decoded octets.
    func take(_ octets: [UInt8]) async {
        guard refusal == nil, !octets.isEmpty else { return }
        contentOctets &+= UInt64(octets.count)
        guard contentOctets <= limits.messageSize else {
            return await give(up: SMTPReply(552, .messageTooBig, "Message exceeds \(limits.messageSize) octets"))
        }
        if let bare = decoder.firstBareNewline, checksNewlines, limits.bareNewline == .refuse {
            return await refuseSmuggling(bare)
        }
        guard header != nil else { return await pass(octets) }
        header?.add(octets)
        if let header, header.isTooLarge {
            return await give(
                up: SMTPReply(552, .messageTooBig, "Header section exceeds \(SMTPLimits.headerOctets) octets")
            )
        }
        if header?.isComplete ?? false { await passHeader() }
    }

    /// The message is whole.
    ///
    /// One reply for each recipient.
    func finish() async -> [SMTPReply] {
        await complete()
        let count = transaction?.recipients.count ?? 0
        guard refusal == nil, let message else {
            await abort()
            let reply = refusal ?? SMTPReply(451, .mailSystem, "The message cannot be taken now")
            return [SMTPReply](repeating: reply, count: count)
        }
        self.message = nil
        let replies = await message.finish()
        let missing = max(0, count - replies.count)
        return replies.prefix(count) + [SMTPReply](repeating: SMTPReply(451, .mailSystem, "No result"), count: missing)
    }

    /// Nothing more comes, or nothing of it is wanted.
    func abort() async {
        let message = self.message
        self.message = nil
        await message?.abort()
    }

    /// Refuses what comes, before it came.
    func refuse(_ reply: SMTPReply) { refusal = refusal ?? reply }

    // MARK: Towards the sink

    private func complete() async {
        var last: [UInt8] = []
        if framing == .counted { decoder.finish(into: &last) }
        await take(last)
        if let bare = decoder.firstBareNewline, checksNewlines, limits.bareNewline == .refuse, refusal == nil {
            await refuseSmuggling(bare)
        }
        if decoder.bareNewlineCount > 0, checksNewlines, refusal == nil {
            dialogue.events.record(
                .newlinesMadeWhole,
                ["smtp.newlines": .count(decoder.bareNewlineCount)],
                trace: transaction?.trace.text
            )
        }
        guard refusal == nil, header != nil else { return }
        header?.finish()
        await passHeader()
    }

    private func pass(_ octets: [UInt8]) async {
        do throws(SMTPReply) {
            try await message?.add(octets)
        } catch {
            await give(up: error)
        }
    }

    /// The header section is whole: checks it, begins the message, and passes on what was gathered.
    private func passHeader() async {
        guard let header, var transaction else { return }
        self.header = nil
        let fields = HeaderFields(header.fields)
        messageID = fields.values(of: "Message-ID").first.map { String(decoding: $0.prefix(256), as: UTF8.self) }
        if transaction.mail.body == .binary, let bare = decoder.firstBareNewline,
            bare.offset < UInt64(header.fields.count)
        {
            return await refuseSmuggling(bare)
        }
        if let reply = await refusal(of: header, fields) { return await give(up: reply) }
        let fieldsOfOurs = traceFields(transaction)
        let prefix = Array((fieldsOfOurs.text + fieldsOfOurs.completion(of: header)).utf8)
        transaction.traceOctets = prefix.count
        transaction.receivedOctets = fieldsOfOurs.text.utf8.count
        transaction.headerOctets = prefix.count + (header.end ?? header.octets.count)
        transaction.messageID = messageID
        transaction.deliveredTo = fields.values(of: "Delivered-To").prefix(100).compactMap { value in
            MailboxAddress(String(decoding: value.prefix(512).filter { $0 > ASCII.space }, as: UTF8.self))
        }
        transaction.priority = fields.values(of: "Priority").first.map { value in
            ASCII.lowercased(String(decoding: value.prefix(32).filter { $0 > ASCII.space }, as: UTF8.self))
        }
        if let user = transaction.user, dialogue.server.service == .submission {
            transaction.sentCopy = await dialogue.server.services.sentCopies?.sentCopy(of: user)
        }
        do throws(SMTPReply) {
            let sink = dialogue.server.services.sink
            if let filter = dialogue.filter {
                message = try await filter.begin(transaction, into: sink)
            } else {
                message = try await sink.begin(transaction)
            }
        } catch {
            return await give(up: error)
        }
        // Else what was not looked at here would be read as fields, From among them.
        await pass(prefix + header.content(divided: dialogue.server.service == .submission))
    }

    private func traceFields(_ transaction: MailTransaction) -> TraceFields {
        TraceFields(
            service: dialogue.server.service,
            hostName: dialogue.server.hostName,
            hello: dialogue.session.hello,
            peer: dialogue.connection.peer,
            tls: dialogue.connection.tls,
            transaction: transaction,
            date: MailDate(secondsSince1970: Int64(Glibc.time(nil))),
            peerName: dialogue.nameCheck?.known.confirmed,
            marks: dialogue.listVerdict.marks
        )
    }

    // MARK: Refusals

    private func refusal(of header: HeaderSection, _ fields: HeaderFields) async -> SMTPReply? {
        guard header.receivedFields <= limits.receivedFields || dialogue.server.service == .internalLMTP else {
            dialogue.events.record(
                .messageLoops,
                ["message.id": .string(messageID ?? ""), "smtp.received-fields": .count(header.receivedFields)],
                trace: transaction?.trace.text
            )
            return SMTPReply(554, .routingLoop, "The message has passed \(header.receivedFields) servers: a loop")
        }
        if let reply = refusalOfSolicitation(fields) { return reply }
        guard limits.checksSender, dialogue.session.user != nil, dialogue.server.services.senders != nil else {
            return nil
        }
        return await refusalOfAuthors(fields.values(of: "From"))
    }

    /// Authors of one message: each may have to be looked up.
    private static let maximumAuthors = 64

    /// Why the user may not write under these names.
    private func refusalOfAuthors(_ values: [[UInt8]]) async -> SMTPReply? {
        guard let value = values.first else { return nil }
        // RFC 5322 §3.6
        guard values.count == 1 else {
            return SMTPReply(550, .invalidContent, "The header section has \(values.count) From fields")
        }
        let authors = EnvelopeAddress.list(parsing: value).filter { !$0.isGroupStart && !$0.isGroupEnd }
        guard !authors.isEmpty else { return SMTPReply(550, .invalidContent, "From holds no address") }
        guard authors.count <= Self.maximumAuthors else {
            return SMTPReply(550, .invalidContent, "From holds more than \(Self.maximumAuthors) addresses")
        }
        for author in authors {
            if let reply = await refusal(of: author) { return reply }
        }
        return nil
    }

    /// The label that a message may have in its header, too (RFC 3865 §2.5).
    private func refusalOfSolicitation(_ fields: HeaderFields) -> SMTPReply? {
        guard !limits.refusedSolicitations.isEmpty, dialogue.server.service != .internalLMTP else { return nil }
        for value in fields.values(of: "Solicitation").prefix(8) {
            let text = String(decoding: value.prefix(SolicitationKeyword.maximumOctets), as: UTF8.self)
            let keywords = SolicitationKeyword.list(text.filter { !" \t\r\n".contains($0) }) ?? []
            if let reply = dialogue.session.refusal(of: keywords) { return reply }
        }
        return nil
    }

    /// Why the user may not name this author in From.
    private func refusal(of author: EnvelopeAddress) async -> SMTPReply? {
        guard let local = author.mailbox.flatMap({ LocalPart(String(decoding: $0, as: UTF8.self)) }),
            let domain = author.host.flatMap({ Domain(String(decoding: $0, as: UTF8.self)) })
        else { return SMTPReply(550, .notAuthorized, "From holds what is no address") }
        return await dialogue.refusal(of: MailboxAddress(localPart: local, domain: domain), field: "From")
    }

    private func refuseSmuggling(_ bare: BareNewline) async {
        dialogue.events.record(
            .smugglingRefused,
            [
                "smtp.sender": .string("\(transaction?.reversePath ?? .null)"),
                "smtp.newline": .string(bare.kind.rawValue),
                "smtp.offset": .count(bare.offset),
            ],
            trace: transaction?.trace.text
        )
        let text =
            "Bare \(bare.kind.rawValue) at octet \(bare.offset) of the message: lines end with CR LF (RFC 5321, 2.3.8)"
        await give(up: SMTPReply(550, .invalidContent, text))
    }

    private func give(up reply: SMTPReply) async {
        refusal = reply
        header = nil
        await abort()
    }
}
