// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import Locking
internal import MailTypes

/// Delivery ids of transactions that were answered 4xx, for an hour.
///
/// The sender of such a transaction repeats it as a whole, though some of its accounts may have the message already, or
/// may have it in doubt. The repetition is recognised by what was sent, by whom and to whom, and gets the ids of the
/// first try, which the store knows again.
///
/// Only then. A message that was answered 250 or 5xx leaves nothing here, so that a second one like it, sent on purpose
/// (a reminder, a test), is a message of its own. The memory is this process's: a restart between the two tries can
/// double a message, and never lose one.
final class RepetitionMemory: Sendable {
    struct Key: Hashable, Sendable {
        /// 32 octets.
        var digest: [UInt8]
    }

    private struct Entry {
        var id: DeliveryID
        var forgottenAt: ContinuousClock.Instant
    }

    /// At 100 octets each, some 10 MB.
    private static let maximumCount = 100_000
    private let lifetime: Duration
    private let entries = Lock<[Key: Entry]>([:])

    init(lifetime: Duration = .seconds(3600)) { self.lifetime = lifetime }

    var count: Int { entries.withLock { $0.count } }

    /// The ids for these deliveries: those of the first try, else new ones.
    func ids(of keys: [Key], now: ContinuousClock.Instant = .now) -> [DeliveryID] {
        entries.withLock { entries in
            keys.map { key in
                if let entry = entries[key], entry.forgottenAt > now { entry.id } else { .random() }
            }
        }
    }

    /// The transaction was answered.
    ///
    /// `willRepeat`: with 4xx.
    func end(_ deliveries: [(Key, DeliveryID)], willRepeat: Bool, now: ContinuousClock.Instant = .now) {
        entries.withLock { entries in
            if entries.count + deliveries.count > Self.maximumCount {
                entries = entries.filter { $0.value.forgottenAt > now }
                if entries.count + deliveries.count > Self.maximumCount { entries = [:] }
            }
            for (key, id) in deliveries {
                entries[key] = willRepeat ? Entry(id: id, forgottenAt: now + lifetime) : nil
            }
        }
    }
}
