// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import Locking

extension MailQueue {
    /// Takes settings that are new, with all that follows from them.
    func takeSettings() {
        let fresh = freshPolicy.withLock { policy in
            defer { policy = nil }
            return policy
        }
        if let fresh {
            policy = fresh
            state.limits = fresh.limits
        }
        let isStale = isRoutingStale.withLock { isStale in
            defer { isStale = false }
            return isStale
        }
        if isStale, lastTidy != nil { takeRouting() }
    }

    /// Where mail goes, and when, may be different now: whoever waits for a place that failed, for somebody to ask, for
    /// hours that are others, or for any way at all, asks again.
    private func takeRouting() {
        let numbers = state.destinations.inUse
        let before = numbers.map { state.destinations[$0] }
        let changed = numbers.filter { learnTerms(of: $0) }
        if !changed.isEmpty { state.rearm(Set(changed), at: now) }
        var (freed, moved): (Set<UInt32>, Set<UInt32>) = ([], [])
        for (number, before) in zip(numbers, before) {
            let terms = state.destinations[number]
            if before.isHeld == true, terms.isHeld == false { freed.insert(number) }
            if before.hours != terms.hours || terms.name == Self.noDestination { moved.insert(number) }
        }
        if !freed.isEmpty {
            for id in state.unhold(freed, at: now) { state.scheduleDestinations(of: id, at: now) }
        }
        reconsider(moved)
        for number in numbers where state.destinations[number].retryAt > now { state.wake(number) }
    }

    /// The clock was set: hours begin at other moments.
    func reconsiderHours() {
        reconsider(Set(state.destinations.inUse.filter { !state.destinations[$0].hours.isEmpty }))
    }

    private func reconsider(_ numbers: Set<UInt32>) {
        guard !numbers.isEmpty else { return }
        for id in state.reconsider(numbers, at: now) { state.scheduleDestinations(of: id, at: now) }
    }

    /// Before what waits for a new destination gets its timers.
    func learnFreshTerms() {
        for number in state.destinations.takeFresh() { learnTerms(of: number) }
    }

    /// True when it changed how long delivery is tried.
    @discardableResult
    private func learnTerms(of number: UInt32) -> Bool {
        let terms = services.router.terms(of: state.destinations[number].name)
        state.destinations[number].ceiling = terms.connections.map { max(1, $0) }
        state.destinations[number].isHeld = terms.isHeld
        state.destinations[number].hours = terms.hours
        let lifetime = terms.expire.map(\.milliseconds)
        defer { state.destinations[number].lifetime = lifetime }
        return state.destinations[number].lifetime != lifetime
    }
}
