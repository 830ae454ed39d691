// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import MailTypes

/// Follows an address through aliases, groups and forwards to its ends: each address once (and once more behind a
/// group), and at most `AliasExpansion.maximumDepth` steps.
///
/// Runs on the database's thread.
struct RecipientExpansion {
    /// What is followed.
    enum Scope: Sendable {
        case all
        /// Whose the address is, not where its mail goes: aliases only.
        case aliases
    }

    /// An address on the way, and the envelope sender for what is behind it.
    private struct Visit {
        var node: Node
        var sender: MailboxAddress?
        /// Behind a group, whose rules hold for all that it stands for.
        var isGoverned = false
    }

    /// What is visited once: what is behind a group on one way may be behind none on another.
    private struct Visited: Hashable {
        var id: Int64
        var isGoverned: Bool
    }

    /// One address on the way.
    private struct Node {
        var id: Int64
        var address: MailboxAddress?
        var account: LocalRecipient?
        var isEnabled: Bool
        var keepsCopy: Bool
        var isGroup: Bool
        var owner: MailboxAddress?
        var hasTargets: Bool
    }

    private enum Step {
        case node(Node)
        case remote(MailboxAddress)
    }

    private let database: Database
    private let policy: ResolutionPolicy
    private let scope: Scope
    /// Groups that are not followed, unless they are behind another one.
    private let closed: Set<MailboxAddress>
    private var members: [Expansion.Member] = []
    private var seen: Set<Visited> = []
    private var seenAccounts: Set<AccountID> = []
    private var seenRemotely: Set<MailboxAddress> = []
    private var group: GroupRules?
    private var gates: [GroupGate] = []
    /// Nothing but accounts and their aliases was met.
    private var isPlain = true
    private var hasDisabled = false

    init(_ database: Database, _ policy: ResolutionPolicy, _ scope: Scope, closed: Set<MailboxAddress>) {
        self.database = database
        self.policy = policy
        self.scope = scope
        self.closed = closed
    }

    /// What was found.
    var resolution: Resolution {
        guard !members.isEmpty else { return hasDisabled ? .disabled : .unknown }
        guard isPlain else { return .expanded(Expansion(members: members, group: group, gates: gates)) }
        let accounts = members.compactMap { member in
            if case .account(let recipient) = member.place { recipient } else { nil }
        }
        return .accounts(accounts.sorted { $0.account.rawValue < $1.account.rawValue })
    }

    /// Throws `AliasExpansion.TooLarge` when there are too many.
    mutating func run(from address: Int64) throws {
        guard let root = try node(address) else { return }
        if root.isGroup { group = try database.groupRules(of: address) }
        var level = [Visit(node: root)]
        seen.insert(Visited(id: address, isGoverned: false))
        for _ in 0...AliasExpansion.maximumDepth where !level.isEmpty {
            var next: [Visit] = []
            for step in level { next += try visit(step) }
            level = next
        }
    }

    /// Whether the way ends at a group, for it is one of `closed`; notes those that not everybody may send to.
    private mutating func isClosed(_ visit: Visit) throws -> Bool {
        guard visit.node.isGroup, !visit.isGoverned, let address = visit.node.address else { return false }
        guard !closed.contains(MailboxAddress(folding: address)) else { return true }
        if let rules = try database.groupRules(of: visit.node.id), rules.senders != .anyone {
            gates.append(GroupGate(address: address, senders: rules.senders))
        }
        return false
    }

