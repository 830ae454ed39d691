// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

package import Directory
package import MailTypes
package import SASL
package import SMTPServer

/// Answers the receiving server's questions from the directory.
package struct DirectoryRecipients: RecipientResolver, SenderPolicy {
    private let directory: AccountDirectory

    package init(_ directory: AccountDirectory) { self.directory = directory }

    package func resolve(
        _ recipient: ForwardPath,
        from sender: ReversePath,
        user: AuthenticatedUser?
    ) async -> RecipientResolution {
        switch await directory.resolve(recipient) {
        case .accounts(let recipients):
            .deliver(recipients.map { LocalDelivery(account: $0.account, address: $0.address) })
        case .unknown: .unknown
        case .disabled: .disabled
        case .notLocal: .notLocal
        case .temporary: .temporary
        }
    }

    /// An address is a user's when mail to it would reach their account: the account's own, its aliases, and both with
    /// a detail after a plus sign.
    package func mayUse(_ address: MailboxAddress, by user: AuthenticatedUser) async -> SenderVerdict {
        switch await directory.resolve(address) {
        case .accounts(let recipients): recipients.contains { $0.account == user.account } ? .allowed : .notOwned
        case .unknown, .disabled, .notLocal: .notOwned
        case .temporary: .unavailable
        }
    }
}
