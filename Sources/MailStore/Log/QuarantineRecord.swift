// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

package import MailTypes

/// Messages that go from a mailbox to the quarantine.
///
/// The entries are whole, so that the quarantine does not hang on the records that brought the messages.
package struct QuarantineRecord: Sendable, Hashable {
    package var mailbox: MailboxID
    /// What the mailbox is called at that moment.
    package var name: MailboxName
    package var modSeq: ModSeq
    /// Seconds since 1970.
    package var seconds: Int64
    /// As they were in the mailbox, but for `keywordBits`, which count in `keywords`.
    package var entries: [MessageEntry]
    package var keywords: [Keyword]

    package init(
        mailbox: MailboxID,
        name: MailboxName,
        modSeq: ModSeq,
        seconds: Int64,
        entries: [MessageEntry],
        keywords: [Keyword]
    ) {
        self.mailbox = mailbox
        self.name = name
        self.modSeq = modSeq
        self.seconds = seconds
        self.entries = entries
        self.keywords = keywords
    }
}

/// A message that comes back from quarantine into a mailbox, under a new UID.
package struct RestoreRecord: Sendable, Hashable {
    package var item: QuarantineID
    package var target: MailboxID
    package var modSeq: ModSeq
    /// As it is in the target, but for `keywordBits`, which count in `keywords`.
    package var entry: MessageEntry
    package var keywords: [Keyword]

    package init(
        item: QuarantineID,
        target: MailboxID,
        modSeq: ModSeq,
        entry: MessageEntry,
        keywords: [Keyword]
    ) {
        self.item = item
        self.target = target
        self.modSeq = modSeq
        self.entry = entry
        self.keywords = keywords
    }
}
