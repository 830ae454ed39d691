// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

package import MailTypes

/// One account as the fold of its records.
package struct AccountState: Sendable, Hashable {
    /// The first mailbox of every account is INBOX.
    package static let inboxID = MailboxID(1)
    /// Stands for the account where annotations say what they belong to.
    package static let accountID = MailboxID(0)

    package internal(set) var mailboxes: [MailboxID: MailboxState] = [:]
    package internal(set) var names: [MailboxName: MailboxID] = [:]
    package internal(set) var subscriptions: Set<MailboxName> = []
    /// Ids that were given and are gone.
    package internal(set) var deletedMailboxes: Set<MailboxID> = []
    package internal(set) var nextMailboxID: UInt32 = 1
    package internal(set) var lastUIDValidity: UInt32 = 0
    package internal(set) var highestModSeq = ModSeq.zero
    package internal(set) var deliveries = RecentDeliveries()
    package internal(set) var isRemoved = false
    /// All messages of all mailboxes, each copy counted; the quarantine is not.
    package internal(set) var usage = QuotaUsage()
    package internal(set) var threads = ThreadIndex()
    /// Of mailboxes and of the account; none of them empty.
    package internal(set) var annotations: [MailboxID: Annotations] = [:]
    /// Of mailboxes that others than the owner have rights to; none of them empty.
    package internal(set) var accessLists: [MailboxID: AccessList] = [:]
    /// Oldest first.
    package internal(set) var quarantine: [QuarantinedMessage] = []

    package init() {}

    package subscript(_ name: MailboxName) -> MailboxState? { names[name].flatMap { mailboxes[$0] } }

    /// Every mailbox by name, and subscribed names that have none.
    package var descriptions: [MailboxDescription] {
        let all = Set(names.keys).union(subscriptions).sorted()
        return all.enumerated().map { place, name in
            let mailbox = self[name]
            return MailboxDescription(
                name: name,
                id: mailbox?.id,
                isSubscribed: subscriptions.contains(name),
                specialUse: mailbox?.specialUse ?? [],
                hasChildren: Self.hasChild(name, after: place, in: all, names)
            )
        }
    }

    /// Names between a mailbox and those below it may sort in between (`a`, `a-b`, `a/c`).
    private static func hasChild(
        _ name: MailboxName,
        after place: Int,
        in all: [MailboxName],
        _ names: [MailboxName: MailboxID]
    ) -> Bool {
        for other in all[(place + 1)...] {
            guard other.text.hasPrefix(name.text) else { return false }
            if other.isBelow(name), names[other] != nil { return true }
        }
        return false
    }
}
