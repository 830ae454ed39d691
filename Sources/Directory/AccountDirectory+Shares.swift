// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

package import MailTypes
package import SASL

/// Whom an identifier in a list of rights stands for (RFC 4314 §2).
package enum ShareHolder: Sendable, Hashable {
    /// `anyone`, the folded address of an account, or `$` and that of a group.
    case known(String)
    /// Nobody here.
    case unknown
    /// What SASLprep makes nothing of (RFC 4314 §3).
    case invalid
}

extension AccountDirectory {
    private static let anyone = "anyone"
    private static let groupSign: Character = "$"

    /// The one form of an identifier: a user is named as for log-on, a group by its address, with or without `$` in
    /// front.
    package func shareHolder(_ text: String) async throws(DirectoryError) -> ShareHolder {
        guard let octets = SASLprep.prepare(Array(text.utf8)) else { return .invalid }
        let prepared = String(decoding: octets, as: UTF8.self)
        if prepared == Self.anyone { return .known(prepared) }
        let isGroup = prepared.first == Self.groupSign
        let name = isGroup ? String(prepared.dropFirst()) : prepared
        if !isGroup, let account = try await account(loggingOnAs: name) { return .known(account.address.folded) }
        guard let address = address(loggingOnAs: name) else { return .unknown }
        do throws(DirectoryError) {
            let group = try await group(address)
            return .known("\(Self.groupSign)\(group.address.folded)")
        } catch {
            guard error.code == .notFound else { throw error }
            return .unknown
        }
    }

    /// Whether a holder is the user of an account, and neither everybody nor a group.
    package func isShareHolder(_ holder: String, theUserOf account: AccountID) async throws(DirectoryError) -> Bool {
        guard holder != Self.anyone, holder.first != Self.groupSign else { return false }
        return try await self.account(loggingOnAs: holder)?.id == account
    }

    /// Those of some holders that stand for a user: everybody, the user's own address, groups that the user is in.
    ///
    /// A group counts with the groups and aliases in it; where a member's mail is forwarded to does not matter.
    package func shareHolders(
        among holders: Set<String>,
        standingFor user: AuthenticatedUser
    ) async throws(DirectoryError) -> Set<String> {
        // Octet by octet, as addresses are told apart; and one that begins as groups do is no group.
        let own = user.name.folded.first == Self.groupSign ? nil : user.name.folded
        var found = holders.filter { holder in
            holder == Self.anyone || own.map { $0.utf8.elementsEqual(holder.utf8) } == true
        }
        for holder in holders where holder.first == Self.groupSign {
            guard let group = MailboxAddress(String(holder.dropFirst())) else { continue }
            let account = user.account
            let answer = try await answer(to: .membership(account, group)) {
                .membership(try $0.isMember(account, of: group))
            }
            if case .membership(true) = answer { found.insert(holder) }
        }
        return found
    }

    /// Every account of which it is noted that somebody has rights there who stands for the user, by address.
    package func sharers(with user: AuthenticatedUser) async throws(DirectoryError) -> [AuthenticatedUser] {
        let answer = try await answer(to: .shares) { .shares(try $0.shares()) }
        guard case .shares(let shares) = answer, !shares.isEmpty else { return [] }
        let holders = try await shareHolders(among: Set(shares.keys), standingFor: user)
        let owners = Set(holders.flatMap { shares[$0] ?? [] })
        return owners.sorted { $0.name.folded < $1.name.folded }
    }

    /// Notes, or forgets, that a holder has rights to a mailbox of an account; nothing for an account that is not
    /// there.
    package func noteShare(
        _ holder: String,
        of owner: AccountID,
        isShared: Bool
    ) async throws(DirectoryError) {
        let answer = try await answer(to: .shares) { .shares(try $0.shares()) }
        guard case .shares(let shares) = answer,
            shares[holder, default: []].contains(where: { $0.account == owner }) != isShared
        else { return }
        let values = [SQLiteValue.integer(Int64(clamping: owner.rawValue)), .text(holder)]
        let statement =
            isShared
            ? "INSERT OR IGNORE INTO mailbox_shares (owner, holder) SELECT id, ?2 FROM accounts WHERE id = ?1"
            : "DELETE FROM mailbox_shares WHERE owner = ?1 AND holder = ?2"
        try await change("share \(isShared ? "note" : "forget")", "\(owner) \(holder)") { database in
            try database.run(statement, values)
        }
    }
}

extension Database {
    /// Owners by holder.
    fileprivate func shares() throws(SQLiteError) -> [String: Set<AuthenticatedUser>] {
        let rows = try all(
            """
            SELECT holder, owner, local_part, name
            FROM mailbox_shares JOIN addresses ON addresses.account = owner JOIN domains ON domains.id = addresses.domain
            """
        ) { row in
            (
                holder: row.text(0), owner: AccountID(UInt64(clamping: row.integer(1))),
                address: MailboxAddress(stored: row.text(2), domain: row.text(3))
            )
        }
        var shares: [String: Set<AuthenticatedUser>] = [:]
        for row in rows {
            guard let address = row.address else { continue }
            shares[row.holder, default: []].insert(AuthenticatedUser(account: row.owner, name: address))
        }
        return shares
    }

    /// Whether an account is in a group, or in a group or alias that is in it.
    fileprivate func isMember(_ account: AccountID, of group: MailboxAddress) throws(SQLiteError) -> Bool {
        guard let domain = try domainID(group.domain),
            let address = try addressID(group.localPart.folded, in: domain)
        else { return false }
        let found = try first(
            """
            WITH RECURSIVE within (address) AS (
                SELECT address FROM mail_groups WHERE address = ?1
                UNION
                SELECT alias_targets.target FROM within
                    JOIN addresses ON addresses.id = within.address AND addresses.account IS NULL
                    JOIN alias_targets ON alias_targets.alias = within.address
            )
            SELECT 1 FROM within JOIN addresses ON addresses.id = within.address WHERE addresses.account = ?2
            """,
            [.integer(address), .integer(Int64(clamping: account.rawValue))]
        ) { $0.integer(0) }
        return found != nil
    }
}
