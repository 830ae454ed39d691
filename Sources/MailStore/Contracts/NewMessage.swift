// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

package import MailTypes

/// A message that is to be stored together with others.
package struct NewMessage: Sendable {
    package var content: any StagedMessage
    package var flags: FlagSet
    package var internalDate: MailDate

    package init(_ content: any StagedMessage, flags: FlagSet, internalDate: MailDate) {
        self.content = content
        self.flags = flags
        self.internalDate = internalDate
    }
}

/// Where messages that were stored together are.
package struct AppendedMessages: Sendable, Hashable {
    package var uidValidity: UIDValidity
    /// Ascending, in the order of the messages.
    package var uids: UIDSet

    package init(uidValidity: UIDValidity, uids: UIDSet) {
        self.uidValidity = uidValidity
        self.uids = uids
    }
}

extension MailAccount {
    /// For an account that stores one message after the other: what fails leaves those before it stored.
    package func append(
        _ messages: [NewMessage],
        to name: MailboxName,
        replacing replaced: (mailbox: MailboxID, uid: UID)?
    ) async throws(MailStoreError) -> AppendedMessages {
        var stored = AppendedMessages(uidValidity: try await status(of: name).uidValidity, uids: UIDSet())
        for message in messages {
            let outcome = try await append(
                message.content,
                to: name,
                flags: message.flags,
                internalDate: message.internalDate,
                delivery: nil
            )
            stored.uids.insert(outcome.uid)
        }
        guard let replaced else { return stored }
        let gone = UIDSet(ascending: CollectionOfOne(replaced.uid))
        _ = try await expunge(gone, in: replaced.mailbox, onlyDeleted: false)
        return stored
    }
}
