// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

package import MailTypes
internal import Runtime

extension AccountStore {
    package func append(
        _ message: any StagedMessage,
        to name: MailboxName,
        flags: FlagSet,
        internalDate: MailDate,
        delivery: DeliveryID?
    ) async throws(MailStoreError) -> AppendOutcome {
        let new = NewMessage(message, flags: flags, internalDate: internalDate)
        return try await store(new, in: name, as: delivery.map { .delivery($0) } ?? .none)
    }

    /// Stores one message, unless it is there already under its name.
    func store(
        _ new: NewMessage,
        in name: MailboxName,
        as known: AppendName
    ) async throws(MailStoreError) -> AppendOutcome {
        let message = new.content
        guard let message = message as? StagedOctets else {
            throw MailStoreError(.unavailable, "the message cannot be stored", detail: "staged by another store")
        }
        // Messages get their UIDs in the order of the calls, also when the bounds of one are looked up for longer.
        let arrival = arrivals.arrive()
        let limits = await quotaLimits()
        try await enter(shared: arrival)
        defer { gate.leave(exclusive: false) }
        if let id = known.id {
            while deliveriesUnderWay[id] != nil {
                await Turn.wait { turn in
                    if deliveriesUnderWay[id]?.append(turn) == nil { turn.resume() }
                }
            }
            if let earlier = earlierOutcome(of: known, in: name) { return earlier }
        }
        let mailbox = try mailbox(name)
        try admit(octets: message.size, messages: 1, within: limits)
        guard let uid = takeUID(mailbox) else { throw MailStoreError(.limit, "no UIDs are left in \(name)") }
        let thread = planThread(of: message.threads, EmailID(mailbox.id, uid))
        let record = MessageRecord(
            delivery: known.recorded,
            mailbox: mailbox.id,
            uid: uid,
            modSeq: takeModSeq(),
            flags: new.flags.withoutOwn,
            internalDate: new.internalDate,
            savedSeconds: services.now(),
            size: message.size,
            sha256: message.sha256,
            structure: message.structure,
            thread: thread,
            threadKeys: message.threads.keys
        )
        if let id = known.id { deliveriesUnderWay[id] = [] }
        underWay.begin(record)
        defer {
            underWay.end(record)
            if let id = known.id { deliveryEnded(id) }
        }
        try await isApplied(submit([LogAppend(.message(record), message: message)]))
        if case .appendedCopy(let id) = known { sentCopies.note(id, mailbox.id, uid, at: services.now()) }
        return AppendOutcome(
            mailbox: mailbox.id,
            uidValidity: mailbox.uidValidity,
            uid: uid,
            wasDuplicate: false
        )
    }

    /// What was stored before under the name; `nil` when the message is to be stored.
    private func earlierOutcome(of known: AppendName, in name: MailboxName) -> AppendOutcome? {
        switch known {
        case .none: nil
        case .delivery(let id): earlierOutcome(of: id)
        case .sentCopy(let id): filedCopy(id, in: name) ?? appendedCopy(id, in: name)
        case .appendedCopy(let id): filedCopy(id, in: name)
        }
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
        _ asked: FlagChange,
        of uids: UIDSet,
        in mailbox: MailboxID,
        unchangedSince: ModSeq?
    ) async throws(MailStoreError) -> FlagOutcome {
        var flags = FlagChange(asked.mode, asked.flags.withoutOwn, keeping: asked.kept)
        let isExclusive = unchangedSince != nil
        try await enter(exclusive: isExclusive)
        defer { gate.leave(exclusive: isExclusive) }
        let found = try self.mailbox(mailbox)
        try checkKeywords(flags, found)
        // What no message has is not made a keyword of the mailbox by being taken away.
        if flags.mode == .remove { flags.flags.keywords = flags.flags.keywords.filter(found.keywords.contains) }
        let entries = found.entries(of: uids)
        let modified = entries.filter { entry in
            unchangedSince.map { flags.isRefused(by: entry, since: $0, keywords: found.keywords) } ?? false
        }
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
        var turn = LoopTurn()
        let named = uids.map { found.entries(of: $0) } ?? Array(found.messages)
        let chosen = named.filter { !onlyDeleted || $0.systemFlags.contains(.deleted) }
        guard !chosen.isEmpty else { return ExpungeOutcome(vanished: UIDSet(), modSeq: found.highestModSeq) }
        await turn.giveWay()
        return try await remove(chosen, from: found)
    }

    private func remove(
        _ entries: [MessageEntry],
        from mailbox: MailboxState
    ) async throws(MailStoreError) -> ExpungeOutcome {
        let records = planRemoval(entries, from: mailbox)
        let last = lastPlannedModSeq
        try await isApplied(submit(records.map { LogAppend($0) }))
        return ExpungeOutcome(vanished: UIDSet(ascending: entries.lazy.map(\.uid)), modSeq: last)
    }

    /// What is damaged goes to the quarantine, the rest for good.
    func planRemoval(_ entries: [MessageEntry], from mailbox: MailboxState) -> [LogRecord] {
        var known = Set(state.quarantine.map(\.entry.email))
        // Once for each message, however many copies of it there were.
        let damaged = mailbox.damaged(among: entries).filter { known.insert($0.email).inserted }
        let kept = UIDSet(ascending: damaged.lazy.map(\.uid))
        let gone = UIDSet(ascending: entries.lazy.map(\.uid).filter { !kept.contains($0) })
        var records: [LogRecord] = []
        if let record = planQuarantine(damaged, of: mailbox) { records.append(.quarantined(record)) }
        if !gone.isEmpty {
            let record = ExpungeRecord(mailbox: mailbox.id, modSeq: takeModSeq(), uids: gone, seconds: services.now())
            records.append(.expunge(record))
        }
        return records
    }

    package func transfer(
        _ uids: UIDSet,
        from source: MailboxID,
        to target: MailboxName,
        removingSource: Bool
    ) async throws(MailStoreError) -> TransferOutcome {
        let limits = await quotaLimits()
        try await enter(exclusive: true)
        defer { gate.leave(exclusive: true) }
        let from = try mailbox(source)
        let to = try mailbox(target)
        // No other change is planned until the gate is left, so the steps for very many messages may give way.
        var turn = LoopTurn()
        let entries = from.entries(of: uids)
        guard !entries.isEmpty else { return TransferOutcome(targetUIDValidity: to.uidValidity, pairs: []) }
        await turn.giveWay()
        if !removingSource {
            let octets = entries.reduce(0 as UInt64) { $0 &+ $1.size }
            try admit(octets: octets, messages: UInt64(entries.count), within: limits)
        }
        let record = try plan(entries, from: from, to: to, isMove: removingSource)
        await turn.giveWay()
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
        guard let first = takeUIDs(entries.count, target) else {
            throw MailStoreError(.limit, "no UIDs are left in \(target.name)")
        }
        var copies = entries
        for place in copies.indices {
            copies[place].uid = UID(first + UInt32(place))
            (copies[place].modSeq, copies[place].savedSeconds) = (modSeq, now)
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

extension FlagSet {
    /// Without the keywords that only the store sets.
    var withoutOwn: FlagSet { FlagSet(system: system, keywords: keywords.subtracting([.damaged])) }
}
