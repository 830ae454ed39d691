// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

package import MailTypes

/// The name of a message in quarantine: the mailbox it was in, and its UID there, neither of which is used again.
package struct QuarantineID: Sendable, Hashable, CustomStringConvertible {
    package var mailbox: MailboxID
    package var uid: UID

    package init(_ mailbox: MailboxID, _ uid: UID) {
        self.mailbox = mailbox
        self.uid = uid
    }

    /// Reads `mailbox.uid`; `nil` for anything else.
    package init?(_ text: String) {
        let words = text.split(separator: ".", omittingEmptySubsequences: false)
        guard words.count == 2, let mailbox = UInt32(words[0]), let uid = UInt32(words[1]), uid > 0 else { return nil }
        self.init(MailboxID(mailbox), UID(uid))
    }

    package var description: String { "\(mailbox).\(uid)" }
}

/// A message in quarantine.
package struct QuarantinedMessage: Sendable, Hashable {
    package var id: QuarantineID
    /// What its mailbox was called then.
    package var mailboxName: MailboxName
    /// As it was in the mailbox; `keywordBits` count in `keywords`.
    package var entry: MessageEntry
    package var keywords: [Keyword]
    /// When it was put here, in seconds since 1970.
    package var seconds: Int64

    package init(
        id: QuarantineID,
        mailboxName: MailboxName,
        entry: MessageEntry,
        keywords: [Keyword],
        seconds: Int64
    ) {
        self.id = id
        self.mailboxName = mailboxName
        self.entry = entry
        self.keywords = keywords
        self.seconds = seconds
    }
}

/// The messages of one account that users do not see and that are not lost: damaged ones that were deleted, and those
/// that an operator put here.
///
/// They do not count for quota, and what they are made of stays on disk until an operator deletes them. Methods may be
/// called from any task.
package protocol MailQuarantine: AnyObject, Sendable {
    /// Oldest first.
    func quarantined() async throws(MailStoreError) -> [QuarantinedMessage]

    /// Octets `range` of a message in quarantine (cut to its size). Lost octets are filled and named, whatever
    /// `store/corrupt-message-policy` says. Throws `.noSuchMessage`.
    func readQuarantined(
        _ id: QuarantineID,
        _ range: Range<UInt64>
    ) async throws(MailStoreError) -> MessageOctets

    /// Puts messages of a mailbox here; they vanish from the mailbox. UIDs that are not there are passed over.
    func quarantine(_ uids: UIDSet, in mailbox: MailboxID) async throws(MailStoreError) -> ExpungeOutcome

    /// Puts a whole message in the place of one that is damaged (or of any): with its flags, under a new UID, since what
    /// a client has kept of the old one is not this. The old one goes to quarantine. All or nothing. Throws
    /// `.noSuchMessage`.
    func replace(
        _ uid: UID,
        in mailbox: MailboxID,
        with message: any StagedMessage
    ) async throws(MailStoreError) -> AppendOutcome

    /// Deletes messages for good; those that are not there are passed over. Returns those that were.
    func deleteQuarantined(_ ids: [QuarantineID]) async throws(MailStoreError) -> [QuarantineID]

    /// Puts a message back, under a new UID: into `target`, or when `nil` into the mailbox it came from (into INBOX,
    /// when that is gone). Throws `.noSuchMessage`, and `.noSuchMailbox` for the target.
    func restore(_ id: QuarantineID, to target: MailboxName?) async throws(MailStoreError) -> AppendOutcome
}
