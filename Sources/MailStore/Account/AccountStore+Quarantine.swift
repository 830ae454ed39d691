// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

package import MailTypes

extension AccountStore: MailQuarantine {
    package func quarantined() async throws(MailStoreError) -> [QuarantinedMessage] { state.quarantine }

    package func readQuarantined(
        _ id: QuarantineID,
        _ range: Range<UInt64>
    ) async throws(MailStoreError) -> MessageOctets {
        try await fill(try quarantined(id).entry, range)
    }

    package func quarantine(
        _ uids: UIDSet,
        in mailbox: MailboxID
    ) async throws(MailStoreError) -> ExpungeOutcome {
        try await enter(exclusive: true)
        defer { gate.leave(exclusive: true) }
        let found = try self.mailbox(mailbox)
        let entries = found.entries(of: uids)
        guard let record = planQuarantine(entries, of: found) else {
            return ExpungeOutcome(vanished: UIDSet(), modSeq: found.highestModSeq)
        }
        try await isApplied(submit([LogAppend(.quarantined(record))]))
        return ExpungeOutcome(vanished: UIDSet(ascending: entries.lazy.map(\.uid)), modSeq: record.modSeq)
    }

    package func replace(
        _ uid: UID,
        in mailbox: MailboxID,
        with message: any StagedMessage
    ) async throws(MailStoreError) -> AppendOutcome {
        guard let message = message as? StagedOctets else {
            throw MailStoreError(.unavailable, "the message cannot be stored", detail: "staged by another store")
        }
        try await enter(exclusive: true)
        defer { gate.leave(exclusive: true) }
        let found = try self.mailbox(mailbox)
        guard let entry = found.entries(of: UIDSet(ascending: CollectionOfOne(uid))).first,
            let quarantined = planQuarantine([entry], of: found)
        else { throw MailStoreError(.noSuchMessage, "no message \(uid) in \(found.name)") }
        guard let new = takeUID(found) else { throw MailStoreError(.limit, "no UIDs are left in \(found.name)") }
        var flags = entry.flags(keywords: found.keywords)
        flags.keywords.remove(.damaged)
        let record = MessageRecord(
            delivery: nil,
            mailbox: mailbox,
            uid: new,
            modSeq: takeModSeq(),
            flags: flags,
            internalDate: entry.internalDate,
            savedSeconds: services.now(),
            size: message.size,
            sha256: message.sha256,
            structure: message.structure,
            thread: entry.thread,
            threadKeys: message.threads.keys
        )
        let ticket = submit([LogAppend(.quarantined(quarantined)), LogAppend(.message(record), message: message)])
        try await isApplied(ticket)
        return AppendOutcome(mailbox: mailbox, uidValidity: found.uidValidity, uid: new, wasDuplicate: false)
    }

    package func deleteQuarantined(_ ids: [QuarantineID]) async throws(MailStoreError) -> [QuarantineID] {
        try await enter(exclusive: true)
        defer { gate.leave(exclusive: true) }
        let wanted = Set(ids)
        let found = state.quarantine.map(\.id).filter { wanted.contains($0) }
        guard !found.isEmpty else { return [] }
        try await isApplied(submit([LogAppend(.quarantineDeleted(found))]))
        return found
    }

    package func restore(
        _ id: QuarantineID,
        to target: MailboxName?
    ) async throws(MailStoreError) -> AppendOutcome {
        try await enter(exclusive: true)
        defer { gate.leave(exclusive: true) }
        let message = try quarantined(id)
        let mailbox = if let target { try mailbox(target) } else { try home(of: message) }
        guard let uid = takeUID(mailbox) else {
            throw MailStoreError(.limit, "no UIDs are left in \(mailbox.name)")
        }
        var entry = message.entry
        (entry.uid, entry.modSeq, entry.savedSeconds) = (uid, takeModSeq(), services.now())
        entry.systemFlags.subtract(.deleted)
        let record = RestoreRecord(
            item: id,
            target: mailbox.id,
            modSeq: entry.modSeq,
            entry: entry,
            keywords: message.keywords
        )
        try await isApplied(submit([LogAppend(.restored(record))]))
        return AppendOutcome(
            mailbox: mailbox.id,
            uidValidity: mailbox.uidValidity,
            uid: uid,
            wasDuplicate: false
        )
    }

    private func quarantined(_ id: QuarantineID) throws(MailStoreError) -> QuarantinedMessage {
        guard let message = state.quarantine.first(where: { $0.id == id }) else {
            throw MailStoreError(.noSuchMessage, "no message \(id) is in quarantine")
        }
        return message
    }

    private func home(of message: QuarantinedMessage) throws(MailStoreError) -> MailboxState {
        if let same = state.mailboxes[message.id.mailbox] { return same }
        return try mailbox(state[message.mailboxName] == nil ? .inbox : message.mailboxName)
    }

    /// `nil` for no messages.
    func planQuarantine(_ entries: [MessageEntry], of mailbox: MailboxState) -> QuarantineRecord? {
        guard !entries.isEmpty else { return nil }
        return QuarantineRecord(
            mailbox: mailbox.id,
            name: mailbox.name,
            modSeq: takeModSeq(),
            seconds: services.now(),
            entries: entries,
            keywords: mailbox.keywords
        )
    }
}

// Damage that was seen.
extension AccountStore {
    /// Gives every copy of a damaged message the keyword `$Damaged`; returns when that is durable.
    func markDamaged(_ body: BodyReference) async throws(MailStoreError) {
        try await enter(exclusive: true)
        defer { gate.leave(exclusive: true) }
        var records: [LogRecord] = []
        for mailbox in state.mailboxes.values.sorted(by: { $0.id < $1.id }) {
            let known = UIDSet(ascending: mailbox.damaged.lazy.map(\.uid))
            let uids = UIDSet(
                ascending: mailbox.messages.lazy.filter { $0.body == body && !known.contains($0.uid) }.map(\.uid)
            )
            guard !uids.isEmpty else { continue }
            let change = FlagChange(.add, FlagSet(keywords: [.damaged]))
            records.append(
                .flags(FlagsRecord(mailbox: mailbox.id, modSeq: takeModSeq(), uids: uids, change: change))
            )
        }
        guard !records.isEmpty else { return }
        try await isApplied(submit(records.map { LogAppend($0) }))
    }

    /// The UID of a message that has this body, in whichever mailbox.
    func uid(of body: BodyReference) -> UID? {
        for mailbox in state.mailboxes.values {
            if let entry = mailbox.messages.first(where: { $0.body == body }) { return entry.uid }
        }
        return nil
    }

    /// Says that octets of a message are lost, the first time that is seen: by an event, and on the message.
    nonisolated func noteDamage(_ body: BodyReference, uid: UID?, lost: [Range<UInt64>]) async {
        guard services.damage.report(id, body, uid: uid, lost, to: services.events) else { return }
        do throws(MailStoreError) {
            try await markDamaged(body)
        } catch {
            // A full or failing disk: whoever meets the damage next tries again.
            services.damage.forget(id, body)
        }
    }
}

extension MailboxState {
    /// The messages that have `$Damaged`.
    var damaged: [MessageEntry] { damaged(among: messages) }

    func damaged(among entries: some Sequence<MessageEntry>) -> [MessageEntry] {
        guard let bit = keywords.firstIndex(of: .damaged) else { return [] }
        return entries.filter { $0.keywordBits >> UInt128(bit) & 1 == 1 }
    }
}
