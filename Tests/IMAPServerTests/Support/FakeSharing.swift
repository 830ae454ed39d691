// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

import IMAPServer
import Locking
import MailStore
import MailTypes
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
