// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

import Directory
import Events
import Glibc
import MailTypes
import SASL
import Settings
import Testing

@Suite struct LogOnGuardTests {
    private static let limits = [
        "directory/failures-per-address": "3", "directory/failures-per-account": "5",
        "directory/trusted-networks": "198.51.100.0/24",
    ]
    private static let alice = "alice@example.test"
    private static let bob = "bob@example.test"

    private static func logOn(
        _ fixture: Fixture,
        _ password: String,
        from peer: String,
        as user: String = alice,
        at directory: AccountDirectory? = nil
    ) async -> AuthenticationOutcome {
        await outcome(
            fixture,
            .password(user: user, password: Array(password.utf8)),
            from: peer,
            at: directory ?? fixture.directory
        )
    }

    private static func outcome(
        _ fixture: Fixture,
        _ proof: SASLProof,
        from peer: String,
        at directory: AccountDirectory? = nil
    ) async -> AuthenticationOutcome {
        let answer = await (directory ?? fixture.directory).answer(
            proof,
            from: SASLPeer(service: .imap, address: peer, channel: .tls)
        )
        guard case .outcome(let outcome) = answer else { return .unavailable }
        return outcome
    }

    private static func isIn(_ outcome: AuthenticationOutcome) -> Bool {
        if case .success = outcome { true } else { false }
    }

