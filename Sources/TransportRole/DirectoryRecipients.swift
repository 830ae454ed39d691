// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

package import Directory
package import MailTypes
package import SASL
package import SMTPServer
internal import SMTPWire

/// Answers the receiving server's questions from the directory.
package struct DirectoryRecipients: RecipientResolver, SenderPolicy, SentCopyPolicy {
    private let directory: AccountDirectory
    private let hasRoom: @Sendable (LocalDelivery, UInt64?) async -> Bool

    /// - Parameter hasRoom: whether an account that has a quota can take a message of so many octets; asked only for
    ///   such accounts.
    package init(
        _ directory: AccountDirectory,
        hasRoom: @escaping @Sendable (LocalDelivery, UInt64?) async -> Bool = { _, _ in true }
    ) {
        self.directory = directory
        self.hasRoom = hasRoom
    }

    /// A full mailbox is refused here, where the sender learns which of several recipients it is; the store decides
    /// again when the message is there.
    ///
    /// An address that stands for several is refused when all are full.
    package func admission(of deliveries: [LocalDelivery], octets: UInt64?) async -> RecipientResolution {
        for delivery in deliveries {
            let quota = await directory.quota(of: delivery.account)
            guard quota.octets != nil || quota.messages != nil else { return .deliver(deliveries) }
            if await hasRoom(delivery, octets) { return .deliver(deliveries) }
        }
        return .overQuota
    }

    package func resolve(
        _ recipient: ForwardPath,
        from sender: ReversePath,
        user: AuthenticatedUser?
    ) async -> RecipientResolution {
        guard case .resolved(let resolution) = await directory.resolve(recipient, from: sender, user: user) else {
            return .refused(SMTPReply(550, .notAuthorized, "This sender may not send to the group"))
        }
        return switch resolution {
        case .accounts(let recipients):
            .deliver(recipients.map { LocalDelivery(account: $0.account, address: $0.address) })
        case .expanded(let expansion): Self.resolution(of: expansion, from: sender)
        case .unknown: .unknown
        case .disabled: .disabled
        case .notLocal: .notLocal
        case .temporary: .temporary
        }
    }

    private static func resolution(of expansion: Expansion, from sender: ReversePath) -> RecipientResolution {
        .expand(
            expansion.members.map { member in
                // What has no sender must not get one: nobody is to hear of it.
                let owner = sender == .null ? nil : member.sender
                switch member.place {
                case .account(let recipient):
                    return ExpandedRecipient(account: recipient.account, address: recipient.address, sender: owner)
                case .remote(let address): return ExpandedRecipient(address: address, sender: owner)
                }
            }
        )
    }

    package func sentCopy(of user: AuthenticatedUser) async -> LocalDelivery? {
        await directory.sentCopies(of: user.account).map { LocalDelivery(account: $0.account, address: $0.address) }
    }

    /// An address is a user's when it is the account's own, or an alias of it, and both with a detail after a plus sign.
    package func mayUse(_ address: MailboxAddress, by user: AuthenticatedUser) async -> SenderVerdict {
        switch await directory.owners(of: address) {
        case .accounts(let recipients): recipients.contains { $0.account == user.account } ? .allowed : .notOwned
        case .expanded, .unknown, .disabled, .notLocal: .notOwned
        case .temporary: .unavailable
        }
    }
}
