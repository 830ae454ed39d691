// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

import Directory
import MailTypes
import SASL
import Testing

@Suite struct AdministrationTests {
    @Test func domains() async throws {
        let directory = try await Fixture.withPeople().directory
        let alias = try await directory.addDomain(domain("alias.test"), aliasOf: domain("example.test"))
        #expect(alias.aliasOf == (try domain("example.test")))
        #expect(try await directory.domains().map(\.name.text) == ["alias.test", "example.test", "other.test"])
        await refuses(.alreadyExists) { _ = try await directory.addDomain(domain("EXAMPLE.test")) }
        await refuses(.notFound) { _ = try await directory.addDomain(domain("b.test"), aliasOf: domain("none.test")) }
        await refuses(.invalid) { _ = try await directory.addDomain(domain("[127.0.0.1]")) }
        await refuses(.inUse) { try await directory.removeDomain(domain("example.test")) }
        await refuses(.notFound) { try await directory.removeDomain(domain("none.test")) }
        try await directory.removeDomain(domain("other.test"))
        try await directory.removeDomain(domain("alias.test"))
        #expect(try await directory.domains().count == 1)
    }

    @Test func anAliasOfAnAliasedDomainIsOneOfTheDomain() async throws {
        let directory = try await Fixture.withPeople().directory
        _ = try await directory.addDomain(domain("a.test"), aliasOf: domain("example.test"))
        #expect(
            try await directory.addDomain(domain("b.test"), aliasOf: domain("a.test")).aliasOf?.text == "example.test"
        )
    }

    @Test func accounts() async throws {
        let directory = try await Fixture.withPeople().directory
        let alice = try await directory.account(address("ALICE@Example.Test"))
        #expect(alice.address.description == "Alice@example.test")
        #expect(alice.attributes == AccountAttributes())
        #expect(try await directory.account(alice.id) == alice)
        #expect(
            try await directory.accounts().map(\.address.description) == ["Alice@example.test", "bob@example.test"]
        )
        #expect(try await directory.accounts(in: domain("other.test")).isEmpty)
        await refuses(.notFound) { _ = try await directory.accounts(in: domain("none.test")) }
        await refuses(.alreadyExists) { _ = try await directory.addAccount(address("alice@example.test")) }
        await refuses(.notFound) { _ = try await directory.addAccount(address("alice@none.test")) }
        await refuses(.notFound) { _ = try await directory.account(address("nobody@example.test")) }
    }

    @Test func attributesAreChangedOneByOne() async throws {
        let directory = try await Fixture.withPeople().directory
        _ = try await directory.setAccount(address("bob@example.test")) { $0.services.remove(.pop3) }
        let changed = try await directory.setAccount(address("bob@example.test")) {
            $0.quotaOctets = 1 << 30
            $0.quotaMessages = 1000
            $0.homeServer = "node2"
        }
        let expected = AccountAttributes(
            services: [.imap, .submission],
            quotaOctets: 1 << 30,
            quotaMessages: 1000,
            homeServer: "node2"
        )
        #expect(changed.attributes == expected)
        #expect(try await directory.account(address("bob@example.test")).attributes == expected)
        await refuses(.notFound) { _ = try await directory.setAccount(address("x@example.test")) { _ in } }
    }

    @Test func aNumberIsNeverGivenAgain() async throws {
        let directory = try await Fixture.withPeople().directory
        let bob = try await directory.removeAccount(address("bob@example.test"))
        let again = try await directory.addAccount(address("bob@example.test"))
        #expect(again.id.rawValue > bob.rawValue)
        #expect(again.password == nil)
    }

    @Test func aliases() async throws {
        let directory = try await Fixture.withPeople().directory
        let sales = try address("Sales@example.test")
        let both = try [address("bob@example.test"), address("alice@example.test")]
        let added = try await directory.addAlias(sales, targets: both)
        #expect(added.targets.map(\.description) == ["bob@example.test", "Alice@example.test"])
        await refuses(.alreadyExists) { _ = try await directory.addAlias(sales, targets: both) }
        await refuses(.alreadyExists) { _ = try await directory.addAccount(sales) }
        await refuses(.notFound) {
            _ = try await directory.addAlias(address("x@example.test"), targets: [address("y@example.test")])
        }
        await refuses(.invalid) { _ = try await directory.addAlias(address("x@example.test"), targets: []) }
        await refuses(.inUse) { _ = try await directory.removeAccount(address("bob@example.test")) }
        #expect(try await directory.setAlias(sales, targets: [both[1]]).targets.count == 1)
        _ = try await directory.removeAccount(address("bob@example.test"))
        #expect(
            try await directory.aliases(in: domain("example.test")).map(\.address.description) == ["Sales@example.test"]
        )
        try await directory.removeAlias(sales)
        await refuses(.notFound) { try await directory.removeAlias(sales) }
        #expect(try await directory.aliases().isEmpty)
    }

    @Test func aFailedAddLeavesNothingBehind() async throws {
        let directory = try await Fixture.withPeople().directory
        let targets = try [address("bob@example.test"), address("nobody@example.test")]
        await refuses(.notFound) { _ = try await directory.addAlias(address("x@example.test"), targets: targets) }
        #expect(try await directory.aliases().isEmpty)
        #expect(await directory.resolve(try address("x@example.test")) == .unknown)
    }

    @Test func loopsAndLongChainsAreRefused() async throws {
        let directory = try await Fixture.withPeople().directory
        let names = try (1...11).map { try address("a\($0)@example.test") }
        _ = try await directory.addAlias(names[0], targets: [address("bob@example.test")])
        for (next, name) in zip(names, names.dropFirst().dropLast()) {
            _ = try await directory.addAlias(name, targets: [next])
        }
        #expect(await directory.resolve(names[9]) == (await directory.resolve(try address("bob@example.test"))))
        await refuses(.invalid) { _ = try await directory.addAlias(names[10], targets: [names[9]]) }
        await refuses(.invalid) { _ = try await directory.setAlias(names[0], targets: [names[9]]) }
        await refuses(.invalid) { _ = try await directory.setAlias(names[3], targets: [names[3]]) }
        #expect(try await directory.alias(names[0]).targets.map(\.description) == ["bob@example.test"])
        // A longer end to a chain that is as long as may be.
        _ = try await directory.addAlias(address("end@example.test"), targets: [address("alice@example.test")])
        await refuses(.invalid) { _ = try await directory.setAlias(names[0], targets: [address("end@example.test")]) }
    }
}

/// Runs `body` and expects an error of that kind, which says something.
func refuses(
    _ code: DirectoryError.Code,
    at location: SourceLocation = #_sourceLocation,
    _ body: () async throws -> Void
) async {
    do {
        try await body()
        Issue.record("was not refused", sourceLocation: location)
    } catch let error as DirectoryError {
        #expect(error.code == code && error.description.count > 20, sourceLocation: location)
    } catch {
        Issue.record(error, sourceLocation: location)
    }
}
