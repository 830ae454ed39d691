// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

package import MailTypes
package import SASL

/// What an address stands for, after aliases, groups and forwards were followed.
package struct Expansion: Sendable, Hashable {
    /// Where mail goes on to.
    package enum Place: Sendable, Hashable {
        case account(LocalRecipient)
        /// Of another server.
        case remote(MailboxAddress)

        package var address: MailboxAddress {
            switch self {
            case .account(let recipient): recipient.address
            case .remote(let address): address
            }
        }
    }

    package struct Member: Sendable, Hashable {
        package let place: Place
        /// The envelope sender in place of the message's own: the owner of the group that this is a member of.
        package let sender: MailboxAddress?
    }

    /// At least one; each account and each address is there once.
    package var members: [Member]
    /// The rules of the group that the address is.
    package var group: GroupRules?
    /// Groups on the way to some of them, the address itself perhaps, that not everybody may send to.
    ///
    /// What is within a group takes what that one takes: inner groups are none of these.
    package var gates: [GroupGate] = []
}

/// A group that mail passes on its way, whose rules hold for all behind it.
package struct GroupGate: Sendable, Hashable {
    package let address: MailboxAddress
    package let senders: GroupSenders
}

/// Who may send to a group, and who hears of what does not arrive.
package struct GroupRules: Sendable, Hashable {
    /// The envelope sender of what the group passes on; `nil`: the sender's own.
    package var owner: MailboxAddress?
    package var senders: GroupSenders

    package init(owner: MailboxAddress? = nil, senders: GroupSenders = .anyone) {
        self.owner = owner
        self.senders = senders
    }
}

/// Who may send to a group: anyone, or those who are one of a list.
package struct GroupSenders: Sendable, Hashable, CustomStringConvertible {
    /// One of the list.
    package enum Kind: Sendable, Hashable, CustomStringConvertible {
        /// Who has logged on to this server.
        case users
        /// Members of the group.
        case members
        case address(MailboxAddress)
        case domain(Domain)

        package init?(_ text: String) {
            switch text {
            case "users": self = .users
            case "members": self = .members
            default:
                if let address = MailboxAddress(text) {
                    self = .address(address)
                } else if text.contains("."), let domain = Domain(text) {
                    self = .domain(domain)
                } else {
                    return nil
                }
            }
        }

        package var description: String {
            switch self {
            case .users: "users"
            case .members: "members"
            case .address(let address): "\(address)"
            case .domain(let domain): domain.text
            }
        }
    }

    /// `nil`: anyone.
    package let kinds: [Kind]?

    package static let anyone = GroupSenders(kinds: nil)

    private init(kinds: [Kind]?) { self.kinds = kinds }

    /// Reads `anyone`, or words of `users`, `members`, addresses and domains; `nil` for anything else.
    package init?(_ words: [String]) {
        guard words != ["anyone"] else {
            self = .anyone
            return
        }
        let kinds = words.compactMap(Kind.init)
        guard !kinds.isEmpty, kinds.count == words.count, kinds.count <= 1000 else { return nil }
        self.init(kinds: kinds)
    }

    /// Whether who is a member matters.
    var namesMembers: Bool { kinds?.contains(.members) ?? false }

    package var words: [String] { kinds.map { $0.map(\.description) } ?? ["anyone"] }
    package var description: String { words.joined(separator: ", ") }

    /// Whether a message may pass.
    ///
    /// Reports (null sender) may where anyone may.
    package func permit(_ sender: ReversePath, user: AuthenticatedUser?, members: [Expansion.Member]) -> Bool {
        guard let kinds else { return true }
        return kinds.contains { kind in
            switch (kind, sender.address) {
            case (.users, _): user != nil
            case (.members, let address):
                members.contains { member in
                    if case .account(let recipient) = member.place, recipient.account == user?.account { return true }
                    return address.map { Self.isSame($0, member.place.address) } ?? false
                }
            case (.address(let own), let address?): Self.isSame(own, address)
            case (.domain(let own), let address?): own == address.domain
            default: false
            }
        }
    }

    private static func isSame(_ a: MailboxAddress, _ b: MailboxAddress) -> Bool {
        a.domain == b.domain && a.localPart.folded == b.localPart.folded
    }
}

/// Where the mail of an account goes on to.
package struct AccountForward: Sendable, Hashable {
    /// None: nowhere.
    package var targets: [MailboxAddress]
    /// Whether the account has the mail, too.
    package var keepsCopy: Bool

    package init(targets: [MailboxAddress] = [], keepsCopy: Bool = true) {
        self.targets = targets
        self.keepsCopy = keepsCopy
    }
}

/// An address whose mail goes to each of its members.
package struct MailGroup: Sendable, Hashable {
    package let address: MailboxAddress
    package let rules: GroupRules
    /// Accounts, aliases and groups of this server, and addresses of others, in the order given.
    package let members: [MailboxAddress]
    /// Seconds since 1970-01-01T00:00:00Z.
    package let created: Int64
}
