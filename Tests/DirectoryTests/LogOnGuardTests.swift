// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

import Directory
import MailTypes
import SASL
import Settings
import Testing

@Suite struct LogOnGuardTests {
    private static let limits = [
        "directory/failures-per-address": "3", "directory/failures-per-account": "5",
        "directory/trusted-networks": "198.51.100.0/24",
    ]

    private static func logOn(
        _ fixture: Fixture,
        _ password: String,
        from peer: String,
        as user: String = "alice@example.test",
        at directory: AccountDirectory? = nil
    ) async -> AuthenticationOutcome {
        let answer = await (directory ?? fixture.directory).answer(
            .password(user: user, password: Array(password.utf8)),
            from: SASLPeer(service: .imap, address: peer, channel: .tls)
        )
        guard case .outcome(let outcome) = answer else { return .unavailable }
        return outcome
    }

    private static func isIn(_ outcome: AuthenticationOutcome) -> Bool {
        if case .success = outcome { true } else { false }
    }

    @Test func `An address that fails too often is banned, and let in again`() async throws {
        let fixture = try await Fixture.withPeople(Self.limits)
        for user in ["alice@example.test", "bob@example.test", "nobody@example.test"] {
            #expect(await Self.logOn(fixture, "wrong", from: "192.0.2.1", as: user) == .invalidCredentials)
        }
        #expect(await Self.logOn(fixture, "secret1", from: "192.0.2.1") == .unavailable)
        #expect(await Self.isIn(Self.logOn(fixture, "secret1", from: "192.0.2.2")))
        #expect(try await fixture.directory.bans().map(\.subject.description) == ["192.0.2.1/32"])
        #expect(fixture.log.numbers.contains(9205))
        try await fixture.directory.liftBan(#require(GuardSubject("192.0.2.1")))
        #expect(await Self.isIn(Self.logOn(fixture, "secret1", from: "192.0.2.1")))
        #expect(fixture.log.numbers.contains(9206))
        await refuses(.notFound) { try await fixture.directory.liftBan(#require(GuardSubject("192.0.2.1"))) }
    }

    @Test func `Failures count over processes`() async throws {
        let fixture = try await Fixture.withPeople(Self.limits)
        let other = try await fixture.another()
        for number in 0..<3 {
            _ = await Self.logOn(fixture, "wrong", from: "192.0.2.1", at: number % 2 == 0 ? other : nil)
        }
        for directory in [fixture.directory, other] {
            var outcome = AuthenticationOutcome.invalidCredentials
            let deadline = ContinuousClock.now + .seconds(20)
            while outcome != .unavailable, ContinuousClock.now < deadline {
                outcome = await Self.logOn(fixture, "secret1", from: "192.0.2.1", at: directory)
            }
            #expect(outcome == .unavailable)
        }
    }

    @Test func `A network of IPv6 is one address`() async throws {
        let fixture = try await Fixture.withPeople(Self.limits)
        for host in 1...3 { _ = await Self.logOn(fixture, "wrong", from: "2001:db8:1:2::\(host)") }
        #expect(await Self.logOn(fixture, "secret1", from: "2001:db8:1:2:ffff::9") == .unavailable)
        #expect(await Self.isIn(Self.logOn(fixture, "secret1", from: "2001:db8:1:3::1")))
    }

    @Test func `An account under attack stays open to where it has logged on from`() async throws {
        let fixture = try await Fixture.withPeople(Self.limits)
        #expect(await Self.isIn(Self.logOn(fixture, "secret1", from: "203.0.113.7")))
        for host in 1...5 { _ = await Self.logOn(fixture, "wrong", from: "192.0.2.\(host)") }
        #expect(await Self.logOn(fixture, "secret1", from: "192.0.2.99") == .unavailable)
        #expect(await Self.logOn(fixture, "secret1", from: "192.0.2.99", as: "ALICE@example.test") == .unavailable)
        #expect(await Self.isIn(Self.logOn(fixture, "secret1", from: "203.0.113.7")))
        #expect(await Self.isIn(Self.logOn(fixture, "secret2", from: "192.0.2.99", as: "bob@example.test")))
    }

    @Test func `Trusted networks, and when nothing is counted`() async throws {
        let fixture = try await Fixture.withPeople(Self.limits)
        for _ in 0..<10 { _ = await Self.logOn(fixture, "wrong", from: "198.51.100.4") }
        #expect(await Self.isIn(Self.logOn(fixture, "secret1", from: "198.51.100.4")))
        let free = try await Fixture.withPeople(Self.limits.merging(["directory/ban-time": "0s"]) { $1 })
        for _ in 0..<10 { _ = await Self.logOn(free, "wrong", from: "192.0.2.1") }
        #expect(await Self.isIn(Self.logOn(free, "secret1", from: "192.0.2.1")))
    }

    @Test func `Bans by hand`() async throws {
        let fixture = try await Fixture.withPeople()
        try await fixture.directory.ban(#require(GuardSubject("alice@example.test")), for: 60, reason: "holiday")
        #expect(await Self.logOn(fixture, "secret1", from: "192.0.2.1") == .unavailable)
        let ban = try #require(try await fixture.directory.bans().first)
        #expect(ban.until - ban.since == 60 && ban.reason == "holiday")
    }

    @Test(arguments: [
        ("192.0.2.1", "192.0.2.1/32"), ("192.0.2.1/32", "192.0.2.1/32"), ("2001:db8:1:2::5", "2001:db8:1:2::/64"),
        ("2001:db8:1:2::/64", "2001:db8:1:2::/64"), ("Ann@Example.org", "ann@example.org"), ("192.0.2.0/24", nil),
        ("", nil), ("example.org", nil), ("/", nil),
    ])
    func `What a person writes`(text: String, name: String?) { #expect(GuardSubject(text)?.description == name) }
}
