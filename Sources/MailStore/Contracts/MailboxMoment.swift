// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

package import MailTypes

/// What a session has been told of a mailbox, as numbers: enough to know its whole view of it.
package struct MailboxMoment: Sendable, Hashable {
    package var uidValidity: UIDValidity
    /// All new messages and flags up to here were told.
    package var modSeq: ModSeq
    /// All expunges up to here were told; may be less than `modSeq`, since those are held back during some commands.
    package var expungeModSeq: ModSeq

    package init(uidValidity: UIDValidity, modSeq: ModSeq, expungeModSeq: ModSeq) {
        self.uidValidity = uidValidity
        self.modSeq = modSeq
        self.expungeModSeq = expungeModSeq
    }
}

/// A view that was asked for by its moment.
package enum RebuiltView: Sendable, Hashable {
    /// Exactly these messages, in this order: the first has sequence number 1.
    case exact(UIDSet)
    /// The moment lies before what is remembered, or is none of this mailbox: the client begins anew.
    case unknown
}
