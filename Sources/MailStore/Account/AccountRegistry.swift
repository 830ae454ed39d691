// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import Locking
internal import MailTypes

/// The accounts that are open.
///
/// Of one account there is never a second owner: those used last are kept, and one that a session still holds is found
/// again however long ago it was used.
final class AccountRegistry: Sendable {
    typealias Opened = Result<AccountStore, MailStoreError>

    enum Found: Sendable {
        case open(AccountStore)
        /// The caller is to open it, and then call `finish`.
        case mine
        /// What another found; `nil` when it did not want the account after all, and the caller is to ask again.
        case other(Opened?)
    }

    private struct Slot {
        weak var store: AccountStore?
        /// Keeps the account open when no session does.
        var kept: AccountStore?
        var used: UInt64 = 0
        var isOpening = false
        var waiting: [Turn<Found>] = []
    }

    private struct State {
        var slots: [AccountID: Slot] = [:]
        var clock: UInt64 = 0
        var kept = 0
    }

    private let state = Lock(State())

    /// The account, or the duty to open it.
    ///
    /// Waits while another opens it.
    func find(_ account: AccountID) async -> Found {
        await Turn.wait { turn in
            let found: Found? = state.withLock { state in
                state.clock += 1
                var slot = state.slots[account] ?? Slot()
                defer { state.slots[account] = slot }
                slot.used = state.clock
                if let store = slot.store {
                    if slot.kept == nil { state.kept += 1 }
                    slot.kept = store
                    return .open(store)
                }
                if slot.isOpening {
                    slot.waiting.append(turn)
                    return nil
                }
                slot.isOpening = true
                return .mine
            }
            if let found { turn.resume(returning: found) }
        }
    }

    /// Ends an opening; with `nil`, the account was not opened.
    ///
    /// Returns accounts that are kept no longer, so that no more than `limit` are.
    func finish(_ account: AccountID, _ opened: Opened?, limit: Int) -> [AccountStore] {
        let (waiting, dropped) = state.withLock { state in
            let waiting = state.slots[account]?.waiting ?? []
            state.slots[account] = nil
            if case .success(let store) = opened {
                var slot = Slot()
                (slot.store, slot.kept, slot.used) = (store, store, state.clock)
                state.slots[account] = slot
                state.kept += 1
            }
            return (waiting, Self.drop(&state, beyond: limit))
        }
        for waiter in waiting { waiter.resume(returning: .other(opened)) }
        return dropped
    }

    /// Lets the eighth of the kept accounts go that was used longest ago, when there are too many.
    private static func drop(_ state: inout State, beyond limit: Int) -> [AccountStore] {
        guard state.kept > limit else { return [] }
        state.slots = state.slots.filter { $0.value.isOpening || $0.value.store != nil }
        let kept = state.slots.filter { $0.value.kept != nil }.sorted { $0.value.used < $1.value.used }
        let dropped = kept.prefix(max(kept.count - limit, limit / 8))
        for (account, _) in dropped { state.slots[account]?.kept = nil }
        state.kept = kept.count - dropped.count
        return dropped.compactMap(\.value.kept)
    }

    /// The account, when it is open; does not count as use.
    func peek(_ account: AccountID) -> AccountStore? { state.withLock { $0.slots[account]?.store } }

    /// Lets an account go that was opened in passing, unless somebody has asked for it since.
    func letGo(_ account: AccountID, unlessUsedAfter use: UInt64) {
        let dropped = state.withLock { state -> AccountStore? in
            guard let slot = state.slots[account], slot.used <= use, let kept = slot.kept else { return nil }
            state.slots[account]?.kept = nil
            state.kept -= 1
            return kept
        }
        _ = consume dropped
    }

    /// When an account was last asked for; compares with others of this registry.
    func lastUse(of account: AccountID) -> UInt64 { state.withLock { $0.slots[account]?.used ?? $0.clock } }

    /// Forgets an account that was removed.
    func forget(_ account: AccountID) {
        state.withLock { state in
            if state.slots[account]?.kept != nil { state.kept -= 1 }
            state.slots[account] = nil
        }
    }

    var all: [AccountStore] { state.withLock { $0.slots.values.compactMap(\.store) } }
}
