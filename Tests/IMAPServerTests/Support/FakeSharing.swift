// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

import IMAPServer
import Locking
import MailStore
import MailTypes
import Runtime
import SASL

/// Knows alice, bob and carol, and the group `$staff@example.test`, in which bob is.
final class FakeSharing: MailboxSharing {
    /// Who shares, as it was noted.
    let notes = Lock<[AccountID: Set<String>]>([:])
    /// Nothing can be asked.
    let isDown = Lock(false)
    private static let names = ["alice", "bob", "carol"]

    private static func user(_ name: String) -> AuthenticatedUser? {
        guard let number = names.firstIndex(of: name), let address = MailboxAddress("\(name)@example.test") else {
            return nil
        }
        return AuthenticatedUser(account: AccountID(UInt64(7 + number)), name: address)
    }

    private func ask() throws(MailStoreError) {
        guard !isDown.withLock({ $0 }) else { throw MailStoreError(.unavailable, "the directory cannot be asked now") }
    }

    func identifier(_ text: String) async throws(MailStoreError) -> AccessLookup {
        try ask()
        let isNegative = text.hasPrefix("-")
        let name = isNegative ? String(text.dropFirst()) : text
        guard !name.isEmpty else { return .invalid }
        let holder: String? =
            switch name {
            case "anyone", "$staff@example.test": name
            case "staff@example.test": "$" + name
            default: Self.names.first { name == $0 || name == "\($0)@example.test" }.map { "\($0)@example.test" }
            }
        guard let identifier = holder.flatMap({ AccessIdentifier(holder: $0, isNegative: isNegative) }) else {
            return .unknown
        }
        return .found(identifier)
    }

    func isUser(_ holder: String, of account: AccountID) async throws(MailStoreError) -> Bool {
        try ask()
        return Self.names.contains { name in
            holder == "\(name)@example.test" && Self.user(name)?.account == account
        }
    }

    func holders(
        among holders: Set<String>,
        standingFor user: AuthenticatedUser
    ) async throws(MailStoreError) -> Set<String> {
        try ask()
        let groups: Set<String> = user.account == AccountID(8) ? ["$staff@example.test"] : []
        return holders.intersection(groups.union(["anyone", user.name.folded]))
    }

    func owners(sharingWith user: AuthenticatedUser) async throws(MailStoreError) -> [AuthenticatedUser] {
        try ask()
        let notes = notes.withLock { $0 }
        let all = try await holders(among: notes.values.reduce(into: []) { $0.formUnion($1) }, standingFor: user)
        return Self.names.compactMap(Self.user).filter { owner in
            !(notes[owner.account] ?? []).isDisjoint(with: all)
        }
    }

    func note(_ holder: String, of owner: AccountID, shares: Bool) async throws(MailStoreError) {
        notes.withLock { notes in
            if shares {
                notes[owner, default: []].insert(holder)
            } else {
                notes[owner]?.remove(holder)
            }
        }
    }
}

extension Dialogue {
    /// Alice, whose INBOX has a message, and bob, who has one too; both logged on.
    static func ownerAndOther(
        _ sharing: FakeSharing = FakeSharing(),
        _ body: @escaping @Sendable (IMAPTestClient, IMAPTestClient, FakeStore) async throws -> Void
    ) async throws {
        var dialogue = Dialogue()
        dialogue.sharing = sharing
        let store = dialogue.store
        store.account.deliver("Subject: hers\r\n\r\nx\r\n")
        store.account(of: AccountID(8)).deliver("Subject: his\r\n\r\ny\r\n", flags: FlagSet(system: [.seen, .flagged]))
        let served = dialogue
        try await EventLoop.run { loop in
            try await Connection.withPeer(loop: loop, peer: { await served.serve($0) }) { first in
                try await Connection.withPeer(loop: loop, peer: { await served.serve($0) }) { second in
                    let (alice, bob) = (IMAPTestClient(first), IMAPTestClient(second))
                    for client in [alice, bob] { client.connection.idleTimeout = .seconds(180) }
                    try await alice.logOn()
                    try await bob.logOn(as: "bob@example.test")
                    try await body(alice, bob, store)
                }
            }
        }
    }
}
