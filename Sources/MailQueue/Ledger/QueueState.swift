// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import Journal

/// The queue as a value: every message that has not come to an end, and what is to be done next.
///
/// A fold over the records of the journal, without I/O and without a clock: times are handed in. The ledger is what
/// records say; the schedule (`destinations`, `timers`, `rotation`) is derived from it.
struct QueueState: Sendable {
    private(set) var entries: [QueueID: QueueEntry] = [:]
    var destinations = DestinationTable()
    var timers = TimerHeap()
    /// Destinations that have something to send, in turn.
    var rotation = Rotation()
    /// How many recipients are in which state, by the state's number.
    private(set) var counts = [Int](repeating: 0, count: 32)
    /// Octets of each segment that are needed.
    private(set) var liveOctets: [UInt32: UInt64] = [:]
    /// The greatest name that was given.
    private(set) var lastID = QueueID(0)
    /// The time of day less the queue's own time.
    var clockOffset: Int64 = 0
    /// Transactions under way.
    var active = 0
    var limits = QueueLimits()
    /// What cannot be done with a message when its time has come is tried again after so many milliseconds.
    var reminder: Int64 = 60_000

    var recipientCount: Int { DeliveryState.allCases.filter { !$0.isFinal }.reduce(0) { $0 + self[$1] } }

    subscript(state: DeliveryState) -> Int { counts[Int(state.rawValue)] }

    // MARK: The ledger

    /// Applies a record that is in the journal at `position`; of a message, with its octets behind `preamble`.
    mutating func apply(_ record: QueueRecord, at position: RecordPosition, preamble: UInt32, size: UInt64) {
        switch record {
        case .clock(let offset): clockOffset = offset
        case .change(let change): apply(change, at: PackedPlace(position))
        case .message(let message):
            if let reported = message.reported { apply(reported, at: PackedPlace(position)) }
            insert(message, at: PackedPlace(position), preamble: preamble, size: size)
        case .moved(let message):
            if entries[message.id] == nil {
                insert(message, at: PackedPlace(position), preamble: preamble, size: size)
            } else {
                place(message.id, at: PackedPlace(position), preamble: preamble)
            }
        }
    }

    private mutating func insert(_ record: MessageRecord, at place: PackedPlace, preamble: UInt32, size: UInt64) {
        var slots: [RecipientSlot] = []
        slots.reserveCapacity(record.progress.count)
        for (recipient, progress) in zip(record.message.recipients, record.progress) {
            let number = destinations.intern(recipient.destination, window: limits.initialWindow, at: record.arrival)
            slots.append(RecipientSlot(progress.facts, destination: number, at: place))
        }
        insert(MessageRecord.Facts(record), slots, at: place, preamble: preamble, size: size)
    }

    /// Takes a message in, unless it is there, or has come to its end.
    mutating func insert(
        _ facts: MessageRecord.Facts,
        _ slots: [RecipientSlot],
        at place: PackedPlace,
        preamble: UInt32,
        size: UInt64
    ) {
        lastID = max(lastID, facts.id)
        let entry = QueueEntry(
            place: place,
            preamble: preamble,
            priority: facts.priority,
            origin: facts.origin,
            isFrozen: facts.isFrozen,
            size: size,
            arrival: facts.arrival,
            expiry: facts.expiry,
            delayNotice: facts.delayNotice,
            slots: slots
        )
        guard !entry.isDone, entries[facts.id] == nil else { return }
        for slot in slots { count(slot.state, slot.destination, by: 1) }
        liveOctets[place.segment, default: 0] &+= entry.storedOctets
        entries[facts.id] = entry
    }

    /// A message that is there has a new record.
    mutating func place(_ id: QueueID, at place: PackedPlace, preamble: UInt32) {
        guard var entry = entries[id] else { return }
        release(entry)
        entry.place = place
        entry.preamble = preamble
        // The new record says of every recipient what was last said.
        for index in entry.slots.indices { entry.slots[index].status = entry.place }
        liveOctets[entry.place.segment, default: 0] &+= entry.storedOctets
        entries[id] = entry
    }

