// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import MailTypes

extension AccountState {
    /// Applies one record.
    ///
    /// Total: records that refer to what is lost or gone change what they can.
    package mutating func apply(_ record: LogRecord, at place: LogPlace) {
        switch record {
        case .message(let message): apply(message, place.body)
        case .flags(let flags):
            note(flags.modSeq)
            mailboxes[flags.mailbox]?.apply(flags)
        case .transfer(let transfer): apply(transfer)
        case .expunge(let expunge):
            note(expunge.modSeq)
            mailboxes[expunge.mailbox]?.expunge(expunge.uids, at: expunge.modSeq)
        case .mailboxCreated(let created): apply(created)
        case .mailboxDeleted(let id, let modSeq): delete(id, modSeq)
        case .mailboxesRenamed(let renames, let modSeq): apply(renames, modSeq)
        case .subscribed(let name, let isSubscribed, let modSeq):
            note(modSeq)
            if isSubscribed { subscriptions.insert(name) } else { subscriptions.remove(name) }
        case .specialUse(let id, let uses, let modSeq):
            note(modSeq)
            mailboxes[id]?.specialUse = uses
        case .deliveriesForgotten(let forgotten):
            for delivery in forgotten { deliveries.forget(delivery) }
        case .accountRemoved:
            self = AccountState()
            isRemoved = true
        case .fence: break
        }
    }

    private mutating func note(_ modSeq: ModSeq) { highestModSeq = max(highestModSeq, modSeq) }

    /// A delivery that was stored before is not stored again: its first record counts.
    private mutating func apply(_ record: MessageRecord, _ body: BodyReference) {
        note(record.modSeq)
        if let delivery = record.delivery {
            guard deliveries[delivery] == nil else { return }
            deliveries.add(
                RecentDeliveries.Outcome(delivery: delivery, mailbox: record.mailbox, uid: record.uid)
            )
        }
        restoreIfLost(record.mailbox, record.modSeq)
        mailboxes[record.mailbox]?.insert(record, body)
    }

    private mutating func apply(_ record: TransferRecord) {
        note(record.modSeq)
        restoreIfLost(record.target, record.modSeq)
        mailboxes[record.target]?.insert(record)
        guard record.isMove else { return }
        let moved = UIDSet(record.sourceUIDs.map { $0.rawValue...$0.rawValue })
        mailboxes[record.source]?.expunge(moved, at: record.modSeq)
    }

    private mutating func apply(_ record: MailboxCreatedRecord) {
        note(record.modSeq)
        nextMailboxID = max(nextMailboxID, record.mailbox.rawValue &+ 1)
        lastUIDValidity = max(lastUIDValidity, record.uidValidity.rawValue)
        guard mailboxes[record.mailbox] == nil, !deletedMailboxes.contains(record.mailbox) else { return }
        let mailbox = MailboxState(
            id: record.mailbox,
            name: freeName(record.name, record.mailbox),
            uidValidity: record.uidValidity,
            specialUse: record.specialUse,
            modSeq: record.modSeq
        )
        add(mailbox)
        if record.isSubscribed { subscriptions.insert(mailbox.name) }
        isRemoved = false
    }

    private mutating func add(_ mailbox: MailboxState) {
        mailboxes[mailbox.id] = mailbox
        names[mailbox.name] = mailbox.id
    }

    private mutating func delete(_ id: MailboxID, _ modSeq: ModSeq) {
        note(modSeq)
        deletedMailboxes.insert(id)
        guard let mailbox = mailboxes.removeValue(forKey: id) else { return }
        if names[mailbox.name] == id { names[mailbox.name] = nil }
    }

    private mutating func apply(_ renames: [MailboxRename], _ modSeq: ModSeq) {
        note(modSeq)
        for rename in renames {
            if let old = mailboxes[rename.mailbox]?.name, names[old] == rename.mailbox { names[old] = nil }
        }
        for rename in renames where mailboxes[rename.mailbox] != nil {
            let name = freeName(rename.name, rename.mailbox)
            mailboxes[rename.mailbox]?.name = name
            names[name] = rename.mailbox
        }
    }

    /// When the record that made a mailbox is lost, its messages still have a place.
    private mutating func restoreIfLost(_ id: MailboxID, _ modSeq: ModSeq) {
        guard mailboxes[id] == nil, !deletedMailboxes.contains(id), !isRemoved else { return }
        nextMailboxID = max(nextMailboxID, id.rawValue &+ 1)
        lastUIDValidity = max(1, lastUIDValidity &+ 1)
        let name = id == Self.inboxID ? .inbox : MailboxName("Recovered \(id)") ?? .inbox
        add(
            MailboxState(
                id: id,
                name: freeName(name, id),
                uidValidity: UIDValidity(lastUIDValidity),
                specialUse: [],
                modSeq: modSeq
            )
        )
    }

    /// The name, or one like it when another mailbox has it (which takes a lost record).
    private func freeName(_ name: MailboxName, _ id: MailboxID) -> MailboxName {
        guard let owner = names[name], owner != id else { return name }
        return MailboxName("Recovered \(id)") ?? name
    }
}

extension MailboxState {
    mutating func insert(_ record: MessageRecord, _ body: BodyReference) {
        insert(
            MessageEntry(
                uid: record.uid,
                systemFlags: record.flags.system,
                keywordBits: keywordBits(record.flags.keywords),
                internalDate: record.internalDate,
                savedSeconds: record.savedSeconds,
                size: record.size,
                modSeq: record.modSeq,
                body: body
            )
        )
    }

    mutating func insert(_ record: TransferRecord) {
        let bits = record.keywords.map { keywordBits(CollectionOfOne($0)) }
        messages.reserveCapacity(messages.count + record.entries.count)
        for entry in record.entries {
            var copy = entry
            copy.modSeq = record.modSeq
            copy.keywordBits = 0
            for (place, bit) in bits.enumerated() where entry.keywordBits >> UInt128(min(place, 127)) & 1 == 1 {
                copy.keywordBits |= bit
            }
            insert(copy)
        }
    }
}
