// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

package import MailTypes
package import SASL
package import SMTPWire

/// One account that gets a copy of a message.
package struct LocalDelivery: Sendable, Hashable {
    package var account: AccountID
    /// The address the message is delivered to: the recipient after aliases were followed.
    package var address: MailboxAddress

    package init(account: AccountID, address: MailboxAddress) {
        self.account = account
        self.address = address
    }
}

/// One place that mail for a recipient goes on to, after aliases, groups and forwards were followed.
package struct ExpandedRecipient: Sendable, Hashable {
    /// `nil` for one of another server.
    package var account: AccountID?
    package var address: MailboxAddress
    /// The envelope sender in place of the message's own: the owner of a group.
    package var sender: MailboxAddress?

    package init(account: AccountID? = nil, address: MailboxAddress, sender: MailboxAddress? = nil) {
        self.account = account
        self.address = address
        self.sender = sender
    }
}

/// What is known of a recipient when RCPT asks (row F-65: nothing is accepted first and returned later).
package enum RecipientResolution: Sendable, Hashable {
    /// At least one; several for an alias.
    case deliver([LocalDelivery])
    /// It stands for others, some of them perhaps of other servers; at least one, each once.
    case expand([ExpandedRecipient])
    /// The domain is ours, the address is not there: `550 5.1.1`.
    case unknown
    /// The domain is not ours: `550 5.7.1`, unless the client may relay.
    case notLocal
    /// The domain is not ours, and mail for it goes on from here for this client.
    case relay
    /// Not from this sender, not this large, not that way: this reply.
    case refused(SMTPReply)
    /// The account may not receive now: `550 5.2.1`.
    case disabled
    /// `552 5.2.2`: the mailbox is full, or would be with the message.
    case overQuota
    /// The directory did not answer: `451 4.3.0`.
    case temporary
}

extension RecipientResolution {
    /// There is somebody here who gets the mail, or passes it on.
    var isTaken: Bool {
        switch self {
        case .deliver, .expand: true
        default: false
        }
    }
}

/// Finds the accounts behind a recipient.
///
/// Composition supplies it from the directory.
package protocol RecipientResolver: Sendable {
    /// - Parameters:
    ///   - sender: the reverse-path of the transaction.
    ///   - user: who is logged on, on submission.
    func resolve(
        _ recipient: ForwardPath,
        from sender: ReversePath,
        user: AuthenticatedUser?
    ) async -> RecipientResolution

    /// What becomes of mail for accounts that were found: `.deliver` with them, or why not.
    ///
    /// - Parameter octets: the message's size, when the client told it.
    func admission(of deliveries: [LocalDelivery], octets: UInt64?) async -> RecipientResolution
}

/// Decides about mail for other servers.
///
/// Composition supplies it; without one relay is closed to everybody.
package protocol RelayPolicy: Sendable {
    /// Whether mail for it is taken from everybody, as for this server's own accounts: from here it goes to a program.
    func takesFromEverybody(_ recipient: ForwardPath) -> Bool

    /// What becomes of a recipient of another server, from a client that may relay: `.relay`, or why not.
    func admission(of recipient: RecipientCommand, in transaction: MailTransaction) async -> RecipientResolution
}

extension RelayPolicy {
    /// For policies that know only other servers.
    package func takesFromEverybody(_ recipient: ForwardPath) -> Bool { false }
}

extension RecipientResolver {
    /// For resolvers that know of no reason against.
    package func admission(of deliveries: [LocalDelivery], octets: UInt64?) async -> RecipientResolution {
        .deliver(deliveries)
    }
}
