// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import ByteTools
internal import MailTypes
internal import SMTPWire

/// A message as it is written; its octets are the body of the journal's record.
struct MessageRecord: Sendable, Hashable {
    var id: QueueID
    /// Milliseconds since 1970, on the queue's own time line, as all times here.
    var arrival: Int64
    var expiry: Int64
    /// 0 for none.
    var delayNotice: Int64
    var isFrozen = false
    var message: QueuedMessage
    /// In the order of the message's recipients.
    var progress: [RecipientProgress]
    /// For a report: what it says of which message, so that both are written or neither.
    var reported: ChangeRecord?

    init(_ id: QueueID, _ message: QueuedMessage, arrival: Int64, expiry: Int64, delayNotice: Int64) {
        self.id = id
        self.message = message
        self.arrival = arrival
        self.expiry = expiry
        self.delayNotice = delayNotice
        progress = [RecipientProgress](repeating: RecipientProgress(.pending), count: message.recipients.count)
    }

    func write(to writer: inout ByteWriter) {
        writer.integer(id.rawValue)
        writer.integer(arrival)
        writer.integer(expiry)
        writer.integer(delayNotice)
        let hasReason = message.holdReason != nil
        writer.integer(UInt8(isFrozen ? 1 : 0) | (message.hasDetails ? 2 : 0) | (hasReason ? 4 : 0))
        writer.integer(message.priority.rawValue)
        writer.integer(message.origin.rawValue)
        var change = ByteWriter()
        reported?.write(to: &change)
        writer.counted(change.bytes)
        writer.variableInteger(UInt64(message.recipients.count))
        for (recipient, progress) in zip(message.recipients, progress) {
            writer.counted(recipient.destination.utf8.prefix(Self.maximumDestinationOctets))
            progress.write(to: &writer)
        }
        message.writeEnvelope(to: &writer)
        if let reason = message.holdReason { writer.counted(reason.utf8.prefix(QueuedMessage.maximumReasonOctets)) }
    }

    static let maximumDestinationOctets = 512

    init(_ reader: inout ByteReader) throws(ByteReaderError) {
        let facts = try Facts(&reader)
        (id, arrival, expiry) = (facts.id, facts.arrival, facts.expiry)
        (delayNotice, isFrozen) = (facts.delayNotice, facts.isFrozen)
        let change = try reader.counted()
        if !change.isEmpty {
            var inner = ByteReader(Array(change))
            reported = try ChangeRecord(&inner)
        }
        let count = try reader.variableInteger()
        guard count <= UInt64(reader.remaining) else { throw ByteReaderError(offset: reader.offset) }
        var destinations: [String] = []
        progress = []
        destinations.reserveCapacity(Int(count))
        progress.reserveCapacity(Int(count))
        for _ in 0..<count {
            destinations.append(try reader.string(maximum: Self.maximumDestinationOctets))
            progress.append(try RecipientProgress(&reader))
        }
        message = try QueuedMessage(&reader, destinations: destinations, hasDetails: facts.hasDetails)
        message.priority = facts.priority
        message.origin = facts.origin
        if facts.hasHoldReason {
            message.holdReason = try reader.string(maximum: QueuedMessage.maximumReasonOctets)
        }
    }

    /// What memory keeps of a message, besides its recipients.
    struct Facts: Sendable, Hashable {
        var id: QueueID
        var arrival: Int64
        var expiry: Int64
        var delayNotice: Int64
        var isFrozen: Bool
        /// Recipients have more than their commands.
        var hasDetails: Bool
        /// Why it is held stands at the end.
        var hasHoldReason: Bool
        var priority: QueuePriority
        var origin: QueueOrigin

        init(_ record: MessageRecord) {
            (id, arrival, expiry) = (record.id, record.arrival, record.expiry)
            (delayNotice, isFrozen) = (record.delayNotice, record.isFrozen)
            hasDetails = record.message.hasDetails
            hasHoldReason = record.message.holdReason != nil
            (priority, origin) = (record.message.priority, record.message.origin)
        }

        init(_ reader: inout ByteReader) throws(ByteReaderError) {
            id = QueueID(try reader.integer())
            arrival = try reader.integer()
            expiry = try reader.integer()
            delayNotice = try reader.integer()
            let flags: UInt8 = try reader.integer()
            (isFrozen, hasDetails, hasHoldReason) = (flags & 1 != 0, flags & 2 != 0, flags & 4 != 0)
            priority = QueuePriority(rawValue: try reader.integer()) ?? .normal
            origin = QueueOrigin(rawValue: try reader.integer()) ?? .received
        }
    }
}
