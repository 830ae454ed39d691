// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

/// Recipients of one message that are sent to together.
struct QueueJob: Sendable, Hashable {
    var id: QueueID
    var destination: UInt32
    /// Positions among the message's recipients.
    var recipients: [Int]
    /// When it was begun.
    var begun: Int64
}

/// What the clock brought about.
enum QueueEvent: Sendable, Hashable {
    /// The message has been here for as long as it may.
    case expired(QueueID)
    /// The sender is to be told that it takes long.
    case delayed(QueueID)
}

extension QueueState {
    /// Puts a message where it belongs after its states changed, or when it is new.
    ///
    /// It may then be in a line or have a timer more than once, which does no harm.
    mutating func schedule(_ id: QueueID, at now: Int64) {
        guard let entry = entries[id] else { return }
        let ownEvent = ownEvent(of: entry)
        if ownEvent < .max { arm(id, entry, at: max(ownEvent, now)) }
        for number in destinationNumbers(of: entry) { schedule(id, entry, for: number, at: now) }
    }

    /// Puts a message back into the lines of its destinations; its own timer stays as it is.
    mutating func scheduleDestinations(of id: QueueID, at now: Int64) {
        guard let entry = entries[id] else { return }
        for number in destinationNumbers(of: entry) { schedule(id, entry, for: number, at: now) }
    }

    /// Puts every message where it belongs, the oldest first: once, when the ledger has been read.
    mutating func scheduleAll(at now: Int64) {
        var due: [QueueTimer] = []
        due.reserveCapacity(entries.count)
        for id in entries.keys.sorted() {
            guard let position = entries.index(forKey: id) else { continue }
            let entry = entries.values[position]
            let ownEvent = ownEvent(of: entry)
            if ownEvent < .max, entry.ownTimer == 0 {
                let time = max(ownEvent, now)
                due.append(QueueTimer(time: time, id: id, destination: TimerHeap.message))
                setOwnTimer(at: position, time)
            }
            if entry.slots.count == 1 {
                schedule(id, entry, for: entry.slots[0].destination, at: now)
            } else {
                for number in destinationNumbers(of: entry) { schedule(id, entry, for: number, at: now) }
            }
        }
        timers.add(contentsOf: due)
    }

    /// As above, for the recipients of one destination.
    mutating func schedule(_ id: QueueID, for destination: UInt32, at now: Int64) {
        guard let entry = entries[id] else { return }
        schedule(id, entry, for: destination, at: now)
    }

    private mutating func schedule(_ id: QueueID, _ entry: QueueEntry, for number: UInt32, at now: Int64) {
        var earliest = Int64.max
        var isReady = false
        for slot in entry.slots where slot.destination == number {
            switch slot.state {
            case .pending: isReady = true
            case .deferred where slot.next <= now: isReady = true
            case .deferred, .quarantined: earliest = min(earliest, slot.next)
            default: break
            }
        }
        if earliest < .max { timers.add(QueueTimer(time: earliest, id: id, destination: number)) }
        guard isReady, !entry.isFrozen, !entry.isReserved else { return }
        destinations[number].add(id, entry.priority)
        enterRotation(number)
    }

    private func destinationNumbers(of entry: QueueEntry) -> [UInt32] {
        if entry.slots.count == 1 { return [entry.slots[0].destination] }
        var seen: Set<UInt32> = []
        return entry.slots.compactMap { seen.insert($0.destination).inserted ? $0.destination : nil }
    }

    private mutating func enterRotation(_ number: UInt32) {
        guard !destinations[number].isInRotation else { return }
        destinations[number].isInRotation = true
        rotation.append(number)
    }

    // MARK: Time

    /// Has everything happen whose time has come, up to `maximum` timers; what is more than a matter of the schedule is
    /// returned.
    mutating func advance(to now: Int64, maximum: Int = 20_000) -> [QueueEvent] {
        var events: [QueueEvent] = []
        var left = maximum
        while left > 0, let timer = timers.popFirst(upTo: now) {
            left -= 1
            if timer.id.rawValue == 0 {
                enterRotation(timer.destination)
            } else if timer.destination != TimerHeap.message {
                if wake(timer, at: now) { events.append(.expired(timer.id)) }
            } else if let event = ring(timer, at: now) {
                events.append(event)
            }
        }
        return events
    }

    /// The timer of a message as a whole.
    private mutating func ring(_ timer: QueueTimer, at now: Int64) -> QueueEvent? {
        guard var entry = entries[timer.id], entry.ownTimer == timer.time else { return nil }
        entry.ownTimer = 0
        setOwnTimer(timer.id, 0)
        let ownEvent = ownEvent(of: entry)
        guard ownEvent <= now else {
            arm(timer.id, entry, at: ownEvent)
            return nil
        }
        arm(timer.id, entry, at: now &+ reminder)
        return expiry(of: entry) <= now ? .expired(timer.id) : .delayed(timer.id)
    }

    /// Sets the timer of a message, unless it goes off before that anyway; there is one at a time.
    mutating func arm(_ id: QueueID, _ entry: QueueEntry, at time: Int64) {
        guard time < .max, entry.ownTimer == 0 || time < entry.ownTimer else { return }
        timers.add(QueueTimer(time: time, id: id, destination: TimerHeap.message))
        setOwnTimer(id, time)
    }

