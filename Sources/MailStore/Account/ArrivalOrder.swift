// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

/// Lets tasks go on in the order in which they came, however long each is busy with something else in between.
///
/// Belongs to one actor. Every arrival must pass, once.
struct ArrivalOrder {
    private var next: UInt64 = 0
    private var first: UInt64 = 0
    private var waiting: [UInt64: Turn<Void>] = [:]

    /// The place of a task that comes now.
    mutating func arrive() -> UInt64 {
        defer { next += 1 }
        return next
    }

    /// Whether all that came before have passed.
    func isFirst(_ arrival: UInt64) -> Bool { arrival == first }

    /// The turn comes when all before have passed.
    mutating func wait(_ arrival: UInt64, _ turn: Turn<Void>) { waiting[arrival] = turn }

    /// The first one passes.
    mutating func pass() {
        first += 1
        waiting.removeValue(forKey: first)?.resume()
    }
}

extension AccountStore {
    /// As `enter`, in the order of the arrivals.
    func enter(shared arrival: UInt64) async throws(MailStoreError) {
        if !arrivals.isFirst(arrival) {
            await Turn.wait { turn in
                if arrivals.isFirst(arrival) { turn.resume() } else { arrivals.wait(arrival, turn) }
            }
        }
        defer { arrivals.pass() }
        try await enter(exclusive: false)
    }
}
