// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import MailTypes
package import Runtime
package import SASL
package import SMTPWire

/// What a listener is for.
package enum SMTPService: Sendable, Hashable {
    /// Mail for our own domains from anybody (RFC 5321).
    case receive
    /// Mail from our own users, who log on first (RFC 6409).
    case submission
    /// Mail for our own domains from other systems, with an answer for each recipient (RFC 2033).
    case lmtp
    /// Final delivery for Martlet's own transport, over a Unix socket: recipients come with their accounts.
    case internalLMTP

    package var isLMTP: Bool { self == .lmtp || self == .internalLMTP }
}

/// The rules of one connection, without I/O: what is allowed when, and what is said.
package struct SMTPSession: Sendable {
    package let service: SMTPService
    package let limits: SMTPLimits
    /// What this server calls itself.
    package let hostName: String
    /// Without port.
    package let peer: String
    package let canStartTLS: Bool

    package private(set) var channel: SASLChannel
    /// What the directory can check.
    package var knownMechanisms: [SASLMechanism] = SASLMechanism.passwords
    package private(set) var hello: HelloCommand?
    package private(set) var user: AuthenticatedUser?
    /// Between MAIL and the end of the data.
    package private(set) var transaction: MailTransaction?
    /// The message comes in BDAT chunks; no DATA until it is over (RFC 3030 §2).
    package private(set) var isChunking = false
    private var chunkFailure: SMTPReply?
    private var transactions = 0
    /// Commands that were wrong.
    package private(set) var errors = 0
    /// For how many the recipients of the transaction stand.
    private var members = 0
    /// Answers that put the client off.
    package private(set) var deferrals = 0
    private var logOnFailures = 0
    private var idleCommands = 0

    package init(
        _ service: SMTPService,
        limits: SMTPLimits,
        hostName: String,
        peer: String,
        channel: SASLChannel,
        canStartTLS: Bool
    ) {
        self.service = service
        self.limits = limits
        self.hostName = hostName
        self.peer = peer
        self.channel = channel
        self.canStartTLS = canStartTLS
    }

    package var greeting: SMTPReply { SMTPReply(220, nil, "\(hostName) \(service.isLMTP ? "LMTP" : "ESMTP") Martlet") }

    // MARK: Commands

    /// What a command leads to here and now.
    package mutating func check(_ command: SMTPCommand) -> SMTPStep {
        if let step = countIdle(command) { return step }
        switch command {
        case .hello(let hello): return check(hello)
        case .mail(let mail): return check(mail)
        case .recipient(let recipient): return check(recipient)
        case .data: return checkData()
        case .chunk(let chunk): return check(chunk)
        case .startTLS: return checkStartTLS()
        case .authenticate(let auth): return check(auth)
        case .reset:
            endTransaction()
            return .reply(SMTPReply(250, .other, "OK"))
        case .noop: return .reply(SMTPReply(250, .other, "OK"))
        case .quit: return .close(SMTPReply(221, .other, "\(hostName) closing connection"))
        case .verify(let text): return checkVerify(text)
        case .expand(let text): return checkExpand(text)
        case .help(let topic): return .reply(help(topic))
        case .remoteQueue(let queue): return check(queue)
        case .clientAttributes(let attributes): return check(attributes)
        case .onDemandRelay(let command): return check(command)
        }
    }

    /// A line that is no command.
    package mutating func fail(_ error: SMTPSyntaxError) -> SMTPStep { fail(error.reply) }

    /// A wrong command: counts, and past the limit ends the connection.
    package mutating func fail(_ reply: SMTPReply) -> SMTPStep {
        errors += 1
        guard errors > limits.errors else { return .reply(reply) }
        return .close(SMTPReply(421, .security, "Too many errors, closing connection"))
    }

    private mutating func countIdle(_ command: SMTPCommand) -> SMTPStep? {
        switch command {
        case .hello, .reset, .noop, .help, .verify, .expand, .remoteQueue, .clientAttributes: idleCommands += 1
        default: return nil
        }
        guard idleCommands > limits.idleCommands else { return nil }
        return .close(SMTPReply(421, .security, "Too many commands without mail, closing connection"))
    }

    // MARK: HELO, EHLO, LHLO

    private mutating func check(_ hello: HelloCommand) -> SMTPStep {
        guard (hello.verb == .lhlo) == service.isLMTP else {
            return fail(
                SMTPReply(500, .badSequence, service.isLMTP ? "This is LMTP: use LHLO" : "This is SMTP: use EHLO")
            )
        }
        endTransaction()  // RFC 5321 §4.1.4
        self.hello = hello
        let greeting = "\(hostName) greets \(peer)"
        return .reply(SMTPReply(250, nil, lines: hello.verb == .helo ? [greeting] : [greeting] + extensions))
    }

    // MARK: STARTTLS, AUTH

    private mutating func checkStartTLS() -> SMTPStep {
        guard canStartTLS else { return fail(SMTPReply(502, .badSequence, "STARTTLS is not offered")) }
        guard channel.security != .tls else { return fail(SMTPReply(503, .badSequence, "TLS is on already")) }
        return .startTLS
    }

    /// TLS is on: what the client said before counts no more (RFC 3207 §4.2).
    package mutating func tlsEstablished(_ channel: SASLChannel = SASLChannel(.tls)) {
        self.channel = channel
        hello = nil
        user = nil
        endTransaction()
    }

    /// The mechanisms that AUTH may name now.
    ///
    /// None where nobody logs on.
    var mechanisms: [SASLMechanism] {
        service == .submission ? SASLMechanism.offered(among: knownMechanisms, on: channel) : []
    }

    // RFC 4954 §4: not twice, not within a transaction
    private mutating func check(_ auth: AuthCommand) -> SMTPStep {
        guard service == .submission else { return fail(SMTPReply(502, .badSequence, "AUTH is not offered")) }
        guard hello != nil else { return fail(SMTPReply(503, .badSequence, "Say EHLO first")) }
        guard user == nil else { return fail(SMTPReply(503, .badSequence, "Already logged on")) }
        guard transaction == nil else { return fail(SMTPReply(503, .badSequence, "Not within a transaction")) }
        guard let mechanism = SASLMechanism.named(auth.mechanism.utf8, among: knownMechanisms) else {
            return fail(SMTPReply(504, .invalidArguments, "Mechanism not known"))
        }
        guard !mechanism.lacksCertificate(on: channel) else {
            return fail(SMTPReply(504, .invalidArguments, "Needs a certificate of yours that is trusted here"))
        }
        guard SASLMechanism.named(auth.mechanism.utf8, among: mechanisms) != nil else {
            return fail(SMTPReply(538, .encryptionNeeded, "Use STARTTLS first"))
        }
        return .authenticate(auth)
    }

    /// AUTH came to its end.
    package mutating func authenticated(_ outcome: AuthenticationOutcome) -> SMTPStep {
        switch outcome {
        case .success(let user):
            self.user = user
            return .reply(SMTPReply(235, .security, "Logged on"))
        // Counted, too: who is banned may not go on asking for ever.
        case .unavailable: return logOnFailed(SMTPReply(454, .security, "Cannot check now, try again later"))
        case .invalidCredentials: return logOnFailed(SMTPReply(535, .badCredentials, "User or password is wrong"))
        case .notPermitted: return logOnFailed(SMTPReply(535, .notAuthorized, "This account may not send"))
        }
    }

    /// AUTH came to its end before there was anything to check.
    package mutating func authenticationFailed(_ failure: SASLFailure) -> SMTPStep {
        switch failure {
        case .cancelled: fail(SMTPReply(501, .security, failure.text))
        // RFC 4954 §4: what is no base64 is 5.5.2
        case .malformed: fail(SMTPReply(501, .invalidCommand, failure.text))
        case .notAuthorized: logOnFailed(SMTPReply(535, .notAuthorized, failure.text))
        case .channelBinding: logOnFailed(SMTPReply(535, .badCredentials, failure.text))
        }
    }

    private mutating func logOnFailed(_ reply: SMTPReply) -> SMTPStep {
        logOnFailures += 1
        guard logOnFailures >= limits.logOnFailures else { return .reply(reply) }
        return .close(SMTPReply(421, .security, "Too many failed log-ons, closing connection"))
    }

    // RFC 2645 §5.2: only who has logged on, and not within a transaction
    private mutating func check(_ command: OnDemandRelayCommand) -> SMTPStep {
        guard limits.offersOnDemandRelay else { return fail(SMTPReply(502, .badSequence, "ATRN is not offered")) }
        guard user != nil else { return fail(SMTPReply(530, .security, "Log on first")) }
        guard transaction == nil else { return fail(SMTPReply(503, .badSequence, "Not within a transaction")) }
        return .relayOnDemand(command)
    }

    // MARK: MAIL

    private mutating func check(_ mail: MailCommand) -> SMTPStep {
        guard hello != nil else {
            return fail(SMTPReply(503, .badSequence, "Say \(service.isLMTP ? "LHLO" : "EHLO") first"))
        }
        guard transaction == nil else { return fail(SMTPReply(503, .badSequence, "One transaction at a time")) }
        if service == .submission, user == nil {
            let isReady = !mechanisms.isEmpty
            return fail(SMTPReply(530, .security, isReady ? "Log on first" : "Use STARTTLS and log on first"))
        }
        guard transactions < limits.transactions else {
            return .close(SMTPReply(421, .security, "Enough messages for one connection"))
        }
        if let refusal = refusal(of: mail) { return fail(refusal) }
        guard mail.size ?? 0 <= limits.messageSize else {
            return .reply(SMTPReply(552, .messageTooBig, "At most \(limits.messageSize) octets"))
        }
        return .beginTransaction(mail)
    }

    static func isASCII(_ text: String) -> Bool { text.utf8.allSatisfy { $0 < 0x80 } }

    /// MAIL is accepted.
    package mutating func begin(_ asked: MailCommand) -> SMTPReply {
        let (mail, isChanged) = withAllowedPriority(asked)
        transaction = MailTransaction(mail, trace: mail.trace ?? .random(), peer: peer, user: user)
        transaction?.hello = hello?.name
        chunkFailure = nil
        transactions += 1
        idleCommands = 0
        guard isChanged else { return SMTPReply(250, .otherAddress, "Sender OK") }
        return SMTPReply(250, .priorityChanged, "\(mail.transferPriority ?? 0) is the highest priority here")
    }

    // MARK: RCPT

    private mutating func check(_ recipient: RecipientCommand) -> SMTPStep {
        guard let transaction, !isChunking else { return fail(SMTPReply(503, .badSequence, "MAIL first")) }
        var unknown: String?
        if recipient.notify != nil, !limits.offersReports { unknown = "NOTIFY" }
        if recipient.originalRecipient != nil, !limits.offersReports { unknown = "ORCPT" }
        let isInternal = recipient.account != nil || recipient.delivery != nil || recipient.isSentCopy
        if isInternal, service != .internalLMTP { unknown = "XMARTLET" }
        if let unknown { return fail(SMTPReply(555, .invalidArguments, "Parameter \(unknown) is not offered")) }
        guard transaction.mail.usesUTF8 || Self.isASCII(recipient.forwardPath.description) else {
            return fail(SMTPReply(553, .nonASCIIAddress, "An address like this needs SMTPUTF8"))
        }
        guard transaction.recipients.count < limits.recipients else {
            return .reply(SMTPReply(452, .tooManyRecipients, "At most \(limits.recipients) recipients"))
        }
        return .resolve(recipient)
    }

    /// The recipient was looked up.
    package mutating func add(_ recipient: RecipientCommand, _ resolution: RecipientResolution) -> SMTPReply {
        let path = recipient.forwardPath
        switch resolution {
        case .deliver(let deliveries): return accept(recipient, deliveries)
        case .relay: return accept(recipient, [])
        case .expand(let others): return accept(recipient, [], others)
        case .refused(let reply): return reply
        case .unknown: return SMTPReply(550, .noSuchMailbox, "No such mailbox here: \(path)")
        case .notLocal:
            return SMTPReply(550, .notAuthorized, "Not a domain of this server, and it does not relay: \(path)")
        case .disabled: return SMTPReply(550, .mailboxDisabled, "This mailbox takes no mail: \(path)")
        case .overQuota: return SMTPReply(552, .mailboxFull, "This mailbox is full: \(path)")
        case .temporary: return SMTPReply(451, .mailSystem, "Cannot look this recipient up now")
        }
    }

    /// For whom the recipients of one message may stand; all are held in memory, and one address may be 10,000.
    private static let maximumMembers = 20_000

    private mutating func accept(
        _ command: RecipientCommand,
        _ deliveries: [LocalDelivery],
        _ expansion: [ExpandedRecipient] = []
    ) -> SMTPReply {
        let path = command.forwardPath
        let isKnown = !service.isLMTP && transaction?.recipients.contains { $0.forwardPath == path } ?? false
        if !isKnown {
            let isOne = expansion.count <= 1 && deliveries.count <= 1
            let count = isOne ? 0 : max(expansion.count, deliveries.count)
            guard members + count <= Self.maximumMembers || members == 0 else {
                return SMTPReply(452, .tooManyRecipients, "Too many recipients, send them in another message")
            }
            members += count
            var recipient = TransactionRecipient(path, deliveries: deliveries, deliveryID: command.delivery)
            recipient.expansion = expansion
            recipient.notify = command.notify
            recipient.originalRecipient = command.originalRecipient
            recipient.isSentCopy = command.isSentCopy
            transaction?.recipients.append(recipient)
        }
        return SMTPReply(250, .recipientValid, "Recipient OK")
    }

    /// What comes of the answer to MAIL or RCPT: one that refuses for good counts as an error, so that nobody can try
    /// names without end on one connection; nor can who is put off come again on it without end.
    package mutating func refused(_ reply: SMTPReply) -> SMTPStep {
        guard reply.code < 500 else { return fail(reply) }
        // Martlet's own transport keeps its connections for long, and stops by itself.
        guard reply.severity == .transient, service != .internalLMTP else { return .reply(reply) }
        deferrals += 1
        guard deferrals > limits.recipients else { return .reply(reply) }
        return .close(SMTPReply(421, .security, "Put off too many times, closing connection"))
    }

    /// Whether mail for other servers is taken from this client: it has logged on, or comes from a network that may.
    package func mayRelay(from peer: SocketAddress) -> Bool {
        guard !service.isLMTP else { return false }
        return user != nil || limits.relayNetworks.contains { $0.contains(peer) }
    }

    // MARK: DATA, BDAT

    private mutating func checkData() -> SMTPStep {
        guard !isChunking else { return fail(SMTPReply(503, .badSequence, "Go on with BDAT")) }
        // RFC 3030 §3: such content has no lines by which DATA could find its end.
        guard transaction?.mail.body != .binary else {
            return fail(SMTPReply(503, .badSequence, "BODY=BINARYMIME needs BDAT"))
        }
        if let refusal = refusalOfContent { return fail(refusal) }
        return .receiveData
    }

    private var refusalOfContent: SMTPReply? {
        guard let transaction else { return SMTPReply(503, .badSequence, "MAIL first") }
        // RFC 5321 §3.3: 554 when there is no valid recipient
        guard !transaction.recipients.isEmpty else { return SMTPReply(554, .protocolOther, "No valid recipients") }
        return nil
    }

    // The octets of a chunk come whatever is answered (RFC 3030 §2).
    private mutating func check(_ chunk: ChunkCommand) -> SMTPStep {
        guard chunk.count <= limits.messageSize.addingReportingOverflow(limits.messageSize).partialValue else {
            return .close(SMTPReply(552, .messageTooBig, "At most \(limits.messageSize) octets"))
        }
        if let refusal = chunkFailure ?? refusalOfContent {
            errors += 1
            return .receiveChunk(chunk, refusal: refusal)
        }
        isChunking = true
        return .receiveChunk(chunk, refusal: nil)
    }

    /// A chunk was refused: those behind it are read and refused until RSET (RFC 3030 §2).
    package mutating func chunkFailed() {
        endTransaction()
        chunkFailure = SMTPReply(503, .badSequence, "The message was refused, say RSET")
    }

    /// The transaction is over, by its end, RSET, or a new beginning.
    package mutating func endTransaction() {
        transaction = nil
        members = 0
        isChunking = false
        chunkFailure = nil
    }
}
