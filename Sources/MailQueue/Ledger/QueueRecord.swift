// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import ByteTools
internal import Journal

/// What the queue writes in its journal.
enum QueueRecord: Sendable, Hashable {
    /// A message was taken into the queue.
    case message(MessageRecord)
    /// A message was written anew, so that the segment it was in can go.
    case moved(MessageRecord)
    /// Something about a message changed.
    case change(ChangeRecord)
    /// How far the time of day is from the queue's own time line, in milliseconds: the clock was set.
    case clock(offset: Int64)

    enum Kind {
        static let message = RecordKind.firstForUsers
        static let moved = RecordKind.firstForUsers + 1
        static let change = RecordKind.firstForUsers + 2
        static let clock = RecordKind.firstForUsers + 3
    }

    /// The only stream of the queue's journal.
    static let stream: UInt64 = 1
    static let version: UInt8 = 1

    var kind: UInt8 {
        switch self {
        case .message: Kind.message
        case .moved: Kind.moved
        case .change: Kind.change
        case .clock: Kind.clock
        }
    }

    var metadata: [UInt8] {
        var writer = ByteWriter(reserving: 256)
        writer.integer(Self.version)
        switch self {
        case .message(let record), .moved(let record): record.write(to: &writer)
        case .change(let record): record.write(to: &writer)
        case .clock(let offset): writer.integer(offset)
        }
        return writer.bytes
    }

    /// `nil` for what no version of this program wrote.
    ///
    /// A start reads the ledger by `QueueState.replay`, which makes nothing that memory does not keep.
    static func decode(kind: UInt8, _ metadata: [UInt8]) -> QueueRecord? {
        var reader = ByteReader(metadata)
        do throws(ByteReaderError) {
            guard try reader.integer(UInt8.self) == version else { return nil }
            switch kind {
            case Kind.message: return .message(try MessageRecord(&reader))
            case Kind.moved: return .moved(try MessageRecord(&reader))
            case Kind.change: return .change(try ChangeRecord(&reader))
            case Kind.clock: return .clock(offset: try reader.integer())
            default: return nil
            }
        } catch {
            return nil
        }
    }
}

/// A change of one message.
struct ChangeRecord: Sendable, Hashable {
    struct Recipient: Sendable, Hashable {
        /// Position among the message's recipients.
        var index: Int
        var progress: RecipientProgress
    }

    var id: QueueID
    var recipients: [Recipient] = []
    var isFrozen: Bool?
    /// When the sender is told that it takes long; 0: has been told, or is not to be.
    var delayNotice: Int64?
    var expiry: Int64?
    var priority: QueuePriority?

    init(_ id: QueueID) { self.id = id }

    func write(to writer: inout ByteWriter) {
        writer.integer(id.rawValue)
        var present: UInt8 = isFrozen == nil ? 0 : 1
        present |= delayNotice == nil ? 0 : 2
        present |= expiry == nil ? 0 : 4
        present |= priority == nil ? 0 : 8
        writer.integer(present)
        if let isFrozen { writer.integer(UInt8(isFrozen ? 1 : 0)) }
        if let delayNotice { writer.integer(delayNotice) }
        if let expiry { writer.integer(expiry) }
        if let priority { writer.integer(priority.rawValue) }
        writer.variableInteger(UInt64(recipients.count))
        for recipient in recipients {
            writer.variableInteger(UInt64(clamping: recipient.index))
            recipient.progress.write(to: &writer)
        }
    }

    init(_ reader: inout ByteReader) throws(ByteReaderError) {
        let facts = try Facts(&reader)
        (id, isFrozen, delayNotice) = (facts.id, facts.isFrozen, facts.delayNotice)
        (expiry, priority) = (facts.expiry, facts.priority)
        let count = try reader.variableInteger()
        guard count <= UInt64(reader.remaining) else { throw ByteReaderError(offset: reader.offset) }
        recipients.reserveCapacity(Int(count))
        for _ in 0..<count {
            let index = Int(clamping: try reader.variableInteger())
            recipients.append(Recipient(index: index, progress: try RecipientProgress(&reader)))
        }
    }

    /// What changes of the message as a whole.
    struct Facts: Sendable, Hashable {
        var id: QueueID
        var isFrozen: Bool?
        var delayNotice: Int64?
        var expiry: Int64?
        var priority: QueuePriority?

        init(_ change: ChangeRecord) {
            (id, isFrozen, delayNotice) = (change.id, change.isFrozen, change.delayNotice)
            (expiry, priority) = (change.expiry, change.priority)
        }

        init(_ reader: inout ByteReader) throws(ByteReaderError) {
            id = QueueID(try reader.integer())
            let present: UInt8 = try reader.integer()
            if present & 1 != 0 { isFrozen = try reader.integer(UInt8.self) != 0 }
            if present & 2 != 0 { delayNotice = try reader.integer() }
            if present & 4 != 0 { expiry = try reader.integer() }
            if present & 8 != 0 { priority = QueuePriority(rawValue: try reader.integer()) ?? .normal }
        }
    }
}

/// What changes of one recipient, as memory keeps it.
struct SlotChange: Sendable, Hashable {
    /// Position among the message's recipients.
    var index: Int
    var facts: ProgressFacts
    var hasStatus: Bool

    init(_ recipient: ChangeRecord.Recipient) {
        (index, facts) = (recipient.index, recipient.progress.facts)
        hasStatus = recipient.progress.status != nil
    }

    /// As `ChangeRecord.Recipient`, leaving the text out.
    init(_ reader: inout ByteReader) throws(ByteReaderError) {
        index = Int(clamping: try reader.variableInteger())
        facts = try ProgressFacts(&reader)
        hasStatus = try !reader.counted(maximum: RecipientProgress.maximumStatusOctets).isEmpty
    }
}
