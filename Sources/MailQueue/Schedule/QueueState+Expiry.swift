// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

// How long delivery is tried: as long as the message lives, or less where something holds for the destination.
extension QueueState {
    /// When a recipient is given up.
    ///
    /// What a destination allows is counted from the time from which on the message may be delivered (RFC 4865 §4).
    func expiry(of slot: RecipientSlot, in entry: QueueEntry) -> Int64 {
        guard let lifetime = destinations.lifetime(of: slot.destination) else { return entry.expiry }
        let release = max(entry.arrival, entry.expiry &- limits.lifetimes[Int(entry.priority.rawValue)])
        return min(entry.expiry, release &+ lifetime)
    }

    /// When the first of those who wait is given up; `.max` when nobody waits.
    ///
    /// What is in quarantine has times of its own.
    func expiry(of entry: QueueEntry) -> Int64 {
        var earliest = Int64.max
        for slot in entry.slots where !slot.state.isFinal && slot.state != .quarantined {
            earliest = min(earliest, expiry(of: slot, in: entry))
        }
        return earliest
    }

    /// When something happens to a message next by itself, besides what its recipients' states say.
    func ownEvent(of entry: QueueEntry) -> Int64 {
        let expiry = expiry(of: entry)
        return entry.delayNotice == 0 ? expiry : min(expiry, entry.delayNotice)
    }

    /// How long delivery to some destinations is tried has changed: what waits for them is given up in time.
    mutating func rearm(_ changed: Set<UInt32>, at now: Int64) {
        let affected = entries.filter { $0.value.slots.contains { changed.contains($0.destination) } }.map(\.key)
        for id in affected {
            guard let entry = entries[id] else { continue }
            arm(id, entry, at: max(ownEvent(of: entry), now))
        }
    }
}
