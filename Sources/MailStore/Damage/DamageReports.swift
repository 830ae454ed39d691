// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import Events
internal import Locking
internal import MailTypes

/// Reports each damaged message once for the life of the process, however often it is read.
final class DamageReports: Sendable {
    private struct Key: Hashable {
        var account: AccountID
        var body: BodyReference
    }

    /// Past it the memory begins anew, and messages may be reported again.
    private static let maximum = 100_000
    private let reported = Lock<Set<Key>>([])

    func report(_ account: AccountID, _ message: MessageEntry, _ lost: [Range<UInt64>], to events: EventRecorder) {
        let isNew = reported.withLock { reported in
            if reported.count >= Self.maximum { reported.removeAll() }
            return reported.insert(Key(account: account, body: message.body)).inserted
        }
        guard isNew else { return }
        events.record(
            .messageDamaged,
            [
                "store.account": .count(account.rawValue),
                "store.uid": .count(message.uid.rawValue),
                "store.segment": .count(message.body.segment),
                "store.offset": .count(message.body.offset),
                "store.octets.lost": .count(lost.reduce(0) { $0 + $1.count }),
            ]
        )
    }
}
