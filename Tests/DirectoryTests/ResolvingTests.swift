// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

import Directory
import MailTypes
import Settings
import Testing

@Suite struct ResolvingTests {
    @Test(arguments: [
        ("alice@example.test", "Alice@example.test"), ("ALICE@EXAMPLE.TEST", "Alice@example.test"),
        ("alice+list@example.test", "Alice@example.test"), ("Bob+a+b@example.test", "bob@example.test"),
        ("alice@alias.test", "Alice@example.test"), ("sales@example.test", "Alice@example.test bob@example.test"),
        ("sales+x@alias.test", "Alice@example.test bob@example.test"),
        ("bob+own@example.test", "Alice@example.test"),
        ("postmaster@example.test", "Alice@example.test"), ("PostMaster+x@alias.test", "Alice@example.test"),
        ("postmaster@other.test", "Alice@example.test"),
        ("+alice@example.test", ""), ("nobody@example.test", ""), ("alice@other.test", ""),
        ("alice@far.test", "not local"), ("postmaster@far.test", "not local"), ("alice@[127.0.0.1]", "not local"),
    ])
    func addresses(_ text: String, _ expected: String) async throws {
        let directory = try await Fixture.withPeople().directory
        _ = try await directory.addDomain(domain("alias.test"), aliasOf: domain("example.test"))
        let people = try [address("alice@example.test"), address("bob@example.test")]
        _ = try await directory.addAlias(address("sales@example.test"), targets: people)
        _ = try await directory.addAlias(address("bob+own@example.test"), targets: [people[0]])
        // Twice: from the database, and from memory.
        for _ in 0..<2 { #expect(shown(await directory.resolve(try address(text))) == expected) }
    }

    @Test func anAccountNamedTwiceGetsOneCopy() async throws {
        let directory = try await Fixture.withPeople().directory
        let alice = try address("alice@example.test")
        _ = try await directory.addAlias(address("one@example.test"), targets: [alice])
        _ = try await directory.addAlias(address("two@example.test"), targets: [alice, address("one@example.test")])
        #expect(shown(await directory.resolve(try address("two@example.test"))) == "Alice@example.test")
    }

    @Test func plusAddressingCanBeOff() async throws {
        let fixture = try await Fixture.withPeople(["directory/plus-addressing": "no"])
        #expect(await fixture.directory.resolve(try address("alice+x@example.test")) == .unknown)
        fixture.settings.replace(with: SettingsSnapshot())
        #expect(shown(await fixture.directory.resolve(try address("alice+x@example.test"))) == "Alice@example.test")
    }

    @Test func postmasterIsWhoTheSettingNames() async throws {
        let directory = try await Fixture.withPeople(["directory/postmaster": "bob@example.test"]).directory
        #expect(shown(await directory.resolve(try address("postmaster@other.test"))) == "bob@example.test")
        #expect(shown(await directory.resolve(.postmaster)) == "bob@example.test")
        _ = try await directory.addAccount(address("postmaster@other.test"))
        #expect(shown(await directory.resolve(try address("postmaster@other.test"))) == "postmaster@other.test")
    }

    @Test func disabledAccounts() async throws {
        let directory = try await Fixture.withPeople().directory
        let people = try [address("alice@example.test"), address("bob@example.test")]
        _ = try await directory.addAlias(address("sales@example.test"), targets: people)
        _ = try await directory.setAccount(people[0]) { $0.isEnabled = false }
        #expect(await directory.resolve(people[0]) == .disabled)
        #expect(shown(await directory.resolve(try address("sales@example.test"))) == "bob@example.test")
    }

    @Test func aChangeByAnotherProcessIsSeenInTime() async throws {
        let fixture = try await Fixture.withPeople()
        let other = try await fixture.another()
        let carol = try address("carol@example.test")
        #expect(await fixture.directory.resolve(carol) == .unknown)
        _ = try await other.addAccount(carol)
        let deadline = ContinuousClock.now + .milliseconds(1500)
        while await fixture.directory.resolve(carol) == .unknown, ContinuousClock.now < deadline {
            try await Task.sleep(for: .milliseconds(20))
        }
        #expect(shown(await fixture.directory.resolve(carol)) == "carol@example.test")
    }

    @Test func ourOwnChangeIsSeenAtOnce() async throws {
        let directory = try await Fixture.withPeople().directory
        let carol = try address("carol@example.test")
        #expect(await directory.resolve(carol) == .unknown)
        _ = try await directory.addAccount(carol)
        #expect(await directory.resolve(carol) != .unknown)
        _ = try await directory.removeAccount(carol)
        #expect(await directory.resolve(carol) == .unknown)
    }

    @Test func manyProcessesWriteAtOnce() async throws {
        let fixture = try await Fixture.withPeople()
        try await withThrowingTaskGroup(of: Void.self) { group in
            for writer in 0..<4 {
                let directory = try await fixture.another()
                group.addTask {
                    for number in 0..<10 {
                        _ = try await directory.addAccount(address("u\(writer)-\(number)@other.test"))
                    }
                }
            }
            try await group.waitForAll()
        }
        let accounts = try await fixture.directory.accounts(in: domain("other.test"))
        #expect(Set(accounts.map(\.id)).count == 40)
    }
}

private func shown(_ resolution: Resolution) -> String {
    switch resolution {
    case .accounts(let recipients): recipients.map(\.address.description).joined(separator: " ")
    case .expanded(let expansion): "expanded \(expansion.members.count)"
    case .unknown: ""
    case .disabled: "disabled"
    case .notLocal: "not local"
    case .temporary: "temporary"
    }
}
