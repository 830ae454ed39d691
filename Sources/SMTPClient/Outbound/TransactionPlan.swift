// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import ByteTools
internal import MailTypes
package import MessageFormat
package import SMTPWire

/// How a message goes to one server: decided from what the server offers, before anything is sent.
package struct TransactionPlan: Sendable, Hashable {
    /// What is known of the connection besides what the server offers.
    package struct Circumstances: Sendable, Hashable {
        package var isEncrypted = false
        package var isAuthenticated = false
        package init() {}
    }

    /// What the server is told, with the extensions it knows and no others.
    package private(set) var mail: MailCommand
    /// As `mail`, for each recipient who is asked for.
    package private(set) var recipients: [RecipientCommand] = []
    /// Their places among the recipients that the plan was made for.
    package private(set) var places: [Int] = []
    /// Recipients who are not asked for, by their places.
    package private(set) var refusals: [Int: SMTPReply] = [:]
    /// How the content must be changed; `nil`: it goes as it is.
    package private(set) var conversion: MessageConversion.Target?
    package private(set) var usesChunking: Bool
    /// Whether the sender is to be told that the message was passed on, whatever the server will report (RFC 2852 §4).
    package private(set) var reportsRelay = false

    /// Why nobody can be asked for at this server; another may be able to.
    package struct Refusal: Error, Sendable, Hashable {
        package let reply: SMTPReply
    }

    /// - Parameter size: octets of the message.
    package init(
        _ mail: MailCommand,
        _ recipients: [RecipientCommand],
        size: UInt64,
        _ facts: ContentFacts,
        for server: SMTPCapabilities,
        _ circumstances: Circumstances
    ) throws(Refusal) {
        self.mail = mail
        usesChunking = server.chunking
        try checkSize(size, server)
        try checkRequiredTLS(server, circumstances)
        try planTime(server)
        try planSender(server)
        let needsUTF8 = self.mail.usesUTF8 && facts.hasEightBitHeader && !server.smtpUTF8
        if !server.smtpUTF8 { self.mail.usesUTF8 = false }
        planContent(facts, server)
        planReports(server, circumstances)
        for (place, recipient) in recipients.enumerated() {
            plan(recipient, at: place, server, headerNeedsUTF8: needsUTF8)
        }
    }

    /// RFC 1870 §6.1: what is larger than the server says it takes is not offered.
    private mutating func checkSize(_ size: UInt64, _ server: SMTPCapabilities) throws(Refusal) {
        mail.size = server.size ? size : nil
        guard let maximum = server.maximumSize, size > maximum else { return }
        let text = "The message has \(size) octets, and the server takes \(maximum)"
        throw Refusal(reply: SMTPReply(552, .messageTooBig, text))
    }

    /// RFC 8689 §4.2.1.
    private func checkRequiredTLS(_ server: SMTPCapabilities, _ now: Circumstances) throws(Refusal) {
        guard mail.requiresTLS, !now.isEncrypted || !server.requireTLS else { return }
        throw Refusal(reply: SMTPReply(550, .requireTLSNeeded, "REQUIRETLS support required"))
    }

    /// RFC 2852 §4: what is to go back when it is late goes only to servers that see to it; of anything else its sender
    /// is told where it went.
    private mutating func planTime(_ server: SMTPCapabilities) throws(Refusal) {
        mail.release = nil
        if !server.transferPriorities { mail.transferPriority = nil }
        if !server.noSoliciting { mail.solicitations = [] }
        guard let by = mail.deliverBy else { return }
        let isPossible = server.deliverBy && (by.mode == .notify || by.seconds >= server.minimumDeliverBy)
        guard isPossible || by.mode == .notify else {
            let text = "The message is to be delivered within \(by.seconds) seconds, and the server promises nothing"
            throw Refusal(reply: SMTPReply(550, .notCapable, text))
        }
        if !isPossible { mail.deliverBy = nil }
        reportsRelay = !isPossible || by.isTraced
    }

    /// The size that is told when the content is changed (an estimate: RFC 1870 §6.1).
    mutating func expect(octets: UInt64) { if mail.size != nil { mail.size = octets } }

    /// The octets go, by DATA, although the server cannot be told what they are: 8-bit data to one that does not know
    /// the word for it, and long lines to one that knows it (BODY=8BITMIME stays).
    mutating func leaveAsItIs() {
        if conversion == .sevenBit { mail.body = nil }
        conversion = nil
    }

    // MARK: Text

    /// RFC 6531 §3.2: what is not ASCII in addresses and header needs SMTPUTF8.
    private mutating func planSender(_ server: SMTPCapabilities) throws(Refusal) {
        guard !mail.reversePath.isASCII else { return }
        guard server.smtpUTF8 else {
            throw Refusal(reply: SMTPReply(550, .nonASCIIAddress, "The server takes no sender that is not ASCII"))
        }
        mail.usesUTF8 = true
    }

    /// RFC 6531 §3.5: 5.6.7 for an address, 5.6.9 for whom only the header is in the way.
    private mutating func plan(
        _ recipient: RecipientCommand,
        at place: Int,
        _ server: SMTPCapabilities,
        headerNeedsUTF8: Bool
    ) {
        guard recipient.forwardPath.isASCII || server.smtpUTF8 else {
            let text = "The server takes no recipient that is not ASCII"
            return refusals[place] = SMTPReply(553, .nonASCIIAddress, text)
        }
        guard !headerNeedsUTF8 else {
            return refusals[place] = SMTPReply(550, .utf8HeaderNotTaken, "The server takes no header in UTF-8")
        }
        if !recipient.forwardPath.isASCII { mail.usesUTF8 = true }
        var command = recipient
        (command.account, command.delivery, command.isSentCopy) = (nil, nil, false)
        if !server.deliveryReports { (command.notify, command.originalRecipient) = (nil, nil) }
        recipients.append(command)
        places.append(place)
    }

    // MARK: Content

    /// RFC 6152 §3, RFC 3030 §3: what the server cannot take as it is must be changed.
    private mutating func planContent(_ facts: ContentFacts, _ server: SMTPCapabilities) {
        let isBinary = facts.hasNull || (mail.body == .binary && facts.isBinary)
        if isBinary, server.binaryMIME, server.chunking {
            mail.body = .binary
        } else if isBinary {
            conversion = server.eightBitMIME ? .eightBit : .sevenBit
            mail.body = server.eightBitMIME && facts.hasEightBit ? .eightBit : nil
        } else if facts.hasEightBit {
            conversion = server.eightBitMIME ? nil : .sevenBit
            mail.body = server.eightBitMIME ? .eightBit : nil
        } else {
            mail.body = server.eightBitMIME && mail.body != nil ? .sevenBit : nil
        }
        // Lines that do not end with CRLF are made to where lines are written one by one.
        if conversion != nil || (facts.hasBareNewline && mail.body != .binary) { usesChunking = false }
    }

    /// RFC 3461 §4, and what is for our own parts only.
    private mutating func planReports(_ server: SMTPCapabilities, _ now: Circumstances) {
        mail.trace = nil
        if !server.deliveryReports { (mail.reportContent, mail.envelopeID) = (nil, nil) }
        // RFC 4954 §5: only for servers that trust us.
        if !now.isAuthenticated { mail.submitter = nil }
    }
}

extension ReversePath {
    /// Whether it can be said without SMTPUTF8.
    var isASCII: Bool { description.utf8.allSatisfy { $0 < 0x80 } }
}

extension ForwardPath {
    var isASCII: Bool { description.utf8.allSatisfy { $0 < 0x80 } }
}
