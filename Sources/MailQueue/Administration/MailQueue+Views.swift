// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import Journal
internal import MailTypes
internal import SMTPWire

extension MailQueue {
    /// Messages that one call reads from disk to find those that are meant.
    private static let readsPerPage = 2000

    package var figures: QueueFigures {
        var byState: [DeliveryState: Int] = [:]
        for kind in DeliveryState.allCases where !kind.isFinal { byState[kind] = state[kind] }
        return QueueFigures(
            messages: state.entries.count,
            recipients: state.recipientCount,
            active: state.active,
            byState: byState,
            isSending: isSending,
            isDiskLow: isDiskLow,
            woken: watchdog.found
        )
    }

    /// Every destination that has something, by name.
    package var destinations: [DestinationView] {
        let now = self.now
        let numbers = state.destinations.inUse.filter { number in
            state.destinations[number].recipients > 0 || state.destinations[number].active > 0
        }
        let waits = state.waits(for: Set(numbers.filter { state.destinations[$0].isQuiet(at: now) }), at: now)
        return numbers.map { view(of: state.destinations[$0], waits[$0], at: now) }.sorted { $0.name < $1.name }
    }

    private func view(of destination: Destination, _ wait: DestinationWait?, at now: Int64) -> DestinationView {
        var view = DestinationView(
            name: destination.name,
            state: destination.active > 0 ? .active : destination.retryAt > now ? .retry : .ready,
            recipients: destination.recipients,
            active: destination.active,
            window: destination.window,
            failures: Int(destination.failures),
            why: destination.lastFailure,
            nextEvent: wall(max(now, destination.retryAt))
        )
        guard let wait else { return view }
        (view.state, view.nextEvent) = (wait.state, wall(max(now, wait.nextEvent)))
        switch wait.state {
        case .remote: view.why = QueueReplies.held(destination.name).lines.first ?? ""
        case .scheduled: view.why = "Waits for its hours, or for the time that its sender asked for"
        case .frozen: view.why = "Frozen, or held by a rule (martlet queue find --state frozen)"
        default: break
        }
        return view
    }

    /// A page of messages in the order of arrival.
    ///
    /// - Returns: the messages, and the name behind which the next page begins; `nil` when there is none.
    package func page(
        _ filter: QueueFilter,
        after start: QueueID?,
        limit: Int
    ) async -> (messages: [MessageView], next: QueueID?) {
        var found: [MessageView] = []
        var cursor = start
        var reads = 0
        while true {
            let wanted = filter.readsMessages ? 500 : limit
            let ids = ids(filter, after: cursor, limit: wanted)
            for id in ids {
                cursor = id
                reads += 1
                guard let view = await view(id, filter) else { continue }
                found.append(view)
                if found.count == limit { return (found, cursor) }
            }
            if ids.count < wanted { return (found, nil) }
            if reads >= Self.readsPerPage { return (found, cursor) }
        }
    }

    private func view(_ id: QueueID, _ filter: QueueFilter) async -> MessageView? {
        do throws(QueueError) {
            guard let loaded = try await load(id), filter.matches(loaded.message) else { return nil }
            return await describe(loaded)
        } catch {
            // Nobody knows what is in it; that it is here must be seen all the same.
            return filter.readsMessages ? nil : state.entries[id].map { unreadable(id, $0) }
        }
    }

    private func unreadable(_ id: QueueID, _ entry: QueueEntry) -> MessageView {
        let own = state.ownEvent(of: entry)
        let next = entry.slots.map { state.nextEvent(of: $0, in: entry, at: now, ownEvent: own) }.min()
        return MessageView(
            id: id,
            state: classicState(entry, at: now),
            isFrozen: entry.isFrozen,
            sender: .null,
            origin: entry.origin,
            priority: entry.priority,
            size: entry.size,
            arrival: wall(entry.arrival),
            expiry: wall(min(entry.expiry, state.expiry(of: entry))),
            nextEvent: wall(next ?? entry.expiry),
            trace: nil,
            messageID: "",
            peer: "",
            user: nil,
            recipients: []
        )
    }

