// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import Locking
package import MailTypes
package import Resolver

/// Which domains have the same servers, as far as mail was sent to them lately.
///
/// Messages for such domains wait in one line, with one bound on connections and one pause after a failure: a provider
/// with a thousand domains is one place. What is known here only decides who waits with whom; where mail goes is looked
/// up for each domain each time.
///
/// From any thread.
package final class SharedSites: Sendable {
    private struct Place: Hashable {
        var hosts: String
        var terms: String
    }

    private struct State {
        var places: [Domain: (place: Place, until: ContinuousClock.Instant)] = [:]
        /// The first domain of each place gives it its name.
        var leaders: [Place: Domain] = [:]
    }

    /// Domains that are known; with more, everything is learnt anew.
    private static let maximumCount = 100_000
    /// Records that change with each look-up would change the line with each message.
    private static let lifetimes = Duration.seconds(300)...Duration.seconds(86_400)
    private let state = Lock(State())

    package init() {}

    /// The domain that stands for all that have the same servers as this one; `nil` when its servers are not known.
    package func leader(of domain: Domain, now: ContinuousClock.Instant = .now) -> Domain? {
        state.withLock { state in
            guard let known = state.places[domain] else { return nil }
            guard known.until > now else {
                Self.forget(domain, &state)
                return nil
            }
            if let leader = state.leaders[known.place] { return leader }
            state.leaders[known.place] = domain
            return domain
        }
    }

    /// Mail for the domain goes to these hosts.
    ///
    /// - Parameter terms: domains for which other things hold wait on their own.
    package func learn(_ domain: Domain, _ hosts: MailHosts, terms: String, now: ContinuousClock.Instant = .now) {
        // The domain's own address is a place of its own.
        guard !hosts.isImplicit, !domain.isAddressLiteral else { return state.withLock { Self.forget(domain, &$0) } }
        let names =
            hosts.hosts.map { "\($0.preference) \($0.name)" } + hosts.unusable.map { "\($0.preference) \($0.name)" }
        let place = Place(hosts: names.sorted().joined(separator: ","), terms: terms)
        let lifetime = min(max(hosts.lifetime, Self.lifetimes.lowerBound), Self.lifetimes.upperBound)
        state.withLock { state in
            if let known = state.places[domain], known.place != place { Self.forget(domain, &state) }
            if state.places.count >= Self.maximumCount { state = State() }
            state.places[domain] = (place, now + lifetime)
            if state.leaders[place] == nil { state.leaders[place] = domain }
        }
    }

    /// Where mail for the domain goes is not known any more.
    package func forget(_ domain: Domain) { state.withLock { Self.forget(domain, &$0) } }

    private static func forget(_ domain: Domain, _ state: inout State) {
        guard let known = state.places.removeValue(forKey: domain), state.leaders[known.place] == domain else { return }
        // The name goes to another of the place when that is asked for next.
        state.leaders[known.place] = nil
    }
}