    private static func subject(_ text: String) throws -> GuardSubject { try #require(GuardSubject(text)) }

    @Test func `An address that fails too often is banned, and let in again`() async throws {
        let fixture = try await Fixture.withPeople(Self.limits)
        for user in [Self.alice, Self.bob, "nobody@example.test"] {
            #expect(await Self.logOn(fixture, "wrong", from: "192.0.2.1", as: user) == .invalidCredentials)
        }
        for _ in 0..<20 { #expect(await Self.logOn(fixture, "secret1", from: "192.0.2.1") == .unavailable) }
        #expect(await Self.isIn(Self.logOn(fixture, "secret1", from: "192.0.2.2")))
        let ban = try #require(try await fixture.directory.bans().first)
        #expect(ban.subject.description == "192.0.2.1/32" && ban.until - ban.since == 900 && !ban.isByHand)
        #expect(fixture.log.fields(of: 9205)["directory.banned"] == .string("192.0.2.1/32"))
        // What a ban refuses is told once a minute: he who is banned fills no log.
        #expect(fixture.log.numbers.count(where: { $0 == 13003 }) <= 3 + 2)
        try await fixture.directory.liftBan(Self.subject("192.0.2.1"))
        #expect(await Self.isIn(Self.logOn(fixture, "secret1", from: "192.0.2.1")))
        #expect(fixture.log.numbers.contains(9206))
        await refuses(.notFound) { try await fixture.directory.liftBan(Self.subject("192.0.2.1")) }
    }

    @Test func `Failures and bans count over processes`() async throws {
        let fixture = try await Fixture.withPeople(Self.limits)
        let other = try await fixture.another()
        for number in 0..<3 {
            _ = await Self.logOn(fixture, "wrong", from: "192.0.2.1", at: number % 2 == 0 ? other : nil)
        }
        for directory in [fixture.directory, other] {
            #expect(await Self.logOn(fixture, "secret1", from: "192.0.2.1", at: directory) == .unavailable)
        }
        try await other.liftBan(Self.subject("192.0.2.1"))
        #expect(await Self.isIn(Self.logOn(fixture, "secret1", from: "192.0.2.1")))
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
        #expect(await Self.isIn(Self.logOn(fixture, "secret2", from: "192.0.2.99", as: Self.bob)))
        // Certificates are not come upon by trying: nobody can shut those out who have one.
        let certificate = SASLProof.certificate(user: Self.alice, identities: [Self.alice])
        #expect(await Self.isIn(Self.outcome(fixture, certificate, from: "192.0.2.99")))
    }

    @Test func `Who fails behind an address that many share does not lock them out`() async throws {
        let fixture = try await Fixture.withPeople(Self.limits)
        let proxy = "203.0.113.1"
        #expect(await Self.isIn(Self.logOn(fixture, "secret1", from: proxy)))
        for _ in 0..<3 { _ = await Self.logOn(fixture, "wrong", from: proxy, as: "nobody@example.test") }
        #expect(await Self.logOn(fixture, "secret2", from: proxy, as: Self.bob) == .unavailable)
        #expect(await Self.isIn(Self.logOn(fixture, "secret1", from: proxy)))
        // Nobody tries for ever at those who are at home there.
        for _ in 0..<5 { #expect(await Self.logOn(fixture, "wrong", from: proxy) == .invalidCredentials) }
        #expect(await Self.logOn(fixture, "secret1", from: proxy) == .unavailable)
    }

    @Test func `Many guesses at once are no way around the ban`() async throws {
        let fixture = try await Fixture.withPeople(
            Self.limits.merging(["directory/verified-credential-lifetime": "0s"]) { first, _ in first }
        )
        let outcomes = await withTaskGroup(of: AuthenticationOutcome.self) { group in
            for number in 0..<40 {
                group.addTask {
                    await Self.logOn(fixture, number == 39 ? "secret1" : "wrong\(number)", from: "192.0.2.1")
                }
            }
            return await group.reduce(into: [AuthenticationOutcome]()) { $0.append($1) }
        }
        // Four are decided at a time.
        #expect((3...6).contains(outcomes.count(where: { $0 == .invalidCredentials })))
        #expect(await Self.logOn(fixture, "secret1", from: "192.0.2.1") == .unavailable)
        #expect(fixture.log.numbers.count(where: { $0 == 9205 }) >= 1)
    }

    @Test func `Trusted networks, and when nothing is counted`() async throws {
        let fixture = try await Fixture.withPeople(Self.limits)
        for _ in 0..<10 { _ = await Self.logOn(fixture, "wrong", from: "198.51.100.4") }
        for _ in 0..<10 { _ = await Self.logOn(fixture, "wrong", from: "unix") }
        #expect(await Self.isIn(Self.logOn(fixture, "secret1", from: "198.51.100.4")))
        #expect(await Self.isIn(Self.logOn(fixture, "secret1", from: "unix")))
        let free = try await Fixture.withPeople(Self.limits.merging(["directory/ban-time": "0s"]) { $1 })
        for _ in 0..<10 { _ = await Self.logOn(free, "wrong", from: "192.0.2.1") }
        #expect(await Self.isIn(Self.logOn(free, "secret1", from: "192.0.2.1")))
    }

    @Test func `Bans by hand hold from everywhere, and by every proof`() async throws {
        let fixture = try await Fixture.withPeople(Self.limits)
        #expect(await Self.isIn(Self.logOn(fixture, "secret1", from: "192.0.2.1")))
        try await fixture.directory.ban(Self.subject(Self.alice), for: 6000, reason: "holiday")
        #expect(await Self.logOn(fixture, "secret1", from: "192.0.2.1") == .unavailable)
        for user in ["", Self.alice] {
            let certificate = SASLProof.certificate(user: user, identities: [Self.alice])
            #expect(await Self.outcome(fixture, certificate, from: "192.0.2.1") == .unavailable)
        }
        let ban = try #require(try await fixture.directory.bans().first)
        #expect(ban.until - ban.since == 6000 && ban.reason == "holiday" && ban.isByHand)
        try await fixture.directory.liftBan(Self.subject(Self.alice))
        try await fixture.directory.ban(Self.subject("192.0.2.1"), for: 60, reason: "")
        #expect(await Self.logOn(fixture, "secret1", from: "192.0.2.1") == .unavailable)
        #expect(await Self.isIn(Self.logOn(fixture, "secret1", from: "192.0.2.2")))
    }

    @Test func `Log-ons go on when the record cannot be used`() async throws {
        let fixture = try await Fixture.withPeople(Self.limits)
        let path = fixture.file + "-log-ons"
        #expect(unsafe mkdir(path, 0o700) == 0)
        defer { _ = unsafe rmdir(path) }
        let start = ContinuousClock.now
        for _ in 0..<5 {
            #expect(await Self.logOn(fixture, "wrong", from: "192.0.2.1") == .invalidCredentials)
            #expect(await Self.isIn(Self.logOn(fixture, "secret1", from: "192.0.2.1")))
        }
        // Told by the reader and by the writer, and not again for five seconds.
        let pauses = 1 + Int((ContinuousClock.now - start) / .seconds(5))
        #expect((1...2 * pauses).contains(fixture.log.numbers.count(where: { $0 == 9200 })))
        await refuses(.unavailable) { _ = try await fixture.directory.bans() }
    }

    @Test(arguments: [[UInt8](repeating: 0x5A, count: 20_000), Array("SQLite format 3\0".utf8)])
    func `A record that is damaged is begun anew`(content: [UInt8]) async throws {
        let fixture = try await Fixture.withPeople(Self.limits)
        let path = fixture.file + "-log-ons"
        try SmallFile.replace(path, with: content)
        defer { _ = unsafe unlink(path + ".damaged") }
        for _ in 0..<3 { _ = await Self.logOn(fixture, "wrong", from: "192.0.2.1") }
        #expect(await Self.logOn(fixture, "secret1", from: "192.0.2.1") == .unavailable)
        #expect(fixture.log.numbers.count(where: { $0 == 9200 }) == 1)
        #expect(unsafe access(path + ".damaged", F_OK) == 0)
    }

    @Test func `All processes follow when a record was set aside`() async throws {
        let fixture = try await Fixture.withPeople(Self.limits)
        let path = fixture.file + "-log-ons"
        // Its reader and its writer have the file open.
        #expect(await Self.isIn(Self.logOn(fixture, "secret1", from: "192.0.2.8")))
        #expect(unsafe rename(path, path + ".damaged") == 0)
        for suffix in [".damaged", "-wal", "-shm"] { _ = unsafe unlink(path + suffix) }
        let other = try await fixture.another()
        for _ in 0..<3 { _ = await Self.logOn(fixture, "wrong", from: "192.0.2.1", at: other) }
        #expect(await Self.logOn(fixture, "secret1", from: "192.0.2.1") == .unavailable)
        try await fixture.directory.ban(Self.subject("192.0.2.2"), for: 60, reason: "by the first")
        #expect(await Self.logOn(fixture, "secret1", from: "192.0.2.2", at: other) == .unavailable)
    }

    @Test(.timeLimit(.minutes(20)))
    func `Where an account is at home is noted when it could not be before`() async throws {
        let fixture = try await Fixture.withPeople(Self.limits)
        let path = fixture.file + "-log-ons"
        #expect(unsafe mkdir(path, 0o700) == 0)
        #expect(await Self.isIn(Self.logOn(fixture, "secret1", from: "203.0.113.7")))
        #expect(unsafe rmdir(path) == 0)
        // It is tried again after a while.
        while (try? await fixture.directory.ban(Self.subject("192.0.2.77"), for: 60, reason: "")) == nil {
            try await Task.sleep(for: .milliseconds(100))
        }
        #expect(await Self.isIn(Self.logOn(fixture, "secret1", from: "203.0.113.7")))
        for host in 1...5 { _ = await Self.logOn(fixture, "wrong", from: "192.0.2.\(host)") }
        #expect(await Self.logOn(fixture, "secret1", from: "192.0.2.99") == .unavailable)
        #expect(await Self.isIn(Self.logOn(fixture, "secret1", from: "203.0.113.7")))
    }

    @Test func `Bans by hand hold when no others are made`() async throws {
        let fixture = try await Fixture.withPeople(Self.limits.merging(["directory/ban-time": "0s"]) { $1 })
        try await fixture.directory.ban(Self.subject("192.0.2.1"), for: 60, reason: "")
        try await fixture.directory.ban(Self.subject(Self.alice), for: 60, reason: "")
        #expect(await Self.logOn(fixture, "secret2", from: "192.0.2.1", as: Self.bob) == .unavailable)
        #expect(await Self.logOn(fixture, "secret1", from: "192.0.2.2") == .unavailable)
        #expect(await Self.isIn(Self.logOn(fixture, "secret2", from: "192.0.2.2", as: Self.bob)))
        #expect(try await fixture.directory.bans().count == 2)
    }

    @Test func `A ban by hand is of the account, in whatever domain it is named, or refused`() async throws {
        let fixture = try await Fixture.withPeople(Self.limits)
        _ = try await fixture.directory.addDomain(domain("alias.test"), aliasOf: domain("example.test"))
        try await fixture.directory.ban(Self.subject("Alice@alias.test"), for: 60, reason: "")
        for name in [Self.alice, "alice@alias.test"] {
            #expect(await Self.logOn(fixture, "secret1", from: "192.0.2.1", as: name) == .unavailable)
        }
        #expect(try await fixture.directory.bans().map(\.subject.description) == [Self.alice])
        try await fixture.directory.liftBan(Self.subject("alice@alias.test"))
        #expect(await Self.isIn(Self.logOn(fixture, "secret1", from: "192.0.2.1")))
        for name in ["nobody@example.test", "alice@none.test"] {
            await refuses(.notFound) { try await fixture.directory.ban(Self.subject(name), for: 60, reason: "") }
        }
        await refuses(.invalid) {
            try await fixture.directory.ban(Self.subject("198.51.100.4"), for: 60, reason: "")
        }
        // Who does not exist is banned by failures, and that can be lifted.
        for host in 1...5 { _ = await Self.logOn(fixture, "x", from: "192.0.2.\(host)", as: "nobody@alias.test") }
        let ban = try #require(try await fixture.directory.bans().first)
        try await fixture.directory.liftBan(Self.subject(ban.subject.description))
        #expect(try await fixture.directory.bans().isEmpty)
    }

    @Test(arguments: [
        ("192.0.2.1", "192.0.2.1/32"), ("192.0.2.1/32", "192.0.2.1/32"), ("2001:db8:1:2::5", "2001:db8:1:2::/64"),
        ("2001:db8:1:2::/64", "2001:db8:1:2::/64"), ("Ann@Example.org", "ann@example.org"), ("192.0.2.0/24", nil),
        ("64:ff9b::c000:201", "192.0.2.1/32"), ("::ffff:192.0.2.1", "192.0.2.1/32"), ("64:ff9b:1::1", "64:ff9b:1::/64"),
        ("", nil), ("example.org", nil), ("/", nil), ("unix", nil),
    ])
    func `What a person writes`(text: String, name: String?) { #expect(GuardSubject(text)?.description == name) }
}
