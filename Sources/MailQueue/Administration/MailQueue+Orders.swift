// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import Events

extension MailQueue {
    /// Freezes a message: it stays where it is until it is thawed, or its time is over.
    ///
    /// False when it is not there.
    package func freeze(_ id: QueueID) async throws(QueueError) -> Bool {
        try await change(id, .frozen) { (change, _) throws(QueueError) in change.isFrozen = true }
    }

    /// Thaws a message, and lets what was set aside of it be tried again.
    package func thaw(_ id: QueueID) async throws(QueueError) -> Bool {
        try await change(id, .thawed) { (change, entry) throws(QueueError) in
            change.isFrozen = false
            for (index, slot) in entry.slots.enumerated() where slot.state == .quarantined {
                var progress = RecipientProgress(.pending)
                progress.attempts = slot.attempts
                change.recipients.append(ChangeRecord.Recipient(index: index, progress: progress))
            }
        }
    }

    /// Takes a message out; nobody is told.
    ///
    /// Throws `.conflict` while it is being sent.
    package func remove(_ id: QueueID) async throws(QueueError) -> Bool {
        try await change(id, .removed) { (change, entry) throws(QueueError) in
            guard !entry.isActive else { throw .conflict("it is being sent; freeze it first") }
            for (index, slot) in entry.slots.enumerated() where !slot.state.isFinal {
                var progress = slot.progress
                progress.state = .removed
                change.recipients.append(ChangeRecord.Recipient(index: index, progress: progress))
            }
        }
    }

    /// Gives a message back to its sender, with a report.
    package func giveBack(_ id: QueueID) async throws(QueueError) -> Bool {
        guard try await reserve(id) else { return false }
        defer { release(id) }
        guard let loaded = try await load(id) else { return false }
        guard !loaded.entry.isActive else { throw .conflict("it is being sent; freeze it first") }
        let status = DeliveryStatus(QueueReplies.returned, time: now)
        let indices = loaded.entry.slots.indices.filter { !loaded.entry.slots[$0].state.isFinal }
        await fail(loaded, indices.map { ($0, status) })
        return true
    }

    /// Has a message tried now, whatever it waits for.
    package func force(_ id: QueueID) -> Bool {
        guard let entry = state.entries[id] else { return false }
        services.events.record(.forced, ["queue.id": .string(id.description)])
        state.force(id)
        state.schedule(id, at: now)
        for slot in entry.slots where !slot.state.isFinal { state.wake(slot.destination) }
        kick()
        return true
    }

    /// Has a destination tried now, with all that waits for it.
    ///
    /// - Parameter sparingDoubt: leaves alone what the other side may have already.
    /// - Returns: how many messages there are; `nil` when there is no such destination.
    package func force(destination name: String, sparingDoubt: Bool = false) -> Int? {
        guard let number = state.destinations.number(of: name) else { return nil }
        var filter = QueueFilter()
        filter.destination = name
        let ids = ids(filter, after: nil, limit: state.entries.count)
        services.events.record(.forced, ["queue.destination": .string(name), "queue.messages": .count(ids.count)])
        for id in ids {
            state.force(id, sparingDoubt: sparingDoubt)
            state.schedule(id, for: number, at: now)
        }
        state.wake(number)
        kick()
        return ids.count
    }

    private func change(
        _ id: QueueID,
        _ event: EventDefinition,
        _ body: (inout ChangeRecord, QueueEntry) throws(QueueError) -> Void
    ) async throws(QueueError) -> Bool {
        guard try await reserve(id) else { return false }
        defer { release(id) }
        // Read before it is changed: what is taken out cannot be read any more.
        let loaded = try? await load(id)
        guard let entry = state.entries[id] else { return false }
        var change = ChangeRecord(id)
        try body(&change, entry)
        guard await write(change) else { throw .unavailable("the change could not be written") }
        services.events.record(event, ["queue.id": .string(id.description)])
        await trackChange(id, event.name.replacing("queue.", with: ""), of: loaded)
        state.schedule(id, at: now)
        kick()
        return true
    }
}
