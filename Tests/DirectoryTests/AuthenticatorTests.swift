// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

import Directory
import Events
import MailTypes
import SASL
import Settings
import Testing

@Suite struct AuthenticatorTests {
    @Test(arguments: [
        ("alice@example.test", "secret1", true), ("ALICE@EXAMPLE.TEST", "secret1", true),
        ("alice@alias.test", "secret1", true), ("alice@example.test", "secret2", false),
        ("alice@example.test", "", false), ("alice", "secret1", false), ("alice@", "secret1", false),
        ("nobody@example.test", "secret1", false), ("alice+x@example.test", "secret1", false),
        ("sales@example.test", "secret1", false), ("", "", false), ("alice@far.test", "secret1", false),
    ])
    func logOn(_ user: String, _ password: String, _ isRight: Bool) async throws {
        let fixture = try await Fixture.withPeople()
        _ = try await fixture.directory.addDomain(domain("alias.test"), aliasOf: domain("example.test"))
        _ = try await fixture.directory.addAlias(
            address("sales@example.test"),
            targets: [address("alice@example.test")]
        )
        let alice = try await fixture.directory.account(address("alice@example.test"))
        let expected: AuthenticationOutcome =
            isRight ? .success(AuthenticatedUser(account: alice.id, name: alice.address)) : .invalidCredentials
        for _ in 0..<2 { #expect(await fixture.logOn(user, password) == expected) }
        #expect(fixture.log.numbers.filter { $0 == 13003 }.count == (isRight ? 0 : 2))
    }

    @Test func aPasswordThatIsNotUTF8() async throws {
        let fixture = try await Fixture.withPeople()
        let password: [UInt8] = [0x70, 0xE4, 0xDF]
        let hash = try await fixture.directory.hash(password)
        try await fixture.directory.setPassword(address("alice@example.test"), hash)
        let outcome = await fixture.directory.authenticate(
            user: "alice@example.test",
            password: password,
            service: .imap,
            peer: "127.0.0.1"
        )
        #expect(outcome.isSuccess)
        await refuses(.invalid) { _ = try await fixture.directory.hash([]) }
    }

    @Test func theDefaultDomainAllowsLocalParts() async throws {
        let fixture = try await Fixture.withPeople(["directory/default-domain": "example.test"])
        #expect(await fixture.logOn("alice", "secret1").isSuccess)
        #expect(await fixture.logOn("nobody", "secret1") == .invalidCredentials)
    }

    @Test func switchesAndDisabledAccounts() async throws {
        let fixture = try await Fixture.withPeople()
        let alice = try address("alice@example.test")
        _ = try await fixture.directory.setAccount(alice) { $0.services = [.imap] }
        #expect(await fixture.logOn("alice@example.test", "secret1", .imap).isSuccess)
        #expect(await fixture.logOn("alice@example.test", "secret1", .pop3) == .notPermitted)
        #expect(await fixture.logOn("alice@example.test", "wrong", .pop3) == .invalidCredentials)
        _ = try await fixture.directory.setAccount(alice) { $0.isEnabled = false }
        #expect(await fixture.logOn("alice@example.test", "secret1", .imap) == .notPermitted)
        #expect(fixture.log.fields(of: 13003)["directory.reason"] == "account is disabled")
    }

    @Test func aNewPasswordCountsAtOnceAndTheOldOneNoMore() async throws {
        let fixture = try await Fixture.withPeople()
        #expect(await fixture.logOn("alice@example.test", "secret1").isSuccess)
        try await fixture.directory.setPassword(address("alice@example.test"), quick("secret2"))
        #expect(await fixture.logOn("alice@example.test", "secret1") == .invalidCredentials)
        #expect(await fixture.logOn("alice@example.test", "secret2").isSuccess)
        try await fixture.directory.setPassword(address("alice@example.test"), nil)
        #expect(await fixture.logOn("alice@example.test", "secret2") == .invalidCredentials)
    }

    @Test func aPasswordThatWasRightIsNotHashedAgain() async throws {
        let fixture = try await Fixture.withPeople()
        let hash = try await fixture.directory.hash(Array("secret1".utf8))
        try await fixture.directory.setPassword(address("alice@example.test"), hash)
        let clock = ContinuousClock()
        let first = await clock.measure { _ = await fixture.logOn("alice@example.test", "secret1") }
        var repeated = Duration.seconds(1)
        for _ in 0..<20 {
            repeated = min(repeated, await clock.measure { _ = await fixture.logOn("alice@example.test", "secret1") })
        }
        #expect(repeated < first / 5)
    }

    @Test func anUnknownUserTakesAsLongAsAWrongPassword() async throws {
        let fixture = try await Fixture.withPeople()
        let hash = try await fixture.directory.hash(Array("secret1".utf8))
        try await fixture.directory.setPassword(address("alice@example.test"), hash)
        let clock = ContinuousClock()
        var (known, unknown) = (Duration.seconds(9), Duration.seconds(9))
        for _ in 0..<5 {
            known = min(known, await clock.measure { _ = await fixture.logOn("alice@example.test", "wrong") })
            unknown = min(unknown, await clock.measure { _ = await fixture.logOn("nobody@example.test", "wrong") })
        }
        #expect(unknown > known / 3 && unknown < known * 3)
    }

    @Test func tooManyAtOnceArePutOff() async throws {
        let fixture = try await Fixture.withPeople(["directory/hashing-queue": "1"])
        let hash = try await fixture.directory.hash(Array("secret1".utf8))
        try await fixture.directory.setPassword(address("alice@example.test"), hash)
        let outcomes = await withTaskGroup(of: AuthenticationOutcome.self) { group in
            for _ in 0..<20 { group.addTask { await fixture.logOn("alice@example.test", "wrong") } }
            return await group.reduce(into: []) { $0.append($1) }
        }
        #expect(outcomes.contains(.unavailable))
        #expect(outcomes.contains(.invalidCredentials))
        #expect(fixture.log.numbers.contains(9201))
    }
}

extension AuthenticationOutcome {
    fileprivate var isSuccess: Bool { if case .success = self { true } else { false } }
}

extension Fixture {
    fileprivate func logOn(_ user: String, _ password: String, _ service: MailService = .imap) async
        -> AuthenticationOutcome
    {
        await directory.authenticate(user: user, password: Array(password.utf8), service: service, peer: "192.0.2.1")
    }
}
