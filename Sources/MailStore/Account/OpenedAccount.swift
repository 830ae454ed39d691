// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import Events
internal import MailTypes

/// An account as it comes from the log.
struct OpenedAccount: Sendable {
    var state: AccountState
    var position: LogPosition?
    /// Records applied after the snapshot or base.
    var replayed: Int
    /// Copies that were met, for a state that refers to what was there before them.
    private var moves: [BodyReference: BodyReference] = [:]
    private var isPatched = false

    /// Opens an account by its snapshot, when there is a usable one, and the records after it.
    ///
    /// Blocks.
    init(_ account: AccountID, from log: any AccountLog, events: EventRecorder) throws(MailStoreError) {
        (state, position, replayed) = (AccountState(), nil, 0)
        if let snapshot = log.snapshot(of: account) {
            if let state = AccountState(decoding: snapshot.bytes) {
                (self.state, position) = (state, snapshot.position)
            } else {
                events.record(.snapshotDropped, ["store.account": .count(account.rawValue)])
            }
        }
        try log.replay(account, after: position) { item in
            replayed += 1
            take(item, of: account, events)
        }
        if isPatched { state.followMoves(moves) }
    }

    private mutating func take(_ item: LogItem, of account: AccountID, _ events: EventRecorder) {
        switch item {
        case .record(let record, let place):
            if case .moved(let moved) = record { moves[moved.from] = place.body }
            state.apply(record, at: place)
            position = place.position
        case .base(let base, let last): (state, position, moves, isPatched) = (base, last, [:], false)
        case .baseLost(let lost):
            isPatched = true
            report(.baseLost, lost, of: account, events)
        case .damaged(let lost):
            isPatched = true
            report(.recordLost, lost, of: account, events)
        case .gap(let octets): state.passOver(NumbersSkipped(lostOctets: octets, seconds: 0))
        case .owed(let record):
            let nowhere = BodyReference(segment: 0, offset: 0)
            state.apply(record, at: LogPlace(position: LogPosition(segment: 0, offset: 0), body: nowhere))
        }
    }

    private func report(
        _ definition: EventDefinition,
        _ place: LogPosition,
        of account: AccountID,
        _ events: EventRecorder
    ) {
        events.record(
            definition,
            ["store.account": .count(account.rawValue), "store.position": .string(place.description)]
        )
    }
}

extension AccountState {
    /// As `replaceBodies`, for moves that came one after the other.
    fileprivate mutating func followMoves(_ moves: [BodyReference: BodyReference]) {
        var followed: [BodyReference: BodyReference] = [:]
        for source in moves.keys {
            var place = source
            // Copies lie after what they are copies of, so this ends.
            while let next = moves[place], (next.segment, next.offset) > (place.segment, place.offset) { place = next }
            followed[source] = place
        }
        replaceBodies(followed)
    }
}
