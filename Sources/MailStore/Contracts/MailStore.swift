// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

package import MailTypes
package import MessageFormat
internal import Runtime

// The mail store above its log: contracts, values, and everything that does not depend on where the log lies.
//
// Invariants of this module:
// - The log is the truth. `AccountState` is a fold over its records: the same records give the same state, always.
// - A record is applied, and its change announced, only after the log has said that it is durable.
// - Of one account there is one owner, `AccountStore`; its changes are applied in the order in which they were planned.
// - UIDs, mod-sequences and mailbox ids ascend and are never used again, whatever fails.
// - What comes from the log may be damaged: decoding is total, and a lost record costs what was in it and no more.

/// All mail of the accounts that one back-end owns.
///
/// Invariants: what `append` answered is on disk and survives kill -9 and power loss; nothing is announced to a watcher
/// before it is on disk; a UID that was seen never means another message; damage is confined to the message it hit.
package protocol MailStore: Sendable {
    /// Opens an account, making it (with its INBOX and special-use mailboxes) if the store has never seen it. Waits for
    /// the account's lease until `deadline`, then throws `.busy`.
    func account(
        _ id: AccountID,
        deadline: ContinuousClock.Instant
    ) async throws(MailStoreError) -> any MailAccount

    /// A place for the octets of a message that is coming in. Nothing of it is seen before it is appended.
    func stage() -> any MessageStaging

    /// Tells the store that an account was deleted: its mail is removed.
    func remove(_ id: AccountID) async throws(MailStoreError)
}

