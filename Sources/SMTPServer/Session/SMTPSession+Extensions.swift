// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import MailTypes
internal import Runtime
internal import SASL
package import SMTPWire

// What is offered, and what is refused because it is not. An extension is offered where all of it works, and each
// parameter belongs to one: docs/smtp.md has the table.
extension SMTPSession {
    /// The extensions that are offered now, one line each.
    package var extensions: [String] {
        var lines = [
            "PIPELINING", "SIZE \(limits.messageSize)", "8BITMIME", "SMTPUTF8", "CHUNKING", "BINARYMIME",
            "ENHANCEDSTATUSCODES",
        ]
        if canStartTLS, channel.security != .tls { lines.append("STARTTLS") }
        if limits.offersReports { lines.append("DSN") }
        if offersRequireTLS { lines.append("REQUIRETLS") }
        if offersFutureRelease { lines.append("FUTURERELEASE \(longestRelease) \(latestRelease.utcText)") }
        if offersDeliverBy { lines.append("DELIVERBY \(limits.shortestDeliverBy)") }
        if offersPriorities { lines.append("MT-PRIORITY MIXER") }
        if offersNoSoliciting {
            lines.append("NO-SOLICITING " + limits.refusedSolicitations.map(\.text).joined(separator: ","))
        }
        if limits.mayStartQueues { lines.append("ETRN") }
        if limits.offersOnDemandRelay, user != nil { lines.append("ATRN") }
        if mayVerify { lines.append("VRFY") }
        if mayExpand { lines.append("EXPN") }
        if limits.mayPresentClients {
            lines.append("XCLIENT " + ClientAttributesCommand.names.joined(separator: " "))
        }
        if !mechanisms.isEmpty, user == nil { lines.append("AUTH " + mechanisms.map(\.name).joined(separator: " ")) }
        return lines + [limitsLine, "HELP"]
    }

    // limits-param    RFC 9422 §3
    private var limitsLine: String {
        let transactions = limits.transactions < 1_000_000 ? " MAILMAX=\(limits.transactions)" : ""
        return "LIMITS RCPTMAX=\(limits.recipients)\(transactions)"
    }

    /// RFC 8689 §4.1: over TLS only; needs a queue that keeps it.
    private var offersRequireTLS: Bool { channel.security == .tls && !service.isLMTP && limits.offersReports }

    private var isSubmission: Bool { service == .submission && limits.offersReports }
    private var offersFutureRelease: Bool { isSubmission && limits.longestRelease > .zero }
    private var offersDeliverBy: Bool { isSubmission }
    private var offersPriorities: Bool { isSubmission }
    private var offersNoSoliciting: Bool { service != .internalLMTP && !limits.refusedSolicitations.isEmpty }

    private var longestRelease: Int64 { limits.longestReleaseSeconds }

    private var latestRelease: MailDate {
        MailDate(secondsSince1970: WallClock.seconds &+ longestRelease)
    }

    // MARK: Parameters of MAIL

    /// Parameters of extensions that are not offered here are unknown ones (RFC 5321 §4.1.1.11).
    func refusal(of mail: MailCommand) -> SMTPReply? {
        let reportsUnknown = !limits.offersReports
        let claims: [(isGiven: Bool, isOffered: Bool, name: String)] = [
            (mail.reportContent != nil, !reportsUnknown, "RET"), (mail.envelopeID != nil, !reportsUnknown, "ENVID"),
            (mail.requiresTLS, offersRequireTLS, "REQUIRETLS"),
            (mail.submitter != nil, service == .submission, "AUTH"),
            (mail.release != nil, offersFutureRelease, "HOLDFOR"), (mail.deliverBy != nil, offersDeliverBy, "BY"),
            (mail.transferPriority != nil, offersPriorities, "MT-PRIORITY"),
            (!mail.solicitations.isEmpty, offersNoSoliciting, "SOLICIT"),
            (mail.trace != nil, service == .internalLMTP, "XMARTLET-TRACE"),
        ]
        if let unknown = claims.first(where: { $0.isGiven && !$0.isOffered }) {
            return SMTPReply(555, .invalidArguments, "Parameter \(unknown.name) is not offered")
        }
        guard mail.usesUTF8 || Self.isASCII(mail.reversePath.description) else {
            return SMTPReply(553, .nonASCIIAddress, "An address like this needs SMTPUTF8")
        }
        return limits.refusalOfTimes(mail) ?? refusal(of: mail.solicitations)
    }

    /// Why a message with these labels is not taken (RFC 3865 §2.3).
    func refusal(of solicitations: [SolicitationKeyword]) -> SMTPReply? {
        guard let unwanted = solicitations.first(where: { limits.refusedSolicitations.contains($0) }) else {
            return nil
        }
        return SMTPReply(550, .notAuthorized, "No soliciting here: \(unwanted)")
    }

    /// The command with a priority that the client may ask for (RFC 6710 §4.1), and whether that is another one.
    func withAllowedPriority(_ mail: MailCommand) -> (mail: MailCommand, isChanged: Bool) {
        guard let asked = mail.transferPriority, asked > limits.highestPriority else { return (mail, false) }
        var lowered = mail
        lowered.transferPriority = limits.highestPriority
        return (lowered, true)
    }

    // MARK: VRFY, EXPN, ETRN, HELP

