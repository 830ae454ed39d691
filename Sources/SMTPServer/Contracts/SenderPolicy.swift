// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

package import MailTypes
package import SASL

/// Whether somebody may write under an address.
package enum SenderVerdict: Sendable, Hashable {
    case allowed
    /// The address is not theirs: `550 5.7.1`.
    case notOwned
    /// The directory did not answer: `451 4.3.0`.
    case unavailable
}

/// Says which addresses a user may submit under, in the reverse-path and in From.
///
/// Composition supplies it from the directory.
package protocol SenderPolicy: Sendable {
    func mayUse(_ address: MailboxAddress, by user: AuthenticatedUser) async -> SenderVerdict
}

/// Says for whom a copy of what they submit is filed.
///
/// Composition supplies it from the directory.
package protocol SentCopyPolicy: Sendable {
    /// The account that gets the copy; `nil` when the user files it, or nobody.
    func sentCopy(of user: AuthenticatedUser) async -> LocalDelivery?
}

/// Says what is known of the domains of senders elsewhere.
///
/// Composition supplies it from the resolver.
package protocol SenderDomainPolicy: Sendable {
    /// Whether the domain says that it takes no mail, and so has nobody who could be told of a failure (RFC 7505 §4.2);
    /// false while that cannot be found out.
    func takesNoMail(_ domain: Domain) async -> Bool
}
