// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

package import MailStore
package import SASL

/// What the sharing of mailboxes asks the directory, beside what changes of rights ask.
///
/// Composition supplies it; a session without one knows no mailboxes but its user's own. Every method throws
/// `.unavailable` when the directory cannot tell now.
package protocol MailboxSharing: AccessDirectory {
    /// Those of some holders (`AccessIdentifier.holder`) that stand for a user.
    func holders(
        among holders: Set<String>,
        standingFor user: AuthenticatedUser
    ) async throws(MailStoreError) -> Set<String>

    /// Everybody who may have given rights to a user, in the order of their addresses: some may have taken them back.
    func owners(sharingWith user: AuthenticatedUser) async throws(MailStoreError) -> [AuthenticatedUser]
}
