// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import Events
internal import Journal
internal import Runtime

/// A message with everything that is written of it.
struct LoadedMessage: Sendable {
    var record: MessageRecord
    var entry: QueueEntry
    var content: QueuedContent

    var message: QueuedMessage { record.message }
}

extension MailQueue {
    /// Reads a message's record; `nil` when it is not in the queue (any more).
    ///
    /// Throws `.damaged` when it cannot be read.
    func load(_ id: QueueID) async throws(QueueError) -> LoadedMessage? {
        guard let entry = state.entries[id] else { return nil }
        let found: ReadRecord
        do throws(JournalError) {
            found = try await record(at: entry.place)
        } catch {
            // It may have been moved, or come to its end, meanwhile.
            guard let again = state.entries[id] else { return nil }
            guard again.place == entry.place else { return try await load(id) }
            throw QueueError(error)
        }
        guard let record = found.message, record.id == id, record.message.recipients.count == entry.slots.count else {
            throw .damaged
        }
        guard var current = state.entries[id] else { return nil }
        current.preamble = found.body.preamble
        var loaded = LoadedMessage(record: record, entry: current, content: QueuedContent(journal, found.body))
        for (index, slot) in current.slots.enumerated() {
            loaded.record.message.recipients[index].destination = state.destinations[slot.destination].name
        }
        return loaded
    }

    /// A message's record as it lies on disk.
    struct ReadRecord: Sendable {
        var place: PackedPlace
        /// `nil` when it is none.
        var message: MessageRecord?
        var body: BodyAddress
    }

    /// Reads a record.
    ///
    /// A large one is decoded elsewhere and kept for a while: one with recipients in thousands of domains is asked for
    /// thousands of times.
    private func record(at place: PackedPlace) async throws(JournalError) -> ReadRecord {
        if let largeRecord, largeRecord.place == place {
            largeRecordUse = now
            return largeRecord
        }
        let found = try await journal.entry(at: place.position)
        let (kind, metadata) = (found.kind, found.metadata)
        guard metadata.count > Self.inlineOctets else {
            return ReadRecord(place: place, message: Self.decoded(kind, metadata), body: found.body)
        }
        let message = await BlockingPool.shared.run { Self.decoded(kind, metadata) }
        let read = ReadRecord(place: place, message: message, body: found.body)
        (largeRecord, largeRecordUse) = (read, now)
        return read
    }

    private static func decoded(_ kind: UInt8, _ metadata: [UInt8]) -> MessageRecord? {
        switch QueueRecord.decode(kind: kind, metadata) {
        case .message(let record), .moved(let record): record
        default: nil
        }
    }

    /// Forgets the large record when nobody has asked for it lately.
    func forgetLargeRecord(at now: Int64) {
        if largeRecord != nil, now &- largeRecordUse > 60_000 { largeRecord = nil }
    }

    /// What was last said about recipients, by their number, as far as anything was and can still be read.
    ///
    /// One record often speaks of many recipients: each is read once.
    func lastStatuses(_ loaded: LoadedMessage, _ indices: some Sequence<Int>) async -> [Int: DeliveryStatus] {
        var found: [Int: DeliveryStatus] = [:]
        var elsewhere: [PackedPlace: Set<Int>] = [:]
        for index in indices {
            let place = loaded.entry.slots[index].status
            if place == loaded.entry.place {
                found[index] = loaded.record.progress[index].status
            } else {
                elsewhere[place, default: []].insert(index)
            }
        }
        for (place, wanted) in elsewhere {
            for recipient in await changes(of: loaded.record.id, at: place) where wanted.contains(recipient.index) {
                found[recipient.index] = recipient.progress.status
            }
        }
        return found
    }

    /// What a record says of a message's recipients.
    private func changes(of id: QueueID, at place: PackedPlace) async -> [ChangeRecord.Recipient] {
        guard let found = try? await journal.entry(at: place.position) else { return [] }
        let (kind, metadata) = (found.kind, found.metadata)
        // There may be a hundred thousand of them.
        let record =
            metadata.count > Self.inlineOctets
            ? await BlockingPool.shared.run { QueueRecord.decode(kind: kind, metadata) }
            : QueueRecord.decode(kind: kind, metadata)
        switch record {
        case .change(let change) where change.id == id: return change.recipients
        case .message(let record): return record.reported?.id == id ? record.reported?.recipients ?? [] : []
        default: return []
        }
    }

    /// Records up to this are decoded and encoded at once.
    static let inlineOctets = 64 << 10

    /// Writes a change and then applies it.
    ///
    /// False when it could not be written: nothing has changed then.
    func write(_ change: ChangeRecord) async -> Bool {
        let record = QueueRecord.change(change)
        do throws(JournalError) {
            guard let place = try await journal.append([Self.journalRecord(record)]).first else { return false }
            state.apply(record, at: place, preamble: 0, size: 0)
            return true
        } catch {
            services.events.record(
                .writeFailed,
                ["queue.id": .string(change.id.description), "error.description": .string("\(error)")]
            )
            return false
        }
    }

    /// Applies a change at once and has it written in its turn: for what is no harm to lose.
    func note(_ change: ChangeRecord) {
        let record = QueueRecord.change(change)
        state.apply(record, at: RecordPosition(segment: 0, offset: 0), preamble: 0, size: 0)
        journal.submit([Self.journalRecord(record)]) { _ in }
    }

    static func journalRecord(_ record: QueueRecord) -> JournalRecord {
        JournalRecord(kind: record.kind, stream: QueueRecord.stream, metadata: record.metadata)
    }
}