    mutating func apply(_ change: ChangeRecord, at place: PackedPlace) {
        apply(ChangeRecord.Facts(change), change.recipients.map { SlotChange($0) }, at: place)
    }

    mutating func apply(_ change: ChangeRecord.Facts, _ recipients: [SlotChange], at place: PackedPlace) {
        // A change of a message that came to its end long ago may outlive the segment that its message was in.
        guard let position = entries.index(forKey: change.id) else { return }
        // Changed in its place: taking it out and in costs as much as all the rest.
        if let isFrozen = change.isFrozen { entries.values[position].isFrozen = isFrozen }
        if let delayNotice = change.delayNotice { entries.values[position].delayNotice = delayNotice }
        if let expiry = change.expiry { entries.values[position].expiry = expiry }
        if let priority = change.priority { entries.values[position].priority = priority }
        let slots = entries.values[position].slots.count
        var mayBeDone = false
        for recipient in recipients where recipient.index < slots {
            let slot = entries.values[position].slots[recipient.index]
            // What has come to an end stays there.
            guard !slot.state.isFinal else { continue }
            count(slot.state, slot.destination, by: -1)
            entries.values[position].slots[recipient.index].apply(recipient, at: place)
            count(recipient.facts.state, slot.destination, by: 1)
            mayBeDone = mayBeDone || recipient.facts.state.isFinal
        }
        guard mayBeDone, entries.values[position].isDone else { return }
        let entry = entries.remove(at: position).value
        for slot in entry.slots { count(slot.state, slot.destination, by: -1) }
        release(entry)
    }

    private mutating func release(_ entry: QueueEntry) {
        let segment = entry.place.segment
        let left = (liveOctets[segment] ?? 0).subtractingReportingOverflow(entry.storedOctets)
        liveOctets[segment] = left.overflow || left.partialValue == 0 ? nil : left.partialValue
    }

    private mutating func count(_ state: DeliveryState, _ destination: UInt32, by change: Int) {
        counts[Int(state.rawValue)] += change
        if !state.isFinal { destinations[destination].recipients += change }
    }

    // MARK: What the ledger does not know

    /// When the timer of a message as a whole goes off.
    mutating func setOwnTimer(_ id: QueueID, _ time: Int64) { entries[id]?.ownTimer = time }
    mutating func setOwnTimer(at position: Dictionary<QueueID, QueueEntry>.Index, _ time: Int64) {
        entries.values[position].ownTimer = time
    }

    /// Something is being done with it as a whole, or has been.
    mutating func setReserved(_ id: QueueID, _ isReserved: Bool) { entries[id]?.isReserved = isReserved }

    /// Has everything that waits for a time wait no longer, or what waits for some destinations.
    ///
    /// - Parameter sparingDoubt: leaves alone what the other side may have: sent too soon it comes twice. What is held
    ///   has waited long enough, and nothing but this will send it.
    mutating func force(_ id: QueueID, only wanted: Set<UInt32>? = nil, sparingDoubt: Bool = false) {
        guard var entry = entries.removeValue(forKey: id) else { return }
        for index in entry.slots.indices where entry.slots[index].state == .deferred {
            guard wanted?.contains(entry.slots[index].destination) ?? true else { continue }
            guard !sparingDoubt || !entry.slots[index].isDoubted else { continue }
            entry.slots[index].next = RecipientSlot.forced
        }
        entries[id] = entry
    }

    /// Has what was to be tried now for some destinations, and has not begun, wait until somebody asks for it again.
    mutating func withdraw(from destinations: Set<UInt32>) {
        // By index: what iterates over the entries would have all of them copied when one is changed.
        var position = entries.startIndex
        while position != entries.endIndex {
            for index in entries.values[position].slots.indices {
                let slot = entries.values[position].slots[index]
                guard slot.state == .deferred, slot.next == RecipientSlot.forced,
                    destinations.contains(slot.destination)
                else { continue }
                entries.values[position].slots[index].next = .max
            }
            entries.formIndex(after: &position)
        }
    }

