// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import ByteTools
package import MailTypes
package import SMTPWire

/// A recipient of a queued message.
package struct QueuedRecipient: Sendable, Hashable {
    /// What is done with it.
    package enum Role: UInt8, Sendable, Hashable {
        /// Gets the message.
        case recipient = 0
        /// Stands for others, which are recipients of the message, too: its sender is told so (RFC 3461 §5.2.7).
        case expanded = 1
        /// As `expanded`, where others are told of the rest: for its sender the message is delivered.
        case list = 2
        /// Would pass on what it has passed on before: the message goes back.
        case loop = 3
    }

    /// With NOTIFY and ORCPT; with account and delivery id when it is an account of this server.
    package var command: RecipientCommand
    /// Messages to the same destination share connections and wait for each other.
    package var destination: String
    package var role = Role.recipient
    /// The envelope sender in place of the message's own, who then hears of failures, too: the owner of a group.
    package var sender: MailboxAddress?
    /// The address that the message was for, and that has passed it on: written before it as Delivered-To, so that it
    /// is known again when it comes back.
    package var forwarder: MailboxAddress?

    package init(_ command: RecipientCommand, destination: String) {
        self.command = command
        self.destination = destination
    }

    package var isLocal: Bool { command.account != nil || role != .recipient }
}

/// How urgently a message is sent (the three classes of X.400 and of the classic servers).
package enum QueuePriority: UInt8, Sendable, Hashable, CaseIterable, Comparable {
    case low = 0
    case normal = 1
    case urgent = 2

    package static func < (a: Self, b: Self) -> Bool { a.rawValue < b.rawValue }
}

/// Where a queued message comes from.
package enum QueueOrigin: UInt8, Sendable, Hashable {
    /// From a client or another server.
    case received = 0
    /// A report of this server to a sender.
    case report = 1
    /// A report to postmaster, after which nobody is left to tell.
    case notice = 2
}

/// The envelope of a queued message, and what is known of where it comes from.
package struct QueuedMessage: Sendable, Hashable {
    /// With RET, ENVID, SMTPUTF8, BODY, REQUIRETLS and the trace id.
    package var mail: MailCommand
    package var recipients: [QueuedRecipient]
    package var origin = QueueOrigin.received
    package var priority = QueuePriority.normal
    /// The name that the client gave in EHLO.
    package var receivedFrom: String?
    /// The client's address.
    package var peer = ""
    /// Who submitted it.
    package var user: String?
    /// Its Message-ID field, cut to 256 octets.
    package var messageID = ""
    /// When it may be delivered: milliseconds since 1970 by the clock on the wall; `nil` for at once (RFC 4865).
    ///
    /// For `MailQueue.accept` only: the ledger has it in the recipients' next events.
    package var releaseTime: Int64?
    /// SHA-256 of the octets.
    package var digest: [UInt8] = []
    /// Whether it is frozen when it comes; the ledger says afterwards whether it still is.
    package var isHeld = false
    /// The rule or filter that has it held, in words; `nil` when none does.
    package var holdReason: String?
    static let maximumReasonOctets = 256

    package init(_ mail: MailCommand, _ recipients: [QueuedRecipient]) {
        self.mail = mail
        self.recipients = recipients
    }

    package var trace: TraceID? { mail.trace }

    func writeEnvelope(to writer: inout ByteWriter) {
        writer.counted(SMTPCommand.mail(mail).encoded.dropLast(2))
        for recipient in recipients { writer.counted(SMTPCommand.recipient(recipient.command).encoded.dropLast(2)) }
        writer.counted((receivedFrom ?? "").utf8.prefix(256))
        writer.counted(peer.utf8.prefix(256))
        writer.counted((user ?? "").utf8.prefix(512))
        writer.counted(messageID.utf8.prefix(256))
        writer.counted(digest.prefix(64))
        guard hasDetails else { return }
        let others = recipients.indices.filter { recipients[$0].hasDetails }
        writer.variableInteger(UInt64(others.count))
        for index in others {
            writer.variableInteger(UInt64(index))
            recipients[index].writeDetails(to: &writer)
        }
    }

    /// Whether there is more to be said of a recipient than its command.
    var hasDetails: Bool { recipients.contains { $0.hasDetails } }

    /// `destinations` are those of the recipients, in their order.
    init(_ reader: inout ByteReader, destinations: [String], hasDetails: Bool) throws(ByteReaderError) {
        let start = reader.offset
        guard case .mail(let mail) = try? SMTPCommand.parse(Array(try reader.counted(maximum: 1 << 16))) else {
            throw ByteReaderError(offset: start)
        }
        var recipients: [QueuedRecipient] = []
        recipients.reserveCapacity(destinations.count)
        for destination in destinations {
            let line = Array(try reader.counted(maximum: 1 << 16))
            guard case .recipient(let command) = try? SMTPCommand.parse(line) else {
                throw ByteReaderError(offset: start)
            }
            recipients.append(QueuedRecipient(command, destination: destination))
        }
        self.init(mail, recipients)
        receivedFrom = try Self.optional(&reader, 256)
        peer = try reader.string(maximum: 256)
        user = try Self.optional(&reader, 512)
        messageID = try reader.string(maximum: 256)
        digest = Array(try reader.counted(maximum: 64))
        guard hasDetails else { return }
        for _ in 0..<(try reader.variableInteger()) {
            guard let index = Int(exactly: try reader.variableInteger()), self.recipients.indices.contains(index) else {
                throw ByteReaderError(offset: reader.offset)
            }
            try self.recipients[index].readDetails(&reader)
        }
    }

    private static func optional(_ reader: inout ByteReader, _ maximum: Int) throws(ByteReaderError) -> String? {
        let text = try reader.string(maximum: maximum)
        return text.isEmpty ? nil : text
    }
}

extension QueuedRecipient {
    fileprivate var hasDetails: Bool { role != .recipient || sender != nil || forwarder != nil }

    fileprivate func writeDetails(to writer: inout ByteWriter) {
        writer.integer(role.rawValue)
        writer.counted((sender?.description ?? "").utf8)
        writer.counted((forwarder?.description ?? "").utf8)
    }

    fileprivate mutating func readDetails(_ reader: inout ByteReader) throws(ByteReaderError) {
        let start = reader.offset
        guard let role = Role(rawValue: try reader.integer()) else { throw ByteReaderError(offset: start) }
        self.role = role
        sender = MailboxAddress(try reader.string(maximum: 1024))
        forwarder = MailboxAddress(try reader.string(maximum: 1024))
    }
}
