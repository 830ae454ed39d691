// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

package import MailTypes

/// One change of an account, as it lies in the log (docs/store-format.md).
///
/// Everything a fold needs is in the record: numbers and times are decided before it is written.
package enum LogRecord: Sendable, Hashable {
    case message(MessageRecord)
    case flags(FlagsRecord)
    case transfer(TransferRecord)
    case expunge(ExpungeRecord)
    case mailboxCreated(MailboxCreatedRecord)
    case mailboxDeleted(MailboxID, ModSeq)
    case mailboxesRenamed([MailboxRename], ModSeq)
    case subscribed(MailboxName, Bool, ModSeq)
    case specialUse(MailboxID, Set<SpecialUse>, ModSeq)
    case annotated(AnnotationsRecord)
    /// Rights that others than the owner have to a mailbox, and that change.
    case access(AccessRecord)
    /// Delivery ids whose record is in doubt: a retry is to be stored anew.
    case deliveriesForgotten([DeliveryID])
    case accountRemoved
    /// From here on the epoch is this; octets of the account's journal that are known to be lost.
    case fence(UInt64, lost: [LostOctets] = [])
    /// Octets are lost in which there may have been records: numbers go on beyond what they can have given.
    case numbersSkipped(NumbersSkipped)
    /// Messages that go from a mailbox to the quarantine.
    case quarantined(QuarantineRecord)
    /// Messages in quarantine that are gone for good.
    case quarantineDeleted([QuarantineID])
    /// A message that comes back from quarantine.
    case restored(RestoreRecord)
    /// The whole state of the account, in the record's body.
    ///
    /// The log gives the state itself when it replays.
    case base(BaseRecord)
    /// A copy of an earlier message record, with its message.
    case moved(MovedRecord)
}

package struct MessageRecord: Sendable, Hashable {
    package var delivery: DeliveryID?
    package var mailbox: MailboxID
    package var uid: UID
    package var modSeq: ModSeq
    package var flags: FlagSet
    package var internalDate: MailDate
    /// Seconds since 1970.
    package var savedSeconds: Int64
    package var size: UInt64
    /// 32 octets: SHA-256 of the message.
    package var sha256: [UInt8]
    /// What the summarizer made of the message.
    package var structure: [UInt8]
    /// `nil` in records of releases that knew no threads.
    package var thread: ThreadID?
    /// By what later messages are found to belong to the thread.
    package var threadKeys: [UInt64]

    package init(
        delivery: DeliveryID?,
        mailbox: MailboxID,
        uid: UID,
        modSeq: ModSeq,
        flags: FlagSet,
        internalDate: MailDate,
        savedSeconds: Int64,
        size: UInt64,
        sha256: [UInt8],
        structure: [UInt8],
        thread: ThreadID? = nil,
        threadKeys: [UInt64] = []
    ) {
        self.delivery = delivery
        self.mailbox = mailbox
        self.uid = uid
        self.modSeq = modSeq
        self.flags = flags
        self.internalDate = internalDate
        self.savedSeconds = savedSeconds
        self.size = size
        self.sha256 = sha256
        self.structure = structure
        self.thread = thread
        self.threadKeys = threadKeys
    }
}

package struct FlagsRecord: Sendable, Hashable {
    package var mailbox: MailboxID
    package var modSeq: ModSeq
    package var uids: UIDSet
    package var change: FlagChange

    package init(mailbox: MailboxID, modSeq: ModSeq, uids: UIDSet, change: FlagChange) {
        self.mailbox = mailbox
        self.modSeq = modSeq
        self.uids = uids
        self.change = change
    }
}

/// A copy or move.
///
/// The entries are whole, so that a copy does not hang on the record of its source.
package struct TransferRecord: Sendable, Hashable {
    package var source: MailboxID
    package var target: MailboxID
    package var modSeq: ModSeq
    /// The source UIDs are expunged.
    package var isMove: Bool
    /// UIDs in the source, in the order of `entries`.
    package var sourceUIDs: [UID]
    /// As they are in the target, but for `keywordBits`, which count in `keywords`.
    package var entries: [MessageEntry]
    package var keywords: [Keyword]

    package init(
        source: MailboxID,
        target: MailboxID,
        modSeq: ModSeq,
        isMove: Bool,
        sourceUIDs: [UID],
        entries: [MessageEntry],
        keywords: [Keyword]
    ) {
        self.source = source
        self.target = target
        self.modSeq = modSeq
        self.isMove = isMove
        self.sourceUIDs = sourceUIDs
        self.entries = entries
        self.keywords = keywords
    }
}

package struct ExpungeRecord: Sendable, Hashable {
    package var mailbox: MailboxID
    package var modSeq: ModSeq
    package var uids: UIDSet
    /// When, in seconds since 1970; 0 when that is not known.
    package var seconds: Int64

    package init(mailbox: MailboxID, modSeq: ModSeq, uids: UIDSet, seconds: Int64 = 0) {
        self.mailbox = mailbox
        self.modSeq = modSeq
        self.uids = uids
        self.seconds = seconds
    }
}

package struct MailboxCreatedRecord: Sendable, Hashable {
    package var mailbox: MailboxID
    package var name: MailboxName
    package var uidValidity: UIDValidity
    package var modSeq: ModSeq
    package var specialUse: Set<SpecialUse>
    package var isSubscribed: Bool

    package init(
        mailbox: MailboxID,
        name: MailboxName,
        uidValidity: UIDValidity,
        modSeq: ModSeq,
        specialUse: Set<SpecialUse>,
        isSubscribed: Bool
    ) {
        self.mailbox = mailbox
        self.name = name
        self.uidValidity = uidValidity
        self.modSeq = modSeq
        self.specialUse = specialUse
        self.isSubscribed = isSubscribed
    }
}

/// Annotations of a mailbox, or of the account (mailbox 0), that change.
package struct AnnotationsRecord: Sendable, Hashable {
    package var mailbox: MailboxID
    package var modSeq: ModSeq
    package var changes: [AnnotationChange]

    package init(mailbox: MailboxID, modSeq: ModSeq, changes: [AnnotationChange]) {
        self.mailbox = mailbox
        self.modSeq = modSeq
        self.changes = changes
    }
}

package struct MailboxRename: Sendable, Hashable {
    package var mailbox: MailboxID
    package var name: MailboxName

    package init(mailbox: MailboxID, name: MailboxName) {
        self.mailbox = mailbox
        self.name = name
    }
}

/// Identifiers that have other rights to a mailbox from here on.
package struct AccessRecord: Sendable, Hashable {
    package var mailbox: MailboxID
    package var modSeq: ModSeq
    package var entries: [AccessEntry]

    package init(mailbox: MailboxID, modSeq: ModSeq, entries: [AccessEntry]) {
        self.mailbox = mailbox
        self.modSeq = modSeq
        self.entries = entries
    }
}