    /// Has what waits until somebody asks for it, for destinations that keep nothing so any more, be looked at now.
    ///
    /// - Returns: what is to be scheduled.
    mutating func unhold(_ destinations: Set<UInt32>, at now: Int64) -> [QueueID] {
        wakeSlots { slot in
            slot.next == .max && destinations.contains(slot.destination) ? now : nil
        }
    }

    /// Has it found out anew whether what waits for these destinations waits for hours, and for which.
    ///
    /// - Parameter onlyUntried: leaves alone what may wait for its next try.
    /// - Returns: what is to be scheduled.
    mutating func reconsider(_ destinations: Set<UInt32>, onlyUntried: Bool = false, at now: Int64) -> [QueueID] {
        wakeSlots { slot in
            guard slot.next > now, slot.next < .max, destinations.contains(slot.destination) else { return nil }
            return onlyUntried && slot.attempts > 0 ? nil : -slot.next
        }
    }

    /// Ends the looking anew at recipients: some wait as they did before, the others not any more.
    mutating func endReconsidering(_ id: QueueID, _ indices: [Int], waiting: Set<Int>, at now: Int64) {
        guard var entry = entries.removeValue(forKey: id) else { return }
        for index in indices where entry.slots.indices.contains(index) && entry.slots[index].isReconsidered {
            entry.slots[index].next = waiting.contains(index) ? 0 &- entry.slots[index].next : now
        }
        entries[id] = entry
    }

    /// - Parameter time: when a recipient that waits is looked at now; `nil` leaves it alone.
    private mutating func wakeSlots(_ time: (RecipientSlot) -> Int64?) -> [QueueID] {
        var ids: [QueueID] = []
        // By index: what iterates over the entries would have all of them copied when one is changed.
        var position = entries.startIndex
        while position != entries.endIndex {
            var isFound = false
            for index in entries.values[position].slots.indices {
                let slot = entries.values[position].slots[index]
                guard slot.state == .deferred, let next = time(slot) else { continue }
                entries.values[position].slots[index].next = next
                isFound = true
            }
            if isFound { ids.append(entries[position].key) }
            entries.formIndex(after: &position)
        }
        return ids.sorted()
    }

    /// Has recipients wait for another destination: the routing changed.
    mutating func move(_ id: QueueID, _ indices: [Int], to name: String, at now: Int64) {
        guard var entry = entries.removeValue(forKey: id) else { return }
        let number = destinations.intern(name, window: limits.initialWindow, at: now)
        for index in indices where entry.slots.indices.contains(index) && !entry.slots[index].state.isFinal {
            destinations[entry.slots[index].destination].recipients -= 1
            destinations[number].recipients += 1
            entry.slots[index].destination = number
        }
        entries[id] = entry
    }
}

/// Numbers that bound the schedule.
struct QueueLimits: Sendable, Hashable {
    /// Transactions of all destinations.
    var total = 200
    /// Transactions of one destination, at first and at most.
    var initialWindow = 5
    var maximumWindow = 20
    /// So many of `total` any destination may use; the rest is for those that have none.
    ///
    /// So hosts that take connections and say nothing keep no other from being tried.
    var shared: Int { max(1, total - total / 4) }
    /// For how long delivery is tried, in milliseconds, by priority.
    var lifetimes = [Int64](repeating: 5 * 86_400_000, count: QueuePriority.allCases.count)
}

/// Destinations in turn.
struct Rotation: Sendable {
    private var items: [UInt32] = []
    private var first = 0

    var count: Int { items.count - first }

    mutating func append(_ number: UInt32) { items.append(number) }

    mutating func popFirst() -> UInt32? {
        guard first < items.count else { return nil }
        first += 1
        let number = items[first - 1]
        if first > 1024 || first == items.count {
            items.removeFirst(first)
            first = 0
        }
        return number
    }
}
