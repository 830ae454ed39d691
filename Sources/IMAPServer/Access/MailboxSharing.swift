// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

package import MailStore
package import MailTypes
package import SASL

/// Whom an identifier of SETACL stands for.
package enum AccessLookup: Sendable, Hashable {
    case found(AccessIdentifier)
    /// No user and no group of this server.
    case unknown
    /// Nothing that could be one (RFC 4314 §3).
    case invalid
}

/// What the sharing of mailboxes asks the directory.
///
/// Composition supplies it; a session without one knows no mailboxes but its user's own. Every method throws
/// `.unavailable` when the directory cannot tell now.
package protocol MailboxSharing: Sendable {
    /// An identifier in the one form in which it is kept.
    func identifier(_ text: String) async throws(MailStoreError) -> AccessLookup

    /// Those of some holders (`AccessIdentifier.holder`) that stand for a user.
    func holders(
        among holders: Set<String>,
        standingFor user: AuthenticatedUser
    ) async throws(MailStoreError) -> Set<String>

    /// Everybody who may have given rights to a user, in the order of their addresses: some may have taken them back.
    func owners(sharingWith user: AuthenticatedUser) async throws(MailStoreError) -> [AuthenticatedUser]

    /// Remembers, or with `shares` false forgets, that a holder has rights to a mailbox of `owner`.
    func note(_ holder: String, of owner: AccountID, shares: Bool) async throws(MailStoreError)
}
