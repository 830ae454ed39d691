// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import ByteTools
internal import Journal

extension QueueState {
    /// Applies a record as a start finds it, `metadata` of a record of `kind`: as `QueueRecord.decode` and `apply`, but
    /// without making addresses and texts, which memory does not keep.
    ///
    /// A start with a million messages is made of this.
    ///
    /// False for what no version of this program wrote; nothing has changed then.
    mutating func replay(
        kind: UInt8,
        _ metadata: [UInt8],
        at position: RecordPosition,
        preamble: UInt32,
        size: UInt64
    ) -> Bool {
        var reader = ByteReader(metadata)
        let place = PackedPlace(position)
        do throws(ByteReaderError) {
            guard try reader.integer(UInt8.self) == QueueRecord.version else { return false }
            switch kind {
            case QueueRecord.Kind.message, QueueRecord.Kind.moved:
                let isMoved = kind == QueueRecord.Kind.moved
                try replayMessage(&reader, isMoved: isMoved, at: place, preamble: preamble, size: size)
            case QueueRecord.Kind.change:
                let change = try ReplayedChange(&reader)
                apply(change.facts, change.recipients, at: place)
            case QueueRecord.Kind.clock: clockOffset = try reader.integer()
            default: return false
            }
            return true
        } catch {
            return false
        }
    }

    private mutating func replayMessage(
        _ reader: inout ByteReader,
        isMoved: Bool,
        at place: PackedPlace,
        preamble: UInt32,
        size: UInt64
    ) throws(ByteReaderError) {
        let facts = try MessageRecord.Facts(&reader)
        let octets = try reader.counted()
        var reported: ReplayedChange?
        if !octets.isEmpty {
            var inner = ByteReader(Array(octets))
            reported = try ReplayedChange(&inner)
        }
        let count = try reader.variableInteger()
        guard count <= UInt64(reader.remaining) else { throw ByteReaderError(offset: reader.offset) }
        var slots: [RecipientSlot] = []
        slots.reserveCapacity(Int(count))
        for _ in 0..<count {
            let name = try reader.string(maximum: MessageRecord.maximumDestinationOctets)
            let progress = try ProgressFacts(&reader)
            _ = try reader.counted(maximum: RecipientProgress.maximumStatusOctets)
            let number = destinations.intern(name, window: limits.initialWindow, at: facts.arrival)
            slots.append(RecipientSlot(progress, destination: number, at: place))
        }
        if isMoved, entries[facts.id] != nil { return self.place(facts.id, at: place, preamble: preamble) }
        if !isMoved, let reported { apply(reported.facts, reported.recipients, at: place) }
        insert(facts, slots, at: place, preamble: preamble, size: size)
    }
}

/// A change, without texts.
private struct ReplayedChange {
    var facts: ChangeRecord.Facts
    var recipients: [SlotChange] = []

    init(_ reader: inout ByteReader) throws(ByteReaderError) {
        facts = try ChangeRecord.Facts(&reader)
        let count = try reader.variableInteger()
        guard count <= UInt64(reader.remaining) else { throw ByteReaderError(offset: reader.offset) }
        recipients.reserveCapacity(Int(count))
        for _ in 0..<count { recipients.append(try SlotChange(&reader)) }
    }
}
