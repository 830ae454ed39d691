// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

package import MailTypes

/// Says which process owns an account.
///
/// Ownership is proved to the log by the fence, never by a clock.
package protocol LeaseService: Sendable {
    /// The fence of an account for this process, which may have it already. Waits for another owner to let go until
    /// `deadline`, then throws `.busy`. For any task.
    func acquire(_ account: AccountID, deadline: ContinuousClock.Instant) async throws(MailStoreError) -> Fence

    /// Lets go of an account.
    func release(_ fence: Fence)
}

/// Tells others that an account moved on.
///
/// A hint only: the loss of one must be harmless.
package protocol ChangeFeed: Sendable {
    func publish(_ account: AccountID, _ modSeq: ModSeq)
    /// Calls `notify` for changes of an account until the watch ends.
    func subscribe(_ account: AccountID, notify: @escaping @Sendable (ModSeq) -> Void) -> MailboxWatch
}