    /// The first names behind a name, of messages that the filter lets through as far as memory knows.
    func ids(_ filter: QueueFilter, after start: QueueID?, limit: Int) -> [QueueID] {
        let destination = filter.destination.map { state.destinations.number(of: $0) ?? .max }
        let now = self.now
        var smallest: [QueueID] = []
        smallest.reserveCapacity(limit * 2)
        for (id, entry) in state.entries where start.map({ id > $0 }) ?? true {
            if let destination, !entry.slots.contains(where: { $0.destination == destination && !$0.state.isFinal }) {
                continue
            }
            if let wanted = filter.state, classicState(entry, at: now) != wanted { continue }
            smallest.append(id)
            if smallest.count >= limit * 2 {
                smallest.sort()
                smallest.removeLast(smallest.count - limit)
            }
        }
        return Array(smallest.sorted().prefix(limit))
    }

    /// One message; `nil` when it is not in the queue.
    package func message(_ id: QueueID) async throws(QueueError) -> MessageView? {
        guard let loaded = try await load(id) else { return nil }
        return await describe(loaded)
    }

    /// A message's octets; `nil` when it is not in the queue.
    package func content(of id: QueueID) async throws(QueueError) -> QueuedContent? {
        try await load(id)?.content
    }

    private func describe(_ loaded: LoadedMessage) async -> MessageView {
        let now = self.now
        let statuses = await lastStatuses(loaded, loaded.entry.slots.indices)
        var recipients: [RecipientView] = []
        var nextEvent = Int64.max
        let own = state.ownEvent(of: loaded.entry)
        for (index, slot) in loaded.entry.slots.enumerated() {
            var status = statuses[index]
            if status == nil, state.destinations[slot.destination].retryAt > now {
                let why = state.destinations[slot.destination].lastFailure
                status = DeliveryStatus(SMTPReply(450, .mailSystem, why), time: now)
            }
            if let time = status?.time { status?.time = wall(time) }
            let next = slot.state.isFinal ? 0 : state.nextEvent(of: slot, in: loaded.entry, at: now, ownEvent: own)
            if !slot.state.isFinal { nextEvent = min(nextEvent, next) }
            recipients.append(
                RecipientView(
                    command: loaded.message.recipients[index].command,
                    state: slot.state,
                    destination: state.destinations[slot.destination].name,
                    attempts: Int(slot.attempts),
                    status: status,
                    nextEvent: slot.state.isFinal ? 0 : wall(next)
                )
            )
        }
        let expiry = min(loaded.entry.expiry, state.expiry(of: loaded.entry))
        return MessageView(
            id: loaded.record.id,
            state: classicState(loaded.entry, at: now),
            isFrozen: loaded.entry.isFrozen,
            sender: loaded.message.mail.reversePath,
            origin: loaded.message.origin,
            priority: loaded.entry.priority,
            size: loaded.entry.size,
            arrival: wall(loaded.entry.arrival),
            expiry: wall(expiry),
            nextEvent: wall(min(nextEvent, expiry)),
            trace: loaded.message.trace,
            messageID: loaded.message.messageID,
            peer: loaded.message.peer,
            user: loaded.message.user,
            recipients: recipients,
            holdReason: loaded.message.holdReason
        )
    }

    private func classicState(_ entry: QueueEntry, at now: Int64) -> ClassicState {
        if entry.isActive { return .active }
        if entry.isFrozen { return .frozen }
        let waiting = entry.slots.filter { !$0.state.isFinal }
        if waiting.allSatisfy({ $0.state == .quarantined }) { return .quarantined }
        if waiting.contains(where: { $0.state == .pending }) {
            let isWaiting = waiting.allSatisfy { state.destinations[$0.destination].retryAt > now }
            return isWaiting ? .retry : .ready
        }
        if waiting.allSatisfy({ $0.next == .max || $0.state == .quarantined }) { return .remote }
        // Never tried, and yet with a time: the hours of its connector.
        return waiting.allSatisfy({ $0.attempts == 0 || $0.state == .quarantined }) ? .scheduled : .retry
    }
}