/// One account's mailboxes.
///
/// Every method may be called from any task; changes of one account happen one after the other, in the order of the
/// calls.
package protocol MailAccount: AnyObject, Sendable {
    var id: AccountID { get }

    /// Every mailbox, ordered by name, and subscribed names that have none.
    func mailboxes() async throws(MailStoreError) -> [MailboxDescription]

    /// Every mailbox with its counts, as they are at one moment: for those who watch all of them.
    func overview() async throws(MailStoreError) -> AccountOverview

    /// Counts of one mailbox (RFC 9051 §6.3.11). Throws `.noSuchMailbox`.
    func status(of name: MailboxName) async throws(MailStoreError) -> MailboxStatus

    /// The mailbox as it is now. Throws `.noSuchMailbox`.
    func snapshot(of name: MailboxName) async throws(MailStoreError) -> MailboxSnapshot

    /// What is different from the moment that `since` names. Throws `.noSuchMailbox` when the mailbox is gone.
    func changes(in mailbox: MailboxID, since: ModSeq) async throws(MailStoreError) -> MailboxChanges

    /// Stores one message; returns when it is durable. A `delivery` that was stored before is answered with the
    /// mailbox and UID it then got. Throws `.noSuchMailbox`, `.overQuota`, `.storageFull`, `.limit`.
    func append(
        _ message: any StagedMessage,
        to name: MailboxName,
        flags: FlagSet,
        internalDate: MailDate,
        delivery: DeliveryID?
    ) async throws(MailStoreError) -> AppendOutcome

    /// Files the account's own copy of a message that it submitted: in its mailbox with the special use \Sent (made
    /// when it is missing), seen. Answered with the mailbox and UID of the copy that is there, when one with the same
    /// identity is there already, whether filed or appended by a client. Throws as `append`.
    ///
    /// - Parameter identity: `SentIdentity` of what the sender wrote.
    func fileSent(
        _ message: any StagedMessage,
        identity: DeliveryID,
        internalDate: MailDate
    ) async throws(MailStoreError) -> AppendOutcome

    /// Stores messages, all or none, and removes the one that they take the place of (its mailbox may be another).
    /// Throws as `append`, and `.noSuchMessage` when there is nothing to be replaced.
    func append(
        _ messages: [NewMessage],
        to name: MailboxName,
        replacing replaced: (mailbox: MailboxID, uid: UID)?
    ) async throws(MailStoreError) -> AppendedMessages

    /// The messages that a session saw which had been told so much of a mailbox and no more: exact for any moment of
    /// the last 7 days, bounds of `ArrivalLog` and `VanishedLog` aside. Throws `.noSuchMailbox` when it is gone.
    func view(of mailbox: MailboxID, at moment: MailboxMoment) async throws(MailStoreError) -> RebuiltView

    /// What the account has stored, and what it may store (RFC 9208).
    func quota() async throws(MailStoreError) -> QuotaStatus

    /// Changes flags; returns when durable. UIDs that are not there are passed over. With `unchangedSince`, messages
    /// whose mod-sequence is greater are left as they are and named in the outcome (RFC 7162 §3.1.3).
    func changeFlags(
        _ change: FlagChange,
        of uids: UIDSet,
        in mailbox: MailboxID,
        unchangedSince: ModSeq?
    ) async throws(MailStoreError) -> FlagOutcome

    /// Copies or moves messages without copying their octets. UIDs that are not there are passed over. All or none.
    func transfer(
        _ uids: UIDSet,
        from source: MailboxID,
        to target: MailboxName,
        removingSource: Bool
    ) async throws(MailStoreError) -> TransferOutcome

    /// Removes messages: those of `uids` (all, when `nil`) that have `\Deleted`, or with `onlyDeleted` false those of
    /// `uids` as they are.
    func expunge(
        _ uids: UIDSet?,
        in mailbox: MailboxID,
        onlyDeleted: Bool
    ) async throws(MailStoreError) -> ExpungeOutcome

    /// Makes a mailbox, and those above it that are missing. Throws `.mailboxExists`, `.limit`.
    func create(_ name: MailboxName, specialUse: Set<SpecialUse>) async throws(MailStoreError) -> MailboxID

    /// Deletes a mailbox with its messages; mailboxes below it stay. Throws `.noSuchMailbox`, `.forbidden` for INBOX.
    func delete(_ name: MailboxName) async throws(MailStoreError)

    /// Renames a mailbox with those below it. Renaming INBOX moves its messages to a new mailbox (RFC 9051 §6.3.6).
    func rename(_ name: MailboxName, to target: MailboxName) async throws(MailStoreError)

    /// Subscribes or unsubscribes a name, whether or not a mailbox has it.
    func setSubscribed(_ subscribed: Bool, _ name: MailboxName) async throws(MailStoreError)

    /// What clients keep with a mailbox, or with `nil` with the account (RFC 5464). Throws `.noSuchMailbox`.
    func annotations(of name: MailboxName?) async throws(MailStoreError) -> Annotations

    /// Changes that, all or none; returns when durable. Throws `.noSuchMailbox`, and `.limit` beyond a bound of
    /// `AnnotationLimits`.
    func annotate(_ name: MailboxName?, _ changes: [AnnotationChange]) async throws(MailStoreError)

    /// The rights that others than the owner have to a mailbox (RFC 4314). Throws `.noSuchMailbox`.
    func accessList(of name: MailboxName) async throws(MailStoreError) -> AccessList

    /// Those of every mailbox that others have rights to.
    func accessLists() async throws(MailStoreError) -> [MailboxID: AccessList]

    /// Changes the rights of one identifier to a mailbox; returns when durable. Throws `.noSuchMailbox`, and `.limit`
    /// beyond a bound of `AccessLimits`.
    func changeAccess(
        to name: MailboxName,
        of identifier: AccessIdentifier,
        _ change: AccessChange
    ) async throws(MailStoreError)

    /// Octets `range` of a message (cut to its size). Damage does not throw: lost octets are filled and named.
    ///
    /// Throws `.noSuchMessage` for what was expunged and cannot be read any more, and `.damaged` where settings say so.
    func read(_ message: MessageEntry, _ range: Range<UInt64>) async throws(MailStoreError) -> MessageOctets

    /// The structure cached at delivery (`MessageFormat` wrote it); `nil` when it is lost or damaged.
    func cachedStructure(of message: MessageEntry) async throws(MailStoreError) -> [UInt8]?

    /// Has `take` look at the structures cached at delivery of many messages, in their order, and returns what it made of
    /// them. `nil` stands for what is lost, and for what only `cachedStructure` finds. Costs least where the messages are
    /// in the order in which they came. Holds up neither the caller's loop nor deliveries.
    func readStructures<Made: Sendable>(
        of messages: [MessageEntry],
        into made: Made,
        _ take: @escaping @Sendable (_ made: inout Made, _ place: Int, _ structure: CachedStructure?) -> Void
    ) async -> Made

    /// SHA-256 of a message as it came in, 32 octets, from what was kept beside it; where that is lost, from what can be
    /// read of the message.
    func digest(of message: MessageEntry) async throws(MailStoreError) -> [UInt8]

    /// Those of `places` in a list of messages for which a search holds, ascending. What is lost of a message is not
    /// found. `isWanted` is asked every few milliseconds; when it says no, the search ends with an answer that is worth
    /// nothing. May take long; holds up neither the caller's loop nor other sessions.
    func search(
        _ messages: MessageTable,
        at places: [Int],
        for search: TextSearch,
        while isWanted: () -> Bool
    ) async throws(MailStoreError) -> [Int]

    /// Calls `notify` after every durable change of the mailbox (or of any mailbox and the list of them, when `nil`)
    /// until the watch is ended. `notify` must not block and says no more than "look".
    func watch(_ mailbox: MailboxID?, notify: @escaping @Sendable () -> Void) -> MailboxWatch
}