    /// Takes an address for what it is; where its mail goes on to.
    private mutating func visit(_ visit: Visit) throws -> [Visit] {
        let (node, sender) = (visit.node, visit.sender)
        if let account = node.account {
            guard node.isEnabled else {
                hasDisabled = true
                return []
            }
            let forwards = node.hasTargets && scope == .all
            if !forwards || node.keepsCopy, seenAccounts.insert(account.account).inserted {
                try add(.account(account), sender)
            }
            guard forwards else { return [] }
            isPlain = false
        }
        guard node.hasTargets else { return [] }
        if node.isGroup {
            guard scope == .all else { return [] }
            isPlain = false
            guard try !isClosed(visit) else { return [] }
        }
        let behind = node.owner ?? sender
        let isGoverned = visit.isGoverned || node.isGroup
        var next: [Visit] = []
        for step in try targets(of: node.id) {
            switch step {
            case .node(let target):
                guard seen.insert(Visited(id: target.id, isGoverned: isGoverned)).inserted else { continue }
                next.append(Visit(node: target, sender: behind, isGoverned: isGoverned))
            case .remote(let address):
                guard scope == .all else { continue }
                isPlain = false
                let key = MailboxAddress(folding: address)
                if seenRemotely.insert(key).inserted { try add(.remote(address), behind) }
            }
        }
        return next
    }

    private mutating func add(_ place: Expansion.Place, _ sender: MailboxAddress?) throws {
        guard members.count < AliasExpansion.maximumAccounts else { throw AliasExpansion.TooLarge() }
        members.append(Expansion.Member(place: place, sender: sender))
    }

    // MARK: Tables

    private func node(_ id: Int64) throws(SQLiteError) -> Node? {
        try database.first("SELECT \(Self.columns) WHERE addresses.id = ?1", [.integer(id)], Self.read)
    }

    private func targets(of source: Int64) throws(SQLiteError) -> [Step] {
        let local = try database.all(
            "SELECT \(Self.columns) JOIN alias_targets ON target = addresses.id WHERE alias = ?1 ORDER BY position",
            [.integer(source)],
            Self.read
        )
        let others = try database.all(
            "SELECT local_part, domain FROM remote_targets WHERE source = ?1 ORDER BY position",
            [.integer(source)]
        ) { MailboxAddress(stored: $0.text(0), domain: $0.text(1)) }
        var steps = local.map(Step.node)
        for address in others.compactMap(\.self) { steps.append(try step(to: address)) }
        return steps
    }

    /// A domain may have become one of this server's, and a detail is none of the address.
    private func step(to address: MailboxAddress) throws(SQLiteError) -> Step {
        guard let domain = try database.domainID(address.domain),
            let found = try database.addressID(address.localPart.folded, in: domain, policy),
            let node = try node(found)
        else { return .remote(address) }
        return .node(node)
    }

    private static let columns = """
        addresses.id, accounts.id, addresses.local_part, domains.name, accounts.enabled, accounts.keeps_copy,
            mail_groups.address IS NOT NULL, mail_groups.owner,
            EXISTS (SELECT 1 FROM alias_targets AS t WHERE t.alias = addresses.id)
                OR EXISTS (SELECT 1 FROM remote_targets AS r WHERE r.source = addresses.id)
        FROM addresses JOIN domains ON domains.id = addresses.domain
            LEFT JOIN accounts ON accounts.id = addresses.account
            LEFT JOIN mail_groups ON mail_groups.address = addresses.id
        """

    private static func read(_ row: borrowing PreparedStatement) -> Node {
        let address = MailboxAddress(stored: row.text(2), domain: row.text(3))
        let account = row.optionalInteger(1).flatMap { number in
            address.map { LocalRecipient(account: AccountID(UInt64(clamping: number)), address: $0) }
        }
        return Node(
            id: row.integer(0),
            address: address,
            account: account,
            isEnabled: row.bool(4),
            keepsCopy: row.bool(5),
            isGroup: row.bool(6),
            owner: row.optionalText(7).flatMap { MailboxAddress($0) },
            hasTargets: row.bool(8)
        )
    }
}

extension MailboxAddress {
    /// As it is compared: case of the local part counts for nothing here.
    init(folding address: MailboxAddress) {
        self.init(localPart: LocalPart(address.localPart.folded) ?? address.localPart, domain: address.domain)
    }
}
