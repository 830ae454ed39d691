// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

package import MailTypes

extension AccountStore {
    package func append(
        _ message: any StagedMessage,
        to name: MailboxName,
        flags: FlagSet,
        internalDate: MailDate,
        delivery: DeliveryID?
    ) async throws(MailStoreError) -> AppendOutcome {
        guard let message = message as? StagedOctets else {
            throw MailStoreError(.unavailable, "the message cannot be stored", detail: "staged by another store")
        }
        try await enter(exclusive: false)
        defer { gate.leave(exclusive: false) }
        if let delivery {
            while deliveriesUnderWay[delivery] != nil {
                await Turn.wait { turn in
                    if deliveriesUnderWay[delivery]?.append(turn) == nil { turn.resume() }
                }
            }
            if let known = earlierOutcome(of: delivery) { return known }
        }
        let mailbox = try mailbox(name)
        guard let uid = takeUID(mailbox) else { throw MailStoreError(.limit, "no UIDs are left in \(name)") }
        let record = MessageRecord(
            delivery: delivery,
            mailbox: mailbox.id,
            uid: uid,
            modSeq: takeModSeq(),
            flags: flags,
            internalDate: internalDate,
            savedSeconds: services.now(),
            size: message.size,
            sha256: message.sha256,
            structure: message.structure
        )
        if let delivery { deliveriesUnderWay[delivery] = [] }
        defer { if let delivery { deliveryEnded(delivery) } }
        try await isApplied(submit([LogAppend(.message(record), message: message)]))
        return AppendOutcome(
            mailbox: mailbox.id,
            uidValidity: mailbox.uidValidity,
            uid: uid,
            wasDuplicate: false
        )
    }

    /// What a delivery got before; `nil` when it is to be stored.
    private func earlierOutcome(of delivery: DeliveryID) -> AppendOutcome? {
        guard let known = state.deliveries[delivery] else { return nil }
        let validity = state.mailboxes[known.mailbox]?.uidValidity ?? UIDValidity(1)
        return AppendOutcome(mailbox: known.mailbox, uidValidity: validity, uid: known.uid, wasDuplicate: true)
    }

    private func deliveryEnded(_ delivery: DeliveryID) {
        for waiter in deliveriesUnderWay.removeValue(forKey: delivery) ?? [] { waiter.resume() }
    }

    /// Changes that nobody made conditional are planned from the names of messages alone, so they share commits with
    /// deliveries.
    package func changeFlags(
        _ flags: FlagChange,
        of uids: UIDSet,
        in mailbox: MailboxID,
        unchangedSince: ModSeq?
    ) async throws(MailStoreError) -> FlagOutcome {
        let isExclusive = unchangedSince != nil
        try await enter(exclusive: isExclusive)
        defer { gate.leave(exclusive: isExclusive) }
        let found = try self.mailbox(mailbox)
        try checkKeywords(flags, found)
        let entries = found.entries(of: uids)
        let modified = entries.filter { entry in unchangedSince.map { entry.modSeq > $0 } ?? false }
        let refused = UIDSet(ascending: modified.map(\.uid))
        let named = UIDSet(ascending: entries.lazy.map(\.uid).filter { !refused.contains($0) })
        if !named.isEmpty {
            let record = FlagsRecord(mailbox: mailbox, modSeq: takeModSeq(), uids: named, change: flags)
            try await isApplied(submit([LogAppend(.flags(record))]))
        }
        guard let after = state.mailboxes[mailbox] else {
            return FlagOutcome(messages: [], keywords: [], modified: refused)
        }
        return FlagOutcome(messages: after.entries(of: named), keywords: after.keywords, modified: refused)
    }

    private func checkKeywords(_ change: FlagChange, _ mailbox: MailboxState) throws(MailStoreError) {
        guard change.mode != .remove else { return }
        let new = change.flags.keywords.filter { !mailbox.keywords.contains($0) }
        guard mailbox.keywords.count + new.count <= MailboxState.maximumKeywords else {
            throw MailStoreError(.limit, "no more than \(MailboxState.maximumKeywords) keywords in a mailbox")
        }
    }

    package func expunge(
        _ uids: UIDSet?,
        in mailbox: MailboxID,
        onlyDeleted: Bool
    ) async throws(MailStoreError) -> ExpungeOutcome {
        try await enter(exclusive: true)
        defer { gate.leave(exclusive: true) }
        let found = try self.mailbox(mailbox)
        let named = uids.map { found.entries(of: $0) } ?? found.messages
        let gone = UIDSet(
            ascending: named.lazy.filter { !onlyDeleted || $0.systemFlags.contains(.deleted) }.map(\.uid)
        )
        guard !gone.isEmpty else { return ExpungeOutcome(vanished: gone, modSeq: found.highestModSeq) }
        let record = ExpungeRecord(mailbox: mailbox, modSeq: takeModSeq(), uids: gone)
        try await isApplied(submit([LogAppend(.expunge(record))]))
        return ExpungeOutcome(vanished: gone, modSeq: record.modSeq)
    }

    package func transfer(
        _ uids: UIDSet,
        from source: MailboxID,
        to target: MailboxName,
        removingSource: Bool
    ) async throws(MailStoreError) -> TransferOutcome {
        try await enter(exclusive: true)
        defer { gate.leave(exclusive: true) }
        let from = try mailbox(source)
        let to = try mailbox(target)
        let entries = from.entries(of: uids)
        guard !entries.isEmpty else { return TransferOutcome(targetUIDValidity: to.uidValidity, pairs: []) }
        let record = try plan(entries, from: from, to: to, isMove: removingSource)
        try await isApplied(submit([LogAppend(.transfer(record))]))
        let pairs = zip(record.sourceUIDs, record.entries).map { ($0, $1.uid) }
        return TransferOutcome(targetUIDValidity: to.uidValidity, pairs: pairs)
    }

    /// Keywords that the target has no room for stay behind.
    func plan(
        _ entries: [MessageEntry],
        from source: MailboxState,
        to target: MailboxState,
        isMove: Bool
    ) throws(MailStoreError) -> TransferRecord {
        let (modSeq, now) = (takeModSeq(), services.now())
        var copies: [MessageEntry] = []
        copies.reserveCapacity(entries.count)
        for entry in entries {
            guard let uid = takeUID(target) else { throw MailStoreError(.limit, "no UIDs are left in \(target.name)") }
            var copy = entry
            (copy.uid, copy.modSeq, copy.savedSeconds) = (uid, modSeq, now)
            copies.append(copy)
        }
        return TransferRecord(
            source: source.id,
            target: target.id,
            modSeq: modSeq,
            isMove: isMove,
            sourceUIDs: entries.map(\.uid),
            entries: copies,
            keywords: source.keywords
        )
    }
}
