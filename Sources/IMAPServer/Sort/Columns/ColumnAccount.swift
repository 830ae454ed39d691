// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import Locking

/// What the making of columns takes of memory, by all sessions of a process together.
///
/// A sender can make the text of a field long, and a mailbox holds many: what one session makes takes of the others', and
/// what nothing is left for is put in order in runs, by one session at a time. May be called from any task.
package final class ColumnAccount: Sendable {
    private struct State {
        var taken = 0
        var most = 0
        var isTurnTaken = false
        var waiting: [CheckedContinuation<Void, Never>] = []
    }

    private let state = Lock(State())
    private let maximum: Int

    init(maximum: Int) { self.maximum = maximum }

    /// Octets that are read between two looks at the account; every making has as many for nothing.
    var pieceOctets: Int { maximum / 64 }
    /// Octets of texts that are in memory at a time where they are put in order in runs: besides what the account has.
    var runOctets: Int { maximum / 4 }
    /// The most that was taken at a time, for tests.
    package var mostOctets: Int { state.withLock { $0.most } }

    /// False when there is no room.
    fileprivate func take(_ octets: Int, always: Bool) -> Bool {
        state.withLock { state in
            guard always || state.taken + octets <= maximum else { return false }
            state.taken += octets
            state.most = max(state.most, state.taken)
            return true
        }
    }

    fileprivate func giveBack(_ octets: Int) { state.withLock { $0.taken -= octets } }

    /// Waits until no other session has the turn to make what there is no room for.
    ///
    /// It ends when it is let go.
    func turn() async -> ColumnTurn {
        await withCheckedContinuation { continuation in
            let isFree = state.withLock { state -> Bool in
                let isFree = !state.isTurnTaken
                if isFree { state.isTurnTaken = true } else { state.waiting.append(continuation) }
                return isFree
            }
            if isFree { continuation.resume() }
        }
        return ColumnTurn(self)
    }

    /// Hands the turn on to whoever has waited longest.
    fileprivate func endTurn() {
        let next = state.withLock { state -> CheckedContinuation<Void, Never>? in
            guard !state.waiting.isEmpty else {
                state.isTurnTaken = false
                return nil
            }
            return state.waiting.removeFirst()
        }
        next?.resume()
    }
}

/// The turn of a session, for as long as it is held.
final class ColumnTurn: Sendable {
    private let account: ColumnAccount

    fileprivate init(_ account: ColumnAccount) { self.account = account }

    deinit { account.endTurn() }
}

/// What one making has of the account.
final class ColumnShare {
    private let account: ColumnAccount
    private let isBounded: Bool
    private(set) var octets = 0

    /// - Parameter isBounded: false where there is no other way, and one session at a time goes it.
    init(_ account: ColumnAccount, isBounded: Bool = true) {
        self.account = account
        self.isBounded = isBounded
    }

    var pieceOctets: Int { account.pieceOctets }

    /// False, and nothing is taken, when there is no room.
    func grow(by octets: Int) -> Bool { settle(self.octets + octets, always: !isBounded) }

    /// What it has from then on, as it turned out.
    func settle(_ octets: Int) { _ = settle(octets, always: true) }

    private func settle(_ octets: Int, always: Bool) -> Bool {
        let (before, after) = (max(0, self.octets - pieceOctets), max(0, octets - pieceOctets))
        if after > 0 {
            guard account.take(after - before, always: always) else { return false }
        } else if before > 0 {
            account.giveBack(before)
        }
        self.octets = octets
        return true
    }
}
