// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import Locking
internal import Runtime

/// What lists say about a client.
package struct AddressListVerdict: Sendable, Hashable {
    /// Lists that have it.
    package private(set) var lists: [AddressList] = []
    /// What they answered.
    private var answers: [String] = []

    package init() {}

    package mutating func add(_ list: AddressList, _ answer: String) {
        lists.append(list)
        answers.append(answer)
    }

    package var isAllowed: Bool { lists.contains { $0.action == .allow } }
    package var score: Int {
        lists.reduce(0) { sum, list in if case .score(let points) = list.action { sum + points } else { sum } }
    }
    /// The list by which mail is refused.
    package var rejecting: AddressList? { isAllowed ? nil : lists.first { $0.action == .reject } }

    /// For the message's field: `bl.example.org (127.0.0.2), other.example (127.0.0.3)`.
    package var marks: String {
        zip(lists, answers).filter { $0.0.action != .allow }.map { "\($0.0.zone) (\($0.1))" }.joined(separator: ", ")
    }
}

/// Which lists are asked: one that does not answer is left alone for a while, so that mail does not wait for it.
package final class AddressListHealth: Sendable {
    private struct State {
        var failures = 0
        var restUntil = ContinuousClock.now
    }
    /// By zone; only zones from the settings come here.
    private let states = Lock<[String: State]>([:])
    /// Questions in a row without an answer.
    static let maximumFailures = 3
    static let rest: Duration = .seconds(60)

    package init() {}

    func isResting(_ zone: String) -> Bool {
        states.withLock { states in
            guard let state = states[zone] else { return false }
            return state.failures >= Self.maximumFailures && state.restUntil > .now
        }
    }

    /// True when the list is left alone from now on.
    func note(_ zone: String, isAnswered: Bool) -> Bool {
        states.withLock { states in
            guard !isAnswered else {
                states[zone] = nil
                return false
            }
            var state = states[zone] ?? State()
            state.failures = min(state.failures + 1, 1_000_000)
            let isNew = state.failures >= Self.maximumFailures && state.restUntil <= .now
            if isNew { state.restUntil = .now + Self.rest }
            states[zone] = state
            return isNew
        }
    }
}

/// One client's questions to all lists, under way while the client goes on.
///
/// Answers that are not there in time are as if nobody was listed.
final class AddressListCheck: Sendable {
    private struct State {
        var verdict = AddressListVerdict()
        var waiting: Set<String> = []
        /// Lists that are left alone from now on.
        var silent: [String] = []
    }

    private let state: Lock<State>
    private let deadline: ContinuousClock.Instant
    private let health: AddressListHealth

    init(
        _ lists: [AddressList],
        of address: SocketAddress,
        _ source: any AddressListSource,
        _ health: AddressListHealth,
        within time: Duration
    ) {
        let state = Lock(State())
        let deadline = ContinuousClock.now + time
        (self.state, self.deadline, self.health) = (state, deadline, health)
        guard let loop = EventLoop.current else { return }
        for (zone, lists) in Dictionary(grouping: lists, by: \.zone) where !health.isResting(zone) {
            guard let name = lists.first?.name(for: address) else { continue }
            state.withLock { _ = $0.waiting.insert(zone) }
            Task(executorPreference: loop) {
                let found = await source.addresses(of: name)
                state.withLock { state in
                    // Past the deadline it has been noted already.
                    guard state.waiting.remove(zone) != nil, ContinuousClock.now < deadline else { return }
                    if health.note(zone, isAnswered: found != nil) { state.silent.append(zone) }
                    for list in lists {
                        if let hit = found.flatMap({ list.hit($0) }) { state.verdict.add(list, hit) }
                    }
                }
            }
        }
    }

    /// What is known when all have answered, or at the deadline; and which lists are left alone from now on.
    func verdict() async -> (verdict: AddressListVerdict, silent: [String]) {
        var pause: Duration = .milliseconds(2)
        while state.withLock({ !$0.waiting.isEmpty }), ContinuousClock.now < deadline, let loop = EventLoop.current {
            guard (try? await loop.sleep(for: pause)) != nil else { break }
            pause = min(pause * 2, .milliseconds(50))
        }
        return state.withLock { state in
            for zone in state.waiting where health.note(zone, isAnswered: false) { state.silent.append(zone) }
            state.waiting = []
            return (state.verdict, state.silent)
        }
    }
}
