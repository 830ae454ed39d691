// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import Events

/// What one call has got of a connector's mail so far.
struct OnDemandCall: Sendable {
    /// Of the call; no two have the same.
    let name: String
    /// What was released for it: once is enough.
    var released: Set<MailQueue.RunKey> = []
    /// How often what goes in this round may have been tried; `nil` before the first.
    var limit: Int?
    /// What this round has still to release, in reverse.
    var left: [MailQueue.RunKey] = []
}

// Mail of connectors that hold it until somebody asks (RFC 2645).
//
// What has been tried least goes first, across priorities: a message at which the other side hangs up each time would
// keep everything behind it from ever going.
extension MailQueue {
    private func destinations(ofConnector name: String) -> [UInt32] {
        state.destinations.inUse.filter { state.destinations[$0].name.hasPrefix(name + "/") }
    }

    /// Recipients that wait for a connector.
    package func waiting(forConnector name: String) -> Int {
        destinations(ofConnector: name).reduce(0) { $0 + state.destinations[$1].recipients }
    }

    /// How often what waits for a connector has been tried: each number once, the smallest first.
    ///
    /// Looks at every message.
    package func tries(forConnector name: String) -> [Int] {
        let numbers = Set(destinations(ofConnector: name))
        guard !numbers.isEmpty else { return [] }
        var found: Set<UInt16> = []
        for entry in state.entries.values where !entry.isFrozen {
            for slot in entry.slots where numbers.contains(slot.destination) && Self.isHeld(slot) {
                found.insert(slot.attempts)
            }
        }
        return found.sorted().map(Int.init)
    }

    private static func isHeld(_ slot: RecipientSlot) -> Bool { slot.state == .deferred && !slot.isDoubted }

    /// Has some of what waits for a connector, and was not tried more often than this, tried now; to these domains only,
    /// where each domain has a destination of its own.
    ///
    /// To be called again until there is nothing more: what is released takes places among the queue's connections while it
    /// waits for its turn on the one of the call, and other mail needs them. What the same call released before is left
    /// alone. What an earlier call did not get to waits again.
    ///
    /// - Parameters:
    ///   - call: names the call.
    ///   - maximum: messages, those of several destinations counted for each.
    ///   - isWanted: asked with the name of each destination.
    /// - Returns: how many were released.
    @discardableResult
    package func release(
        connector name: String,
        call: String,
        triedAtMost limit: Int,
        maximum: Int = .max,
        where isWanted: @Sendable (String) -> Bool
    ) -> Int {
        if let earlier = calls[name], earlier.name != call {
            withdraw(connector: name, call: earlier.name)
            calls[name] = nil
        }
        var round = calls[name] ?? OnDemandCall(name: call)
        if round.limit != limit {
            round.limit = limit
            let wanted = destinations(ofConnector: name).filter { isWanted(state.destinations[$0].name) }
            round.left = held(for: Set(wanted), triedAtMost: limit).filter { !round.released.contains($0) }
            sayForced(round.left)
            round.left.reverse()
        }
        let keys = round.left.suffix(max(0, maximum)).reversed()
        round.left.removeLast(keys.count)
        round.released.formUnion(keys)
        calls[name] = round
        for key in keys {
            state.force(key.id, only: [key.destination], sparingDoubt: true)
            state.schedule(key.id, for: key.destination, at: now)
        }
        for number in Set(keys.map(\.destination)) { state.wake(number) }
        kick()
        return keys.count
    }

    private func sayForced(_ keys: [RunKey]) {
        let counts = Dictionary(keys.map { ($0.destination, 1) }, uniquingKeysWith: +)
        for (number, count) in counts.sorted(by: { $0.key < $1.key }) {
            let name = state.destinations[number].name
            services.events.record(.forced, ["queue.destination": .string(name), "queue.messages": .count(count)])
        }
    }

    /// Messages that wait for some destinations, the oldest first; all of a message's recipients at one count as tried as
    /// often as one of them.
    ///
    /// Looks at every message once.
    private func held(for destinations: Set<UInt32>, triedAtMost limit: Int) -> [RunKey] {
        guard !destinations.isEmpty else { return [] }
        var found: [RunKey] = []
        for (id, entry) in state.entries where !entry.isFrozen {
            var tries: [UInt32: UInt16] = [:]
            for slot in entry.slots where destinations.contains(slot.destination) && Self.isHeld(slot) {
                tries[slot.destination] = max(tries[slot.destination] ?? 0, slot.attempts)
            }
            for (number, count) in tries where Int(count) <= limit {
                found.append(RunKey(id: id, destination: number))
            }
        }
        return found.sorted { ($0.id, $0.destination) < ($1.id, $1.destination) }
    }

    /// Has what was released for a call, and has not begun, wait for the next; nothing, once another call has begun.
    package func withdraw(connector name: String, call: String) {
        guard calls[name]?.name == call else { return }
        calls[name]?.left = []
        let numbers = Set(destinations(ofConnector: name))
        guard !numbers.isEmpty else { return }
        state.withdraw(from: numbers)
    }

    /// Whether something of a connector is on its way, or is about to be.
    package func isWorking(forConnector name: String) -> Bool {
        guard isSending, !isClosing else { return false }
        let now = self.now
        return destinations(ofConnector: name).contains { number in
            let destination = state.destinations[number]
            return destination.active > 0 || (destination.ready > 0 && destination.retryAt <= now)
        }
    }
}
