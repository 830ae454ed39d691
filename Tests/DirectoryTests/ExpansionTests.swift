// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

import Directory
import Events
import MailTypes
import SASL
import Settings
import Testing

/// Aliases, groups and forwards, followed to their ends.
@Suite struct ExpansionTests {
    /// `bob@example.test`, `x@far.test/owner@example.test` and so on.
    private func shown(_ text: String, _ directory: AccountDirectory) async throws -> [String] {
        switch await directory.resolve(try address(text)) {
        case .accounts(let recipients): recipients.map { "\($0.address)" }
        case .expanded(let expansion):
            expansion.members.map { member in
                let place =
                    switch member.place {
                    case .account(let recipient): "\(recipient.address)"
                    case .remote(let address): "-> \(address)"
                    }
                return place + (member.sender.map { " by \($0)" } ?? "")
            }.sorted()
        case .unknown: ["unknown"]
        case .disabled: ["disabled"]
        case .notLocal: ["not local"]
        case .temporary: ["temporary"]
        }
    }

    private func addresses(_ texts: String...) throws -> [MailboxAddress] { try texts.map { try address($0) } }

    @Test func `An alias may stand for addresses of other servers`() async throws {
        let directory = try await Fixture.withPeople().directory
        let alias = try await directory.addAlias(
            address("sales@example.test"),
            targets: addresses("x@far.test", "bob@example.test", "X@far.test", "y@far.test")
        )
        #expect(alias.targets.map(\.description) == ["x@far.test", "bob@example.test", "X@far.test", "y@far.test"])
        let ends = ["-> x@far.test", "-> y@far.test", "bob@example.test"]
        #expect(try await shown("sales+a@example.test", directory) == ends)
        try await directory.removeAlias(address("sales@example.test"))
        #expect(try await shown("sales@example.test", directory) == ["unknown"])
    }

    @Test func `A target with a detail goes to the address before it`() async throws {
        let directory = try await Fixture.withPeople().directory
        _ = try await directory.addAlias(address("a@example.test"), targets: addresses("bob+lists@example.test"))
        #expect(try await shown("a@example.test", directory) == ["bob@example.test"])
        await refuses(.notFound) {
            _ = try await directory.addAlias(address("b@example.test"), targets: addresses("nobody+x@example.test"))
        }
    }

    @Test func `A domain that becomes one of this server's is looked up here`() async throws {
        let directory = try await Fixture.withPeople().directory
        _ = try await directory.addAlias(address("a@example.test"), targets: addresses("cid@new.test", "dan@new.test"))
        #expect(try await shown("a@example.test", directory) == ["-> cid@new.test", "-> dan@new.test"])
        _ = try await directory.addDomain(domain("new.test"))
        _ = try await directory.addAccount(address("cid@new.test"))
        #expect(try await shown("a@example.test", directory) == ["-> dan@new.test", "cid@new.test"])
    }

    @Test func `A forward keeps a copy or not, and ends`() async throws {
        let directory = try await Fixture.withPeople().directory
        let bob = try address("bob@example.test")
        try await directory.setForward(bob, AccountForward(targets: addresses("bob@far.test")))
        #expect(try await shown("bob@example.test", directory) == ["-> bob@far.test", "bob@example.test"])
        try await directory.setForward(
            bob,
            AccountForward(targets: addresses("alice@example.test", "bob@far.test"), keepsCopy: false)
        )
        #expect(try await shown("bob@example.test", directory) == ["-> bob@far.test", "Alice@example.test"])
        #expect(try await directory.forwards().values.map(\.targets.count) == [2])
        // Whose the address is does not change with where its mail goes.
        #expect(await directory.owners(of: bob) == .accounts([LocalRecipient(account: AccountID(2), address: bob)]))
        await refuses(.invalid) {
            try await directory.setForward(address("alice@example.test"), AccountForward(targets: [bob]))
        }
        await refuses(.inUse) { _ = try await directory.removeAccount(address("alice@example.test")) }
        _ = try await directory.setAccount(bob) { $0.isEnabled = false }
        #expect(try await shown("bob@example.test", directory) == ["disabled"])
        _ = try await directory.setAccount(bob) { $0.isEnabled = true }
        try await directory.setForward(bob, AccountForward())
        #expect(try await shown("bob@example.test", directory) == ["bob@example.test"])
        #expect(try await directory.forwards().isEmpty)
        _ = try await directory.removeAccount(address("alice@example.test"))
    }

