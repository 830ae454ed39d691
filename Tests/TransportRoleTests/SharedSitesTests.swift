// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

import MailQueue
import MailTypes
import Resolver
import Routing
import SMTPWire
import Settings
import Testing

@testable import TransportRole

@Suite struct SharedSitesTests {
    private func domain(_ text: String) throws -> Domain { try #require(Domain(text)) }

    private func hosts(_ names: String..., lifetime: Duration = .seconds(60), isImplicit: Bool = false) -> MailHosts {
        let hosts = names.enumerated().compactMap { index, name in
            Domain(name).map { MailHost(name: $0, preference: UInt16(index), addresses: [.ipv4(0xC000_0201)]) }
        }
        return MailHosts(hosts, isImplicit: isImplicit, lifetime: lifetime)
    }

    @Test func `Domains of the same servers have one name`() throws {
        let sites = SharedSites()
        let (one, two, other) = try (domain("one.test"), domain("two.test"), domain("other.test"))
        #expect(sites.leader(of: one) == nil)
        sites.learn(one, hosts("mx1.x", "mx2.x"), terms: "direct/")
        sites.learn(two, hosts("mx1.x", "mx2.x"), terms: "direct/")
        sites.learn(other, hosts("mx1.x"), terms: "direct/")
        #expect(sites.leader(of: one) == one && sites.leader(of: two) == one && sites.leader(of: other) == other)
        // Where other things hold, they wait on their own.
        sites.learn(two, hosts("mx1.x", "mx2.x"), terms: "direct/slow")
        #expect(sites.leader(of: two) == two)
        // Without MX records a domain is its own place.
        sites.learn(one, hosts("one.test", isImplicit: true), terms: "direct/")
        #expect(sites.leader(of: one) == nil)
    }

    @Test func `What is known lapses, and another takes the name`() throws {
        let sites = SharedSites()
        let (one, two) = try (domain("one.test"), domain("two.test"))
        let start = ContinuousClock.now
        sites.learn(one, hosts("mx.x"), terms: "", now: start)
        sites.learn(two, hosts("mx.x", lifetime: .seconds(4000)), terms: "", now: start)
        #expect(sites.leader(of: two, now: start + .seconds(299)) == one)
        #expect(sites.leader(of: one, now: start + .seconds(301)) == nil)
        #expect(sites.leader(of: two, now: start + .seconds(301)) == two)
        sites.forget(two)
        #expect(sites.leader(of: two, now: start) == nil)
    }

    @Test func `The queue is told where they wait, and on what terms`() throws {
        let settings = LiveSettings(
            SettingsSnapshot(texts: [
                "destination/slow/domains": "one.test", "destination/slow/connections": "2",
                "destination/slow/retry": "1m, 2h", "connector/out/address-spaces": "far.test",
                "connector/out/connections": "3",
            ])
        )
        let router = OutgoingRouter(settings, zone: .utc)
        let slow = DestinationTerms(
            connections: 2,
            retry: RetryList([.seconds(60), .seconds(7200)]),
            isHeld: false
        )
        #expect(router.terms(of: "mx:one.test") == slow)
        #expect(router.terms(of: "mx:two.test") == DestinationTerms(isHeld: false))
        #expect(router.terms(of: "out/mx:far.test") == DestinationTerms(connections: 3, isHeld: false))
        #expect(router.terms(of: "local") == DestinationTerms(isHeld: false))
        let message = QueuedMessage(MailCommand(.null), [])
        func route(_ text: String) throws -> QueueRoute {
            let command = RecipientCommand(.address(try #require(MailboxAddress(text))))
            return router.route(command, of: message, size: 1, at: 0)
        }
        #expect(try route("a@two.test") == .destination("mx:two.test"))
        router.sites.learn(try domain("three.test"), hosts("mx.x"), terms: "direct/")
        router.sites.learn(try domain("two.test"), hosts("mx.x"), terms: "direct/")
        #expect(try route("a@two.test") == .destination("mx:three.test"))
        #expect(try route("a@three.test") == .destination("mx:three.test"))
    }
}
