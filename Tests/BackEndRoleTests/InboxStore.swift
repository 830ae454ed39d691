// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

import Locking
import MailStore
import MailTypes

/// A store of one account with an INBOX that can only be read, and that can be busy.
final class InboxStore: MailStore, MailAccount {
    let id = AccountID(42)
    private let messages: [[UInt8]]
    private let failures: Lock<[MailStoreError.Code]>

    /// - Parameter failures: what the next openings of the account end with.
    init(_ messages: [String], failing failures: [MailStoreError.Code] = []) {
        self.messages = messages.map { Array($0.utf8) }
        self.failures = Lock(failures)
    }

    func account(_ id: AccountID, deadline: ContinuousClock.Instant) async throws(MailStoreError) -> any MailAccount {
        if let code = failures.withLock({ $0.isEmpty ? nil : $0.removeFirst() }) { throw MailStoreError(code, "no") }
        return self
    }

    private var currentStatus: MailboxStatus {
        MailboxStatus(
            id: MailboxID(1),
            messages: messages.count,
            unseen: messages.count,
            deleted: 0,
            size: messages.reduce(0) { $0 + UInt64($1.count) },
            uidNext: UID(UInt32(messages.count) + 1),
            uidValidity: UIDValidity(5),
            highestModSeq: ModSeq(9)
        )
    }

    func snapshot(of name: MailboxName) async throws(MailStoreError) -> MailboxSnapshot {
        guard name.isInbox else { throw MailStoreError(.noSuchMailbox, "no such mailbox") }
        let entries = messages.indices.map { index in
            MessageEntry(
                uid: UID(UInt32(index) + 1),
                systemFlags: [],
                keywordBits: 0,
                internalDate: MailDate(secondsSince1970: 1_700_000_000, zoneMinutes: 0),
                savedSeconds: 1_700_000_000,
                size: UInt64(messages[index].count),
                modSeq: ModSeq(9),
                body: BodyReference(segment: 0, offset: UInt64(index))
            )
        }
        return MailboxSnapshot(name: name, status: currentStatus, keywords: [], messages: MessageTable(entries))
    }

    func status(of name: MailboxName) async throws(MailStoreError) -> MailboxStatus {
        guard name.isInbox else { throw MailStoreError(.noSuchMailbox, "no such mailbox") }
        return currentStatus
    }

    func mailboxes() async throws(MailStoreError) -> [MailboxDescription] {
        [MailboxDescription(name: .inbox, id: MailboxID(1), isSubscribed: true, specialUse: [], hasChildren: false)]
    }

    func changes(in mailbox: MailboxID, since: ModSeq) async throws(MailStoreError) -> MailboxChanges {
        MailboxChanges(status: currentStatus, keywords: [], changed: [], vanished: UIDSet())
    }

    func read(_ message: MessageEntry, _ range: Range<UInt64>) async throws(MailStoreError) -> MessageOctets {
        let octets = messages[Int(message.body.offset)]
        return MessageOctets(bytes: Array(octets[Int(range.lowerBound)..<Int(range.upperBound)]))
    }

    func cachedStructure(of message: MessageEntry) async throws(MailStoreError) -> [UInt8]? { nil }
    func watch(_ mailbox: MailboxID?, notify: @escaping @Sendable () -> Void) -> MailboxWatch { MailboxWatch {} }

    // Nothing is changed here.

    private static let readOnly = MailStoreError(.forbidden, "this store can only be read")

    func stage() -> any MessageStaging { NoStaging() }
    func remove(_ id: AccountID) async throws(MailStoreError) { throw Self.readOnly }
    func append(
        _ message: any StagedMessage,
        to name: MailboxName,
        flags: FlagSet,
        internalDate: MailDate,
        delivery: DeliveryID?
    ) async throws(MailStoreError) -> AppendOutcome { throw Self.readOnly }
    func changeFlags(
        _ change: FlagChange,
        of uids: UIDSet,
        in mailbox: MailboxID,
        unchangedSince: ModSeq?
    ) async throws(MailStoreError) -> FlagOutcome { throw Self.readOnly }
    func transfer(
        _ uids: UIDSet,
        from source: MailboxID,
        to target: MailboxName,
        removingSource: Bool
    ) async throws(MailStoreError) -> TransferOutcome { throw Self.readOnly }
    func expunge(
        _ uids: UIDSet?,
        in mailbox: MailboxID,
        onlyDeleted: Bool
    ) async throws(MailStoreError) -> ExpungeOutcome { throw Self.readOnly }
    func create(_ name: MailboxName, specialUse: Set<SpecialUse>) async throws(MailStoreError) -> MailboxID {
        throw Self.readOnly
    }
    func delete(_ name: MailboxName) async throws(MailStoreError) { throw Self.readOnly }
    func rename(_ name: MailboxName, to target: MailboxName) async throws(MailStoreError) { throw Self.readOnly }
    func setSubscribed(_ subscribed: Bool, _ name: MailboxName) async throws(MailStoreError) { throw Self.readOnly }
}

private final class NoStaging: MessageStaging {
    var count: UInt64 { 0 }
    func add(_ bytes: [UInt8]) throws(MailStoreError) {}
    func finish() async throws(MailStoreError) -> any StagedMessage { throw MailStoreError(.forbidden, "read-only") }
}