    /// True when the time of recipients in quarantine is over.
    private mutating func wake(_ timer: QueueTimer, at now: Int64) -> Bool {
        guard let entry = entries[timer.id] else { return false }
        let isOver = entry.slots.contains {
            $0.destination == timer.destination && $0.state == .quarantined && $0.next <= now
        }
        guard !isOver, !entry.isFrozen, !entry.isReserved else { return isOver }
        let isDue = entry.slots.contains {
            $0.destination == timer.destination
                && ($0.state == .pending || $0.state == .deferred && $0.next <= now)
        }
        guard isDue else { return false }
        destinations[timer.destination].add(timer.id, entry.priority)
        enterRotation(timer.destination)
        return false
    }

    /// Comes back to a message later: what was to be done with it cannot be done now.
    mutating func remind(of id: QueueID, at time: Int64) {
        guard let entry = entries[id] else { return }
        arm(id, entry, at: time)
    }

    // MARK: Work

    /// The next transaction to begin; `nil` when nothing may begin now.
    ///
    /// Destinations take turns, so that one with many messages does not keep others waiting.
    mutating func nextJob(at now: Int64) -> QueueJob? {
        guard active < limits.total else { return nil }
        var tries = rotation.count
        while tries > 0, let number = rotation.popFirst() {
            tries -= 1
            guard let job = nextJob(for: number, at: now) else {
                destinations[number].isInRotation = false
                continue
            }
            rotation.append(number)
            destinations[number].active += 1
            destinations[number].usedAt = now
            active += 1
            return job
        }
        return nil
    }

    private mutating func nextJob(for number: UInt32, at now: Int64) -> QueueJob? {
        // Fields one by one: a copy of the destination would have its lines copied when one is changed.
        guard destinations[number].retryAt <= now,
            destinations[number].active
                < min(destinations[number].window, destinations[number].ceiling ?? limits.maximumWindow),
            destinations[number].active == 0 || active < limits.shared
        else { return nil }
        while let id = destinations[number].popFirst() {
            guard let entry = entries[id], !entry.isFrozen, !entry.isReserved else { continue }
            let recipients = entry.slots.indices.filter { index in
                let slot = entry.slots[index]
                return slot.destination == number
                    && (slot.state == .pending || slot.state == .deferred && slot.next <= now)
            }
            if !recipients.isEmpty {
                return QueueJob(id: id, destination: number, recipients: recipients, begun: now)
            }
        }
        return nil
    }

    /// A transaction has ended, however.
    mutating func finished(_ job: QueueJob, at now: Int64) {
        active -= 1
        destinations[job.destination].active -= 1
        destinations[job.destination].usedAt = now
        if destinations[job.destination].ready > 0 { enterRotation(job.destination) }
    }

    /// A destination could not be reached, and is left alone for a while.
    mutating func failed(_ job: QueueJob, _ reason: String, at now: Int64, retryAfter: (UInt16) -> Int64) -> Bool {
        let isNew = destinations[job.destination].failed(reason, begun: job.begun, at: now, retryAfter: retryAfter)
        if isNew {
            timers.add(
                QueueTimer(
                    time: destinations[job.destination].retryAt,
                    id: QueueID(0),
                    destination: job.destination
                )
            )
        }
        return isNew
    }

    /// Has a destination tried now, whatever was learnt about it.
    mutating func wake(_ number: UInt32) {
        destinations[number].retryAt = 0
        enterRotation(number)
    }

    /// When something happens next to a recipient, as far as anyone knows.
    ///
    /// - Parameter ownEvent: of the message (`ownEvent(of:)`), which takes a look at all its recipients: once for all.
    func nextEvent(of slot: RecipientSlot, in entry: QueueEntry, at now: Int64, ownEvent: Int64) -> Int64 {
        if entry.isFrozen { return ownEvent }
        switch slot.state {
        case .pending: return min(ownEvent, max(now, destinations[slot.destination].retryAt))
        case .deferred:
            return min(ownEvent, max(slot.next, destinations[slot.destination].retryAt))
        case .quarantined: return slot.next
        default: return now
        }
    }

    // MARK: Proof

    /// Messages to which nothing would ever happen, though something must: there are none, unless this module is wrong.
    ///
    /// - Parameters:
    ///   - ids: which to look at.
    ///   - grace: how late something may be.
    ///   - isRunning: whether a transaction of a message is under way, or about to be.
    func asleep(_ ids: some Sequence<QueueID>, at now: Int64, grace: Int64, isRunning: (QueueID) -> Bool) -> [QueueID] {
        ids.filter { id in
            guard let entry = entries[id], !entry.isReserved, !isRunning(id) else { return false }
            if entry.isActive { return true }
            if ownEvent(of: entry) < .max, entry.ownTimer == 0 || entry.ownTimer < now &- grace { return true }
            guard !entry.isFrozen else { return false }
            return entry.slots.contains { isAsleep($0, at: now, grace: grace) }
        }
    }

    private func isAsleep(_ slot: RecipientSlot, at now: Int64, grace: Int64) -> Bool {
        let destination = destinations[slot.destination]
        switch slot.state {
        case .pending: return destination.ready == 0
        case .deferred where slot.next < now &- grace: return destination.ready == 0
        case .quarantined: return slot.next < now &- grace
        default: return false
        }
    }
}