    @Test func `Groups nest, and everyone is there once`() async throws {
        let directory = try await Fixture.withPeople().directory
        let inner = try await directory.addGroup(
            address("inner@example.test"),
            members: addresses("bob@example.test", "x@far.test", "Y@far.test")
        )
        #expect(inner.rules == GroupRules())
        let owner = try address("alice@example.test")
        let staff = try await directory.addGroup(
            address("staff@example.test"),
            members: addresses("alice@example.test", "inner@example.test", "bob@example.test", "y@far.test"),
            rules: GroupRules(owner: owner, senders: try #require(GroupSenders(["members", "far.test"])))
        )
        #expect(staff.members.count == 4)
        let by = " by alice@example.test"
        #expect(
            try await shown("staff@example.test", directory) == [
                "-> x@far.test" + by, "-> y@far.test" + by, "Alice@example.test" + by, "bob@example.test" + by,
            ]
        )
        await refuses(.invalid) {
            var change = GroupChange()
            change.added = try addresses("staff@example.test")
            _ = try await directory.setGroup(inner.address, change)
        }
        var change = GroupChange()
        (change.added, change.removed) = try (addresses("z@far.test"), addresses("X@FAR.test", "bob@example.test"))
        change.owner = .some(try address("x@far.test"))
        let changed = try await directory.setGroup(inner.address, change)
        #expect(changed.members.map(\.description) == ["Y@far.test", "z@far.test"])
        #expect(try await shown("staff@example.test", directory).contains("-> z@far.test by x@far.test"))
        await refuses(.inUse) { try await directory.removeGroup(inner.address) }
        await refuses(.alreadyExists) {
            _ = try await directory.addAlias(inner.address, targets: addresses("bob@example.test"))
        }
        await refuses(.notFound) { try await directory.removeAlias(inner.address) }
        #expect(try await directory.aliases().isEmpty)
        try await directory.removeGroup(staff.address)
        #expect(try await directory.groups(in: domain("example.test")).map(\.address) == [inner.address])
        await refuses(.invalid) {
            _ = try await directory.addGroup(
                address("own@example.test"),
                members: addresses("bob@example.test"),
                rules: GroupRules(owner: address("OWN@example.test"))
            )
        }
        #expect(await directory.owners(of: inner.address) == .unknown)
    }

