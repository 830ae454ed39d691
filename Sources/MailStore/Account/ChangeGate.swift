// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

/// Which changes of one account may be under way together.
///
/// Shared ones (deliveries, plain flag changes) need nothing but numbers of their own and run together in one commit;
/// exclusive ones (those planned from what is there) wait for all before them and hold up all after them, in the order
/// of asking. Belongs to one actor.
struct ChangeGate {
    /// More waiters than a healthy disk ever leaves waiting: past it the account is busy.
    static let maximumWaiting = 4096

    private var shared = 0
    private var isExclusive = false
    private var waiting: [(isExclusive: Bool, turn: Turn<Void>)] = []
    private var next = 0

    var isFull: Bool { waiting.count - next >= Self.maximumWaiting }

    /// True when the caller may go on at once.
    mutating func enter(exclusive: Bool) -> Bool {
        guard next == waiting.count, !isExclusive, !exclusive || shared == 0 else { return false }
        take(exclusive)
        return true
    }

    /// The turn comes later, with its place already taken.
    mutating func wait(exclusive: Bool, _ turn: Turn<Void>) { waiting.append((exclusive, turn)) }

    mutating func leave(exclusive: Bool) {
        if exclusive { isExclusive = false } else { shared -= 1 }
        while next < waiting.count, !isExclusive {
            let (wantsAll, turn) = waiting[next]
            guard !wantsAll || shared == 0 else { break }
            take(wantsAll)
            next += 1
            turn.resume()
        }
        guard next == waiting.count || next > 1024 else { return }
        waiting.removeFirst(next)
        next = 0
    }

    private mutating func take(_ exclusive: Bool) {
        if exclusive { isExclusive = true } else { shared += 1 }
    }
}
