// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import ByteTools
internal import MailTypes

extension LogRecord {
    /// The version of the layout below.
    ///
    /// A later version reads all earlier ones.
    package static let version: UInt8 = 1
    static let messageCode: UInt8 = 1

    /// The number of the kind of record, which never changes its meaning.
    package var code: UInt8 {
        switch self {
        case .message: Self.messageCode
        case .flags: 2
        case .transfer: 3
        case .expunge: 4
        case .mailboxCreated: 5
        case .mailboxDeleted: 6
        case .mailboxesRenamed: 7
        case .subscribed: 8
        case .specialUse: 9
        case .deliveriesForgotten: 10
        case .accountRemoved: 11
        case .fence: 12
        case .base: 13
        case .moved: 14
        case .annotated: 15
        case .access: 16
        case .numbersSkipped: 17
        case .quarantined: 20
        case .quarantineDeleted: 21
        case .restored: 22
        }
    }

    /// Version, code, epoch, account, then the fields.
    package func encode(_ fence: Fence) -> [UInt8] {
        var writer = ByteWriter(reserving: reservation)
        writer.integer(Self.version)
        writer.integer(code)
        writer.variableInteger(fence.epoch)
        writer.variableInteger(fence.account.rawValue)
        switch self {
        case .message(let record): writer.add(record)
        case .flags(let record): writer.add(record)
        case .transfer(let record): writer.add(record)
        case .expunge(let record):
            writer.add(record.mailbox)
            writer.add(record.modSeq)
            writer.add(record.uids)
            if record.seconds != 0 { writer.signed(record.seconds) }
        case .mailboxCreated(let record): writer.add(record)
        case .mailboxDeleted(let mailbox, let modSeq):
            writer.add(mailbox)
            writer.add(modSeq)
        case .mailboxesRenamed(let renames, let modSeq):
            writer.add(modSeq)
            writer.variableInteger(UInt64(renames.count))
            for rename in renames {
                writer.add(rename.mailbox)
                writer.string(rename.name.text)
            }
        case .subscribed(let name, let isSubscribed, let modSeq):
            writer.add(modSeq)
            writer.integer(UInt8(isSubscribed ? 1 : 0))
            writer.string(name.text)
        case .specialUse(let mailbox, let uses, let modSeq):
            writer.add(mailbox)
            writer.add(modSeq)
            writer.add(uses)
        case .annotated(let record): writer.add(record)
        case .access(let record): writer.add(record)
        case .deliveriesForgotten(let deliveries):
            writer.variableInteger(UInt64(deliveries.count))
            for delivery in deliveries { writer.add(delivery) }
        case .accountRemoved: break
        case .fence(let epoch, let lost):
            writer.variableInteger(epoch)
            if !lost.isEmpty { writer.add(lost) }
        case .numbersSkipped(let record): writer.add(record)
        case .quarantined(let record): writer.add(record)
        case .quarantineDeleted(let items):
            writer.variableInteger(UInt64(items.count))
            for item in items { writer.add(item) }
        case .restored(let record): writer.add(record)
        case .base(let record): writer.add(record)
        case .moved(let record): writer.add(record)
        }
        return writer.bytes
    }

    private var reservation: Int {
        switch self {
        case .message(let record): 128 + record.structure.count
        case .moved(let record): 160 + record.message.structure.count
        case .transfer(let record): 64 + record.entries.count * 48
        case .annotated(let record): record.changes.reduce(64) { $0 + 80 + ($1.value?.count ?? 0) }
        case .access(let record): 64 + record.entries.count * 40
        default: 64
        }
    }
}

extension ByteWriter {
    mutating func add(_ mailbox: MailboxID) { variableInteger(UInt64(mailbox.rawValue)) }
    mutating func add(_ modSeq: ModSeq) { variableInteger(modSeq.rawValue) }
    mutating func add(_ uid: UID) { variableInteger(UInt64(uid.rawValue)) }
    /// Zigzag: small numbers of either sign are short.
    mutating func signed(_ value: Int64) { variableInteger(UInt64(bitPattern: (value << 1) ^ (value >> 63))) }

    mutating func add(_ date: MailDate) {
        signed(date.secondsSince1970)
        signed(Int64(date.zoneMinutes))
    }

    mutating func add(_ body: BodyReference) {
        variableInteger(UInt64(body.segment))
        variableInteger(UInt64(body.preamble))
        variableInteger(body.offset)
    }

    mutating func add(_ delivery: DeliveryID) {
        integer(delivery.high)
        integer(delivery.low)
    }

    mutating func add(_ uids: UIDSet) {
        variableInteger(UInt64(uids.ranges.count))
        var last: UInt32 = 0
        for range in uids.ranges {
            variableInteger(UInt64(range.lowerBound &- last))
            variableInteger(UInt64(range.upperBound - range.lowerBound))
            last = range.upperBound
        }
    }