    private func isDisclosed(_ disclosure: AddressDisclosure) -> Bool {
        switch disclosure {
        case .nobody: false
        case .users: user != nil || limits.isTrusted
        case .everybody: true
        }
    }

    private var mayVerify: Bool { service != .internalLMTP && isDisclosed(limits.verifies) }
    private var mayExpand: Bool { service != .internalLMTP && isDisclosed(limits.expands) }

    mutating func checkVerify(_ text: String) -> SMTPStep {
        // RFC 5321 §3.5.3: whoever is not told hears this of every address.
        guard mayVerify else { return .reply(SMTPReply(252, .other, "Will not say, but will try to deliver")) }
        return describe(text, expands: false)
    }

    mutating func checkExpand(_ text: String) -> SMTPStep {
        guard mayExpand else { return fail(SMTPReply(502, .badSequence, "EXPN is not offered")) }
        return describe(text, expands: true)
    }

    /// The argument is a path, or an address without its angle brackets (RFC 5321 §3.5.1).
    private mutating func describe(_ text: String, expands: Bool) -> SMTPStep {
        let path = text.hasPrefix("<") ? text : "<\(text)>"
        do throws(SMTPSyntaxError) {
            guard case .recipient(let recipient) = try SMTPCommand.parse(Array("RCPT TO:\(path)".utf8)),
                recipient == RecipientCommand(recipient.forwardPath)
            else { return fail(SMTPReply(553, .badRecipientSyntax, "Say the whole address")) }
            return .describe(recipient, expands: expands)
        } catch {
            return fail(SMTPReply(553, .badRecipientSyntax, "Say the whole address"))
        }
    }

    // A command that is not offered to a client is none for it (RFC 5321 §4.2.4); RFC 1985 has no reply of its own.
    mutating func check(_ queue: RemoteQueueCommand) -> SMTPStep {
        guard limits.mayStartQueues else { return fail(SMTPReply(502, .badSequence, "ETRN is not offered")) }
        guard hello != nil else { return fail(SMTPReply(503, .badSequence, "Say EHLO first")) }
        guard transaction == nil else { return fail(SMTPReply(503, .badSequence, "Not within a transaction")) }
        return .startQueue(queue)
    }

    /// XCLIENT is for proxies that are named in the settings.
    mutating func check(_ attributes: ClientAttributesCommand) -> SMTPStep {
        guard limits.mayPresentClients else { return fail(SMTPReply(550, .notAuthorized, "XCLIENT is not for you")) }
        guard transaction == nil else { return fail(SMTPReply(503, .badSequence, "Not within a transaction")) }
        guard user == nil else { return fail(SMTPReply(503, .badSequence, "Already logged on")) }
        guard let host = attributes.address else { return .presentClient(nil) }
        guard let address = SocketAddress(host: host, port: attributes.port ?? 0) else {
            return fail(SMTPReply(501, .invalidArguments, "ADDR is a numeric address"))
        }
        return .presentClient(address)
    }

    func help(_ topic: String) -> SMTPReply {
        let words = topic.split(separator: " ").map(String.init)
        guard let word = words.first?.uppercased() else {
            return SMTPReply(
                214,
                .other,
                lines: ["Commands: \(verbs.joined(separator: " "))", "HELP and a command says how that is written"]
            )
        }
        guard verbs.contains(word), let usage = Self.usage[word] else {
            return SMTPReply(504, .invalidArguments, "There is no such command here")
        }
        return SMTPReply(214, .other, usage)
    }

    private var verbs: [String] {
        var verbs = service.isLMTP ? ["LHLO"] : ["HELO", "EHLO"]
        verbs += ["MAIL", "RCPT", "DATA", "BDAT", "RSET", "NOOP", "QUIT", "HELP", "VRFY"]
        if mayExpand { verbs.append("EXPN") }
        if limits.mayStartQueues { verbs.append("ETRN") }
        if canStartTLS, channel.security != .tls { verbs.append("STARTTLS") }
        if !mechanisms.isEmpty { verbs.append("AUTH") }
        return verbs
    }

    private static let usage = [
        "HELO": "HELO name", "EHLO": "EHLO name: says what is offered", "LHLO": "LHLO name: says what is offered",
        "MAIL": "MAIL FROM:<address> [parameters]", "RCPT": "RCPT TO:<address> [parameters]",
        "DATA": "DATA: then the message, and a line with a dot alone",
        "BDAT": "BDAT octets [LAST]: then as many octets (RFC 3030)", "RSET": "RSET: forgets the transaction",
        "NOOP": "NOOP: does nothing", "QUIT": "QUIT: ends the connection", "HELP": "HELP [command]",
        "VRFY": "VRFY address", "EXPN": "EXPN address",
        "ETRN": "ETRN domain, ETRN @domain or ETRN #connector: sends what waits (RFC 1985)",
        "STARTTLS": "STARTTLS: goes on with TLS (RFC 3207)", "AUTH": "AUTH mechanism [response]: logs on (RFC 4954)",
    ]
}

extension MailCommand.FutureRelease {
    /// How long it is until then, in seconds, from a moment in seconds since 1970.
    package func seconds(at now: Int64) -> Int64 {
        switch self {
        case .after(let seconds): Int64(seconds)
        case .at(let date): max(0, date.secondsSince1970 - now)
        }
    }
}
