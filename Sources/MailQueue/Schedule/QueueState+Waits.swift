// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

/// For what the messages of a destination wait, of which none may be sent.
struct DestinationWait: Sendable, Hashable {
    var state: ClassicState
    /// When something happens next to any of them.
    var nextEvent: Int64
}

extension Destination {
    /// Nothing is under way, nothing may be sent, and not because of the destination.
    func isQuiet(at now: Int64) -> Bool { active == 0 && retryAt <= now && ready == 0 }
}

extension QueueState {
    /// For what some destinations wait, by number: for whatever of it comes first in `retry`, `scheduled`, `remote`,
    /// `frozen`, `quarantined`.
    ///
    /// Looks at every message when there are such destinations.
    func waits(for destinations: Set<UInt32>, at now: Int64) -> [UInt32: DestinationWait] {
        var found: [UInt32: DestinationWait] = [:]
        guard !destinations.isEmpty else { return found }
        for entry in entries.values {
            var ownEvent: Int64?
            for slot in entry.slots where !slot.state.isFinal && destinations.contains(slot.destination) {
                let own = ownEvent ?? self.ownEvent(of: entry)
                ownEvent = own
                let wait = DestinationWait(
                    state: Self.waitState(of: slot, in: entry),
                    nextEvent: nextEvent(of: slot, in: entry, at: now, ownEvent: own)
                )
                guard let known = found[slot.destination] else {
                    found[slot.destination] = wait
                    continue
                }
                let isFirst = Self.order(wait.state) < Self.order(known.state)
                found[slot.destination]?.state = isFirst ? wait.state : known.state
                found[slot.destination]?.nextEvent = min(wait.nextEvent, known.nextEvent)
            }
        }
        return found
    }

    private static func waitState(of slot: RecipientSlot, in entry: QueueEntry) -> ClassicState {
        if slot.state == .quarantined { return .quarantined }
        if entry.isFrozen { return .frozen }
        guard slot.state == .deferred else { return .ready }
        if slot.next == .max { return .remote }
        // Never tried, and yet with a time.
        return slot.attempts == 0 ? .scheduled : .retry
    }

    private static func order(_ state: ClassicState) -> Int {
        switch state {
        case .active, .ready: 0
        case .retry: 1
        case .scheduled: 2
        case .remote: 3
        case .frozen: 4
        case .quarantined: 5
        }
    }
}
