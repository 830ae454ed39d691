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
            change(flags.mailbox) { $0.apply(flags) }
        case .transfer(let transfer): apply(transfer)
        case .expunge(let expunge):
            note(expunge.modSeq)
            change(expunge.mailbox) { $0.expunge(expunge.uids, at: expunge.modSeq, seconds: expunge.seconds) }
        case .mailboxCreated(let created): apply(created)
        case .mailboxDeleted(let id, let modSeq): delete(id, modSeq)
        case .mailboxesRenamed(let renames, let modSeq): apply(renames, modSeq)
        case .subscribed(let name, let isSubscribed, let modSeq):
            note(modSeq)
            if isSubscribed { subscriptions.insert(name) } else { subscriptions.remove(name) }
        case .specialUse(let id, let uses, let modSeq):
            note(modSeq)
            mailboxes[id]?.specialUse = uses
        case .annotated(let record): apply(record)
        case .access(let record): apply(record)
        case .deliveriesForgotten(let forgotten):
            for delivery in forgotten { deliveries.forget(delivery) }
        case .accountRemoved:
            self = AccountState()
            isRemoved = true
        case .moved(let moved): apply(moved, place.body)
        case .numbersSkipped(let record): apply(record)
        case .fence, .base: break
        case .quarantined(let record): apply(record)
        case .quarantineDeleted(let items): quarantine.removeAll { items.contains($0.id) }
        case .restored(let record): apply(record)
        }
    }

    /// Changes a mailbox, if it is there, and keeps the account's usage true.
    private mutating func change(_ id: MailboxID, _ body: (inout MailboxState) -> Void) {
        guard let place = mailboxes.index(forKey: id) else { return }
        let before = mailboxes.values[place].usage
        body(&mailboxes.values[place])
        let after = mailboxes.values[place].usage
        usage.octets = usage.octets &+ after.octets &- before.octets
        usage.messages = usage.messages &+ after.messages &- before.messages
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
        restoreIfLost(record.mailbox, record.modSeq, seconds: record.savedSeconds)
        if let thread = record.thread { threads.add(record.threadKeys, thread) }
        change(record.mailbox) { $0.insert(record, body) }
    }

    /// The copy of a message takes its place when the message still is where the copy was made from.
    ///
    /// A message whose own record is lost is there again, unless it was expunged.
    private mutating func apply(_ record: MovedRecord, _ body: BodyReference) {
        guard !isRemoved else { return }
        var message = record.message
        if let mailbox = mailboxes[message.mailbox] {
            let (place, isThere) = mailbox.index(of: message.uid)
            if isThere {
                guard mailbox.messages[place].body == record.from else { return }
                mailboxes[message.mailbox]?.messages[place].body = body
                return
            }
            guard !mailbox.vanished.contains(message.uid) else { return }
        }
        if let delivery = message.delivery, deliveries[delivery] != nil { message.delivery = nil }
        apply(message, body)
        guard let place = mailboxes[message.mailbox]?.index(of: message.uid), place.isThere else { return }
        mailboxes[message.mailbox]?.messages[place.place].email = record.email
    }

    private mutating func apply(_ record: TransferRecord) {
        note(record.modSeq)
        let latest = record.entries.lazy.map(\.savedSeconds).max() ?? 0
        restoreIfLost(record.target, record.modSeq, seconds: latest)
        let record = identified(record)
        change(record.target) { $0.insert(record) }
        guard record.isMove else { return }
        let moved = UIDSet(record.sourceUIDs.map { $0.rawValue...$0.rawValue })
        let seconds = record.entries.last?.savedSeconds ?? 0
        change(record.source) { $0.expunge(moved, at: record.modSeq, seconds: seconds) }
    }

    /// Records of the first release do not say which message an entry is a copy of: the source does, as long as it is
    /// there.
    private func identified(_ record: TransferRecord) -> TransferRecord {
        guard record.entries.contains(where: { $0.email == EmailID(0) }) else { return record }
        var record = record
        let source = mailboxes[record.source]
        for place in record.entries.indices where record.entries[place].email == EmailID(0) {
            let uid = record.sourceUIDs.indices.contains(place) ? record.sourceUIDs[place] : record.entries[place].uid
            let known = source.flatMap { source in
                let found = source.index(of: uid)
                return found.isThere ? source.messages[found.place] : nil
            }
            let email = known?.email ?? EmailID(record.source, uid)
            record.entries[place].email = email
            record.entries[place].thread = known?.thread ?? ThreadID(alone: email)
        }
        return record
    }

    private mutating func apply(_ record: AnnotationsRecord) {
        note(record.modSeq)
        guard !deletedMailboxes.contains(record.mailbox) else { return }
        let all = (annotations[record.mailbox] ?? [:]).changed(by: record.changes)
        annotations[record.mailbox] = all.isEmpty ? nil : all
    }

    private mutating func apply(_ record: AccessRecord) {
        note(record.modSeq)
        guard !deletedMailboxes.contains(record.mailbox) else { return }
        let all = (accessLists[record.mailbox] ?? [:]).changed(by: record.entries)
        accessLists[record.mailbox] = all.isEmpty ? nil : all
    }

    private mutating func apply(_ record: QuarantineRecord) {
        note(record.modSeq)
        let uids = UIDSet(record.entries.map { $0.uid.rawValue...$0.uid.rawValue })
        change(record.mailbox) { $0.expunge(uids, at: record.modSeq, seconds: record.seconds) }
        for entry in record.entries {
            let id = QuarantineID(record.mailbox, entry.uid)
            guard !quarantine.contains(where: { $0.id == id }) else { continue }
            quarantine.append(
                QuarantinedMessage(
                    id: id,
                    mailboxName: record.name,
                    entry: entry,
                    keywords: record.keywords,
                    seconds: record.seconds
                )
            )
        }
    }

    private mutating func apply(_ record: RestoreRecord) {
        note(record.modSeq)
        restoreIfLost(record.target, record.modSeq, seconds: record.entry.savedSeconds)
        guard mailboxes[record.target] != nil else { return }
        quarantine.removeAll { $0.id == record.item }
        change(record.target) { $0.insert([record.entry], record.keywords, record.modSeq) }
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
        annotations[id] = nil
        accessLists[id] = nil
        guard let mailbox = mailboxes.removeValue(forKey: id) else { return }
        usage.octets = usage.octets &- mailbox.usage.octets
        usage.messages = usage.messages &- mailbox.usage.messages
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
    ///
    /// The mailbox was there at that time, so its UIDVALIDITY was no greater: the one it gets is none that it has had.
    private mutating func restoreIfLost(_ id: MailboxID, _ modSeq: ModSeq, seconds: Int64) {
        guard mailboxes[id] == nil, !deletedMailboxes.contains(id), !isRemoved else { return }
        nextMailboxID = max(nextMailboxID, id.rawValue &+ 1)
        let (after, isBeyond) = UInt32(clamping: seconds).addingReportingOverflow(1)
        lastUIDValidity = max(1, lastUIDValidity &+ 1, isBeyond ? 0 : after)
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

    /// The name, or another when another mailbox has it (which takes a lost record): one that nobody has.
    private func freeName(_ name: MailboxName, _ id: MailboxID) -> MailboxName {
        guard let owner = names[name], owner != id else { return name }
        let others = ["Recovered \(id)"] + (2...(names.count + 2)).lazy.map { "Recovered \(id)-\($0)" }
        return others.lazy.compactMap { MailboxName($0) }.first { names[$0] == nil || names[$0] == id } ?? name
    }
}

extension MailboxState {
    package var usage: QuotaUsage { QuotaUsage(octets: size, messages: UInt64(clamping: messages.count)) }

    mutating func insert(_ record: MessageRecord, _ body: BodyReference) {
        let email = EmailID(id, record.uid)
        insert(
            MessageEntry(
                uid: record.uid,
                systemFlags: record.flags.system,
                keywordBits: keywordBits(record.flags.keywords),
                internalDate: record.internalDate,
                savedSeconds: record.savedSeconds,
                size: record.size,
                modSeq: record.modSeq,
                body: body,
                email: email,
                thread: record.thread ?? ThreadID(alone: email)
            )
        )
    }

    mutating func insert(_ record: TransferRecord) {
        insert(record.entries, record.keywords, record.modSeq)
    }

    /// Adds entries whose keyword bits count in a table of their own.
    mutating func insert(_ entries: [MessageEntry], _ keywords: [Keyword], _ modSeq: ModSeq) {
        let bits = keywords.map { keywordBits(CollectionOfOne($0)) }
        for entry in entries {
            var copy = entry
            copy.modSeq = modSeq
            copy.keywordBits = 0
            for (place, bit) in bits.enumerated() where entry.keywordBits >> UInt128(min(place, 127)) & 1 == 1 {
                copy.keywordBits |= bit
            }
            insert(copy)
        }
    }
}