    @Test func `Who may send`() async throws {
        let directory = try await Fixture.withPeople().directory
        _ = try await directory.addGroup(
            address("g@example.test"),
            members: addresses("bob@example.test", "x@far.test")
        )
        guard case .expanded(let expansion) = await directory.resolve(try address("g@example.test")) else {
            Issue.record("is no group")
            return
        }
        let alice = AuthenticatedUser(account: AccountID(1), name: try address("alice@example.test"))
        let bob = AuthenticatedUser(account: AccountID(2), name: try address("bob@example.test"))
        func may(_ words: [String], _ sender: String?, _ user: AuthenticatedUser? = nil) -> Bool {
            let path = sender.flatMap { MailboxAddress($0) }.map { ReversePath.address($0) } ?? .null
            return GroupSenders(words)?.permit(path, user: user, members: expansion.members) ?? false
        }
        #expect(may(["anyone"], nil) && may(["anyone"], "a@b.test"))
        #expect(!may(["users"], "bob@example.test") && may(["users"], nil, alice))
        #expect(may(["members"], "X@far.test") && !may(["members"], "z@far.test") && !may(["members"], nil))
        #expect(may(["members"], "other@example.test", bob) && !may(["members"], "alice@example.test", alice))
        #expect(may(["users", "b.test"], "a@b.test") && !may(["users", "b.test"], "a@c.test"))
        #expect(may(["a@b.test"], "A@b.test") && !may(["a@b.test"], "c@b.test"))
        for words in [[], ["anyone", "users"], ["nobody"], ["a@"]] { #expect(GroupSenders(words) == nil, "\(words)") }
    }

    @Test func `The rules of a group hold by whatever way mail comes to it`() async throws {
        let fixture = try await Fixture.withPeople()
        let directory = fixture.directory
        let bob = try address("bob@example.test")
        func add(_ group: String, _ members: String..., senders: [String]) async throws {
            _ = try await directory.addGroup(
                address(group),
                members: members.map { try address($0) },
                rules: GroupRules(senders: try #require(GroupSenders(senders)))
            )
        }
        try await add("staff@example.test", "alice@example.test", "x@far.test", senders: ["users"])
        try await add("open@example.test", "staff@example.test", "y@far.test", senders: ["anyone"])
        try await add("club@example.test", "staff@example.test", senders: ["members"])
        for (alias, targets) in [
            ("news", ["staff"]), ("longer", ["news"]), ("mixed", ["bob", "news"]), ("ours", ["club"]),
            ("both", ["staff", "open"]),
        ] {
            let targets = try targets.map { try address("\($0)@example.test") }
            _ = try await directory.addAlias(address("\(alias)@example.test"), targets: targets)
        }
        func ends(_ local: String, _ sender: String, _ user: AuthenticatedUser? = nil) async throws -> String {
            let path = ForwardPath.address(try address("\(local)@example.test"))
            switch await directory.resolve(path, from: .address(try address(sender)), user: user) {
            case .forbidden: return "forbidden"
            case .resolved(.expanded(let expansion)):
                return expansion.members.map { "\($0.place.address)" }.sorted().joined(separator: " ")
            case .resolved(let other): return "\(other)"
            }
        }
        let alice = AuthenticatedUser(account: AccountID(1), name: try address("alice@example.test"))
        let all = "Alice@example.test x@far.test"
        for way in ["staff", "news", "longer", "news+x"] {
            #expect(try await ends(way, "z@far.test") == "forbidden", "\(way)")
            #expect(try await ends(way, "alice@example.test", alice) == all, "\(way)")
        }
        #expect(try await ends("ours", "X@far.test") == all)
        #expect(try await ends("ours", "z@far.test") == "forbidden")
        // What is within a group takes what the outer one takes, whatever else leads there.
        #expect(try await ends("open", "z@far.test") == all + " y@far.test")
        #expect(try await ends("both", "z@far.test") == all + " y@far.test")
        #expect(!fixture.log.numbers.contains(9204))
        // Others behind an alias, and who keeps a copy, get the mail; an event says who does not.
        #expect(try await ends("mixed", "z@far.test") == "bob@example.test")
        #expect(fixture.log.fields(of: 9204)["directory.groups"] == .string("staff@example.test"))
        #expect(
            try await ends("mixed", "alice@example.test", alice) == "Alice@example.test bob@example.test x@far.test"
        )
        try await directory.setForward(bob, AccountForward(targets: addresses("staff@example.test")))
        #expect(try await ends("bob", "z@far.test") == "bob@example.test")
        try await directory.setForward(bob, AccountForward(targets: addresses("staff@example.test"), keepsCopy: false))
        #expect(try await ends("bob", "z@far.test") == "forbidden")
        #expect(try await ends("bob", "alice@example.test", alice) == all)
    }

    @Test func `What a domain does not have goes to its star`() async throws {
        let directory = try await Fixture.withPeople().directory
        _ = try await directory.addAlias(address("*@example.test"), targets: addresses("bob@example.test"))
        for (text, expected) in [
            ("nobody@example.test", "bob@example.test"), ("alice@example.test", "Alice@example.test"),
            ("alice+x@example.test", "Alice@example.test"), ("postmaster@example.test", "Alice@example.test"),
            ("nobody@other.test", "unknown"),
        ] {
            #expect(try await shown(text, directory) == [expected], "\(text)")
        }
    }

    @Test func `A large group is expanded, one that is too large is put off`() async throws {
        let directory = try await Fixture.withPeople().directory
        let members = try (0..<6_000).map { try address("m\($0)@far.test") }
        let others = try (0..<6_000).map { try address("n\($0)@far.test") }
        _ = try await directory.addGroup(address("one@example.test"), members: members)
        _ = try await directory.addGroup(address("two@example.test"), members: others)
        _ = try await directory.addGroup(
            address("all@example.test"),
            members: addresses("one@example.test", "two@example.test")
        )
        #expect(try await shown("one@example.test", directory).count == 6_000)
        #expect(try await shown("all@example.test", directory) == ["temporary"])
    }
}