extension MailAccount {
    /// One after the other: for an account that has no quicker way.
    package func readStructures<Made: Sendable>(
        of messages: [MessageEntry],
        into made: Made,
        _ take: @escaping @Sendable (_ made: inout Made, _ place: Int, _ structure: CachedStructure?) -> Void
    ) async -> Made {
        var made = made
        for (place, message) in messages.enumerated() {
            take(&made, place, (try? await cachedStructure(of: message)).map { CachedStructure($0) })
        }
        return made
    }

    /// For an account that keeps no history.
    package func view(of mailbox: MailboxID, at moment: MailboxMoment) async throws(MailStoreError) -> RebuiltView {
        .unknown
    }

    /// For an account without bounds: what is there, counted.
    package func quota() async throws(MailStoreError) -> QuotaStatus {
        var usage = QuotaUsage()
        for mailbox in try await mailboxes() where mailbox.id != nil {
            let status = try await status(of: mailbox.name)
            usage.octets = usage.octets &+ status.size
            usage.messages = usage.messages &+ UInt64(clamping: status.messages)
        }
        return QuotaStatus(usage: usage, limits: .none)
    }
}

/// Ends a watch when told to, or when it is dropped.
package final class MailboxWatch: Sendable {
    private let onEnd: @Sendable () -> Void
    package init(onEnd: @escaping @Sendable () -> Void) { self.onEnd = onEnd }
    deinit { onEnd() }
}

extension MailAccount {
    /// For an account that knows no message again but by its delivery.
    package func fileSent(
        _ message: any StagedMessage,
        identity: DeliveryID,
        internalDate: MailDate
    ) async throws(MailStoreError) -> AppendOutcome {
        let name = try await mailboxes().first { $0.id != nil && $0.specialUse.contains(.sent) }?.name
        return try await append(
            message,
            to: name ?? .inbox,
            flags: FlagSet(system: .seen),
            internalDate: internalDate,
            delivery: identity
        )
    }
}

extension MailAccount {
    /// How much of a message is read at a time.
    private static var pieceOctets: UInt64 { 1 << 20 }

    package func digest(of message: MessageEntry) async throws(MailStoreError) -> [UInt8] {
        try await digestByReading(message)
    }

    func digestByReading(_ message: MessageEntry) async throws(MailStoreError) -> [UInt8] {
        let hasher = SHA256Hasher()
        var offset: UInt64 = 0
        while offset < message.size {
            let piece = try await read(message, offset..<min(offset + Self.pieceOctets, message.size))
            guard !piece.bytes.isEmpty else { break }
            hasher.add(piece.bytes)
            offset += UInt64(piece.bytes.count)
        }
        return hasher.finish()
    }
}
