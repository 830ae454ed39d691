// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

import Directory
import MailTypes
import SASL
import Testing

/// Whom identifiers of RFC 4314 stand for, and who shares with whom.
@Suite struct SharesTests {
    private func user(_ text: String, _ directory: AccountDirectory) async throws -> AuthenticatedUser {
        let account = try await directory.account(address(text))
        return AuthenticatedUser(account: account.id, name: account.address)
    }

    @Test(arguments: [
        ("anyone", ShareHolder.known("anyone")), ("BOB@example.test", .known("bob@example.test")),
        ("bob", .known("bob@example.test")), ("Alice@Example.Test", .known("alice@example.test")),
        ("staff@example.test", .known("$staff@example.test")), ("$Staff@example.test", .known("$staff@example.test")),
        ("$staff", .known("$staff@example.test")), ("$bob", .unknown), ("nobody", .unknown), ("x@far.test", .unknown),
        ("sales@example.test", .unknown), ("", .invalid), ("a\u{7}b", .invalid), ("\u{0}", .invalid),
    ])
    func `An identifier has one form`(text: String, expected: ShareHolder) async throws {
        let directory = try await Fixture.withPeople(["directory/default-domain": "example.test"]).directory
        _ = try await directory.addGroup(address("staff@example.test"), members: [address("bob@example.test")])
        _ = try await directory.addAlias(address("sales@example.test"), targets: [address("bob@example.test")])
        #expect(try await directory.shareHolder(text) == expected)
    }

    @Test func `Groups stand for those in them, however deep, and not for whom mail is forwarded to`() async throws {
        let directory = try await Fixture.withPeople().directory
        _ = try await directory.addAccount(address("carol@example.test"), password: quick("secret2"))
        _ = try await directory.addAlias(address("robert@example.test"), targets: [address("bob@example.test")])
        _ = try await directory.addGroup(address("inner@example.test"), members: [address("robert@example.test")])
        _ = try await directory.addGroup(
            address("outer@example.test"),
            members: [address("inner@example.test"), address("x@far.test")]
        )
        try await directory.setForward(
            address("bob@example.test"),
            AccountForward(targets: [address("carol@example.test")], keepsCopy: false)
        )
        let all: Set = [
            "anyone", "bob@example.test", "$inner@example.test", "$outer@example.test", "$none@example.test",
            "alice@example.test", "$robert@example.test",
        ]
        let bobs = try await directory.shareHolders(among: all, standingFor: user("bob@example.test", directory))
        #expect(bobs == ["anyone", "bob@example.test", "$inner@example.test", "$outer@example.test"])
        let carols = try await directory.shareHolders(among: all, standingFor: user("carol@example.test", directory))
        #expect(carols == ["anyone"])
    }

    @Test func `A holder is the user of an account by address, and as neither everybody nor a group`() async throws {
        let directory = try await Fixture.withPeople(["directory/default-domain": "example.test"]).directory
        _ = try await directory.addGroup(address("staff@example.test"), members: [address("bob@example.test")])
        let bob = try await user("bob@example.test", directory).account
        #expect(try await directory.isShareHolder("bob@example.test", theUserOf: bob))
        for holder in ["alice@example.test", "anyone", "$staff@example.test", "$bob@example.test", "none@example.test"]
        {
            #expect(try await directory.isShareHolder(holder, theUserOf: bob) == false, "\(holder)")
        }
    }

    @Test func `Who shares is found by those shared with, until it is forgotten or the account is gone`() async throws {
        let fixture = try await Fixture.withPeople()
        let directory = fixture.directory
        _ = try await directory.addGroup(address("staff@example.test"), members: [address("bob@example.test")])
        let (alice, bob) = (
            try await user("alice@example.test", directory), try await user("bob@example.test", directory)
        )
        for _ in 0..<2 { try await directory.noteShare("bob@example.test", of: alice.account, isShared: true) }
        try await directory.noteShare("$staff@example.test", of: alice.account, isShared: true)
        try await directory.noteShare("alice@example.test", of: AccountID(999), isShared: true)
        #expect(try await directory.sharers(with: bob) == [alice])
        #expect(try await fixture.another().sharers(with: bob) == [alice])
        #expect(try await directory.sharers(with: alice).isEmpty)
        try await directory.noteShare("bob@example.test", of: alice.account, isShared: false)
        #expect(try await directory.sharers(with: bob) == [alice])
        try await directory.noteShare("anyone", of: bob.account, isShared: true)
        #expect(try await directory.sharers(with: alice) == [bob])
        _ = try await directory.removeAccount(address("alice@example.test"))
        #expect(try await directory.sharers(with: bob) == [bob])
    }
}
