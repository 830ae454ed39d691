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

    /// True the first time.
    func report(
        _ account: AccountID,
        _ body: BodyReference,
        uid: UID?,
        _ lost: [Range<UInt64>],
        to events: EventRecorder
    ) -> Bool {
        let isNew = reported.withLock { reported in
            if reported.count >= Self.maximum { reported.removeAll() }
            return reported.insert(Key(account: account, body: body)).inserted
        }
        guard isNew else { return false }
        events.record(
            .messageDamaged,
            [
                "store.account": .count(account.rawValue),
                "store.uid": .count(uid?.rawValue ?? 0),
                "store.segment": .count(body.segment),
                "store.offset": .count(body.offset),
                "store.octets.lost": .count(lost.reduce(0) { $0 + $1.count }),
            ]
        )
        return true
    }

    /// What was reported is to be reported again.
    func forget(_ account: AccountID, _ body: BodyReference) {
        reported.withLock { _ = $0.remove(Key(account: account, body: body)) }
    }
}
