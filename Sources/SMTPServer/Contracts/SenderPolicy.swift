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
