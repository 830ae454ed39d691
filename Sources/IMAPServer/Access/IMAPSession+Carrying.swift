// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import IMAPWire
internal import MailStore
internal import MailTypes

// Messages that go from one account to another, or into a mailbox where the user may not set every flag.
extension IMAPSession {
    /// Messages of one command that are copied octet by octet, as many as one APPEND may bring.
    private static let carriedAtOnce = 1000
    /// And their octets: small ones are in memory until all of them are stored.
    private static let carriedOctets: UInt64 = 64 << 20

    /// Copies or moves messages of the selected mailbox, all or none: each account has a log of its own, so the octets
    /// are stored anew, and count for the owner of the target.
    ///
    /// They keep the flags that the user may set in the target (RFC 4314 §4). What is moved is removed once the copies
    /// are durable: a failure between the two leaves the messages in both.
    func carry(
        _ uids: UIDSet,
        to target: MailboxPlace,
        removingSource: Bool
    ) async throws -> TransferOutcome {
        let view = try selected()
        let (entries, keywords) = try await present(uids, in: view)
        guard entries.count <= Self.carriedAtOnce else {
            throw CommandRefusal.no(.limit, "At most \(Self.carriedAtOnce) messages go to another user at once")
        }
        guard !entries.isEmpty else {
            return TransferOutcome(targetUIDValidity: UIDValidity(1), pairs: [])
        }
        try await checkRoom(for: entries, in: target.account)
        var messages: [NewMessage] = []
        for entry in entries {
            try await tellProgress(messages.count, of: entries.count)
            messages.append(
                NewMessage(
                    try await copy(of: entry, from: view.account),
                    flags: target.rights.permitted(entry.flags(keywords: keywords)),
                    internalDate: entry.internalDate
                )
            )
        }
        let stored = try await offeringCreation { () throws(MailStoreError) in
            try await target.account.append(messages, to: target.name, replacing: nil)
        }
        if removingSource {
            let carried = UIDSet(ascending: entries.lazy.map { $0.uid })
            _ = try await view.account.expunge(carried, in: view.id, onlyDeleted: false)
        }
        return TransferOutcome(
            targetUIDValidity: stored.uidValidity,
            pairs: zip(entries, stored.uids.uids).map { ($0.uid, $1) }
        )
    }

    /// Refuses what is too much before any octet is read.
    ///
    /// The store looks at the quota again when it stores them.
    private func checkRoom(for entries: [MessageEntry], in account: any MailAccount) async throws {
        let octets = entries.reduce(0 as UInt64) { $0.addingReportingOverflow($1.size).overflow ? .max : $0 + $1.size }
        let most = max(Self.carriedOctets, configuration.maximumMessageOctets)
        guard octets <= most else {
            throw CommandRefusal.no(.limit, "At most \(most) octets go to another user at once")
        }
        let quota = try await account.quota()
        guard quota.usage.admits(octets: octets, messages: UInt64(entries.count), within: quota.limits) else {
            throw MailStoreError(.overQuota, "the mailbox's owner has no room for that")
        }
    }

    /// Those of some messages that are still there, with their flags as they are now.
    func present(
        _ uids: UIDSet,
        in view: MailboxView
    ) async throws -> (entries: [MessageEntry], keywords: [Keyword]) {
        let changes = try await view.account.changes(in: view.id, since: view.modSeq)
        let changed = Dictionary(changes.changed.map { ($0.uid, $0) }, uniquingKeysWith: { first, _ in first })
        let left = view.indices(of: uids.subtracting(changes.vanished))
        let entries = left.lazy.flatMap { $0 }.map { view.messages[$0] }.map { changed[$0.uid] ?? $0 }
        return (Array(entries), changes.keywords)
    }

    private func copy(of entry: MessageEntry, from account: any MailAccount) async throws -> any StagedMessage {
        let staging = store.stage()
        var start: UInt64 = 0
        while start < entry.size {
            let end = start + min(Self.pieceOctets, entry.size - start)
            let piece = try await piece(of: entry, start..<end, from: account)
            guard piece.damaged.isEmpty else {
                throw CommandRefusal.no(.corruption, "Octets are lost of UID \(entry.uid)")
            }
            try staging.add(piece.bytes)
            start = end
        }
        return try await staging.finish()
    }
}
