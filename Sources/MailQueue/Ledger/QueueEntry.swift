// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import Journal

/// Where a record is, in 8 octets: 24 bits of segment, 40 of offset.
struct PackedPlace: Sendable, Hashable {
    private let rawValue: UInt64

    init(_ position: RecordPosition) {
        rawValue = UInt64(position.segment) << 40 | min(position.offset, (1 << 40) - 1)
    }

    static let none = PackedPlace(RecordPosition(segment: 0, offset: 0))

    var segment: UInt32 { UInt32(truncatingIfNeeded: rawValue >> 40) }
    var position: RecordPosition { RecordPosition(segment: segment, offset: rawValue & ((1 << 40) - 1)) }
}

/// What is held in memory of the delivery to one recipient: 32 octets.
struct RecipientSlot: Sendable, Hashable {
    var state: DeliveryState
    var inDoubt: UInt8
    var deaths: UInt8
    var attempts: UInt16
    /// Number of the destination in the table.
    var destination: UInt32
    var next: Int64
    /// In `next`: somebody wants it tried, whatever it waits for.
    static let forced: Int64 = 1
    /// Whether it is found out anew what it waits for; `next` has the time until which it was to wait, as a negative number.
    var isReconsidered: Bool { next < 0 }
    /// Where what was last said about it is written.
    var status: PackedPlace

    init(_ facts: ProgressFacts, destination: UInt32, at place: PackedPlace) {
        (state, inDoubt, deaths, attempts) = (facts.state, facts.inDoubt, facts.deaths, facts.attempts)
        (next, self.destination, status) = (facts.next, destination, place)
    }

    mutating func apply(_ change: SlotChange, at place: PackedPlace) {
        self = RecipientSlot(change.facts, destination: destination, at: change.hasStatus ? place : status)
    }

    /// The other side may have it: sent too soon it comes twice, and what is held has waited long enough.
    var isDoubted: Bool { inDoubt > 0 && next < .max }

    /// As it is, without a text.
    var progress: RecipientProgress {
        var progress = RecipientProgress(state)
        (progress.attempts, progress.inDoubt, progress.deaths, progress.next) = (attempts, inDoubt, deaths, next)
        return progress
    }
}

/// What is held in memory of a queued message; addresses and texts are read from the journal when they are needed.
struct QueueEntry: Sendable, Hashable {
    /// Where its latest message record is.
    var place: PackedPlace
    /// Octets of that record before the body, as the journal counts them.
    var preamble: UInt32
    var priority: QueuePriority
    var origin: QueueOrigin
    var isFrozen: Bool
    /// Something is being done with it as a whole: nothing else is begun meanwhile.
    var isReserved = false
    /// When the timer of the message as a whole goes off; 0 when it has none.
    var ownTimer: Int64 = 0
    /// Octets of the message.
    var size: UInt64
    var arrival: Int64
    var expiry: Int64
    /// 0 for none.
    var delayNotice: Int64
    var slots: [RecipientSlot]

    var isDone: Bool { slots.allSatisfy(\.state.isFinal) }
    var isActive: Bool { slots.contains { $0.state.isActive } }

    var body: BodyAddress { BodyAddress(record: place.position, preamble: preamble, length: size) }
    /// Octets on disk, near enough.
    var storedOctets: UInt64 { size &+ UInt64(preamble & 0x7FFF_FFFF) }
}