    mutating func add(_ keywords: some Collection<Keyword>) {
        variableInteger(UInt64(keywords.count))
        for keyword in keywords { string(keyword.text) }
    }

    mutating func add(_ flags: FlagSet) {
        integer(flags.system.rawValue)
        add(flags.keywords.sorted { $0.text < $1.text })
    }

    mutating func add(_ record: AnnotationsRecord) {
        add(record.mailbox)
        add(record.modSeq)
        variableInteger(UInt64(record.changes.count))
        for change in record.changes {
            string(change.name)
            integer(UInt8(change.value == nil ? 0 : 1))
            if let value = change.value { counted(value) }
        }
    }

    mutating func add(_ record: AccessRecord) {
        add(record.mailbox)
        add(record.modSeq)
        add(record.entries)
    }

    mutating func add(_ entries: [AccessEntry]) {
        variableInteger(UInt64(entries.count))
        for entry in entries {
            string(entry.identifier.description)
            variableInteger(UInt64(entry.rights.rawValue))
        }
    }

    mutating func add(_ uses: Set<SpecialUse>) {
        variableInteger(UInt64(uses.count))
        for use in uses.sorted(by: { $0.rawValue < $1.rawValue }) { string(use.rawValue) }
    }

    mutating func add(_ record: MessageRecord) {
        integer(UInt8(record.delivery == nil ? 0 : 1))
        if let delivery = record.delivery { add(delivery) }
        add(record.mailbox)
        add(record.uid)
        add(record.modSeq)
        add(record.flags)
        add(record.internalDate)
        signed(record.savedSeconds)
        variableInteger(record.size)
        counted(record.sha256)
        counted(record.structure)
        guard let thread = record.thread else { return }
        integer(thread.rawValue)
        variableInteger(UInt64(record.threadKeys.count))
        for key in record.threadKeys { integer(key) }
    }

    mutating func add(_ record: FlagsRecord) {
        add(record.mailbox)
        add(record.modSeq)
        add(record.uids)
        let kept = record.change.kept
        integer(kept == .none ? record.change.mode.code : FlagChange.partialReplacementCode)
        add(record.change.flags)
        guard kept != .none else { return }
        integer(kept.system.rawValue)
        integer(UInt8(kept.keywords ? 1 : 0))
    }

    mutating func add(_ record: TransferRecord) {
        add(record.source)
        add(record.target)
        add(record.modSeq)
        integer(UInt8(record.isMove ? 1 : 0))
        add(record.keywords)
        variableInteger(UInt64(min(record.entries.count, record.sourceUIDs.count)))
        for (uid, entry) in zip(record.sourceUIDs, record.entries) {
            add(uid)
            add(entry)
        }
        for (_, entry) in zip(record.sourceUIDs, record.entries) { addIdentity(entry) }
    }

    mutating func addIdentity(_ entry: MessageEntry) {
        variableInteger(entry.email.rawValue)
        integer(entry.thread.rawValue)
    }

    mutating func add(_ item: QuarantineID) {
        add(item.mailbox)
        add(item.uid)
    }

    mutating func add(_ record: QuarantineRecord) {
        add(record.mailbox)
        string(record.name.text)
        add(record.modSeq)
        signed(record.seconds)
        add(record.keywords)
        variableInteger(UInt64(record.entries.count))
        for entry in record.entries { addWhole(entry) }
    }

    mutating func add(_ record: RestoreRecord) {
        add(record.item)
        add(record.target)
        add(record.modSeq)
        add(record.keywords)
        addWhole(record.entry)
    }

    mutating func addWhole(_ entry: MessageEntry) {
        add(entry.modSeq)
        add(entry)
        addIdentity(entry)
    }

    /// Without the mod-sequence, which the record has once for all.
    private mutating func add(_ entry: MessageEntry) {
        add(entry.uid)
        integer(entry.systemFlags.rawValue)
        variableInteger(UInt64(truncatingIfNeeded: entry.keywordBits))
        variableInteger(UInt64(truncatingIfNeeded: entry.keywordBits >> 64))
        add(entry.internalDate)
        signed(entry.savedSeconds)
        variableInteger(entry.size)
        add(entry.body)
    }

    mutating func add(_ record: MailboxCreatedRecord) {
        add(record.mailbox)
        string(record.name.text)
        variableInteger(UInt64(record.uidValidity.rawValue))
        add(record.modSeq)
        add(record.specialUse)
        integer(UInt8(record.isSubscribed ? 1 : 0))
    }
}

extension FlagChange {
    /// Of a replacement that keeps something.
    static let partialReplacementCode: UInt8 = 3
}

extension FlagChange.Mode {
    var code: UInt8 {
        switch self {
        case .replace: 0
        case .add: 1
        case .remove: 2
        }
    }

    init?(code: UInt8) {
        switch code {
        case 0: self = .replace
        case 1: self = .add
        case 2: self = .remove
        default: return nil
        }
    }
}
