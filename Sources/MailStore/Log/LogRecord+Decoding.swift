// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import ByteTools
internal import MailTypes

extension LogRecord {
    /// The record and the fence it was written under; `nil` for anything that is not whole and sensible, or of a later
    /// version.
    package static func decode(_ bytes: [UInt8]) -> (record: LogRecord, fence: Fence)? {
        var reader = RecordReader(bytes)
        do throws(ByteReaderError) {
            guard try reader.octet() == version else { return nil }
            let code = try reader.octet()
            let epoch = try reader.number()
            let account = AccountID(try reader.number())
            guard let record = try reader.record(code) else { return nil }
            return (record, Fence(account: account, epoch: epoch))
        } catch {
            return nil
        }
    }

    /// The structure in the record of a message that was delivered or appended, without the rest of it being read into
    /// values: FETCH of envelopes, SORT and THREAD do this for each message.
    ///
    /// `nil` for any other record, and for what is not whole up to there.
    package static func structure(in bytes: [UInt8]) -> [UInt8]? { structurePlace(in: bytes).map { Array(bytes[$0]) } }

    /// Where it lies in the record.
    package static func structurePlace(in bytes: [UInt8]) -> Range<Int>? {
        var reader = RecordReader(bytes)
        do throws(ByteReaderError) {
            guard try reader.octet() == version, try reader.octet() == Self.messageCode else { return nil }
            // The epoch and the account.
            for _ in 0..<2 { _ = try reader.number() }
            return try reader.placeOfStructure()
        } catch {
            return nil
        }
    }
}

/// Reads the fields of log records, each within its bounds.
struct RecordReader {
    private var reader: ByteReader

    init(_ bytes: [UInt8]) { reader = ByteReader(bytes) }

    private var failure: ByteReaderError { ByteReaderError(offset: reader.offset) }

    mutating func octet() throws(ByteReaderError) -> UInt8 { try reader.integer() }
    mutating func number() throws(ByteReaderError) -> UInt64 { try reader.variableInteger() }

    mutating func number32() throws(ByteReaderError) -> UInt32 {
        guard let value = UInt32(exactly: try number()) else { throw failure }
        return value
    }

    mutating func signed() throws(ByteReaderError) -> Int64 {
        let value = try number()
        return Int64(bitPattern: value >> 1) ^ -Int64(bitPattern: value & 1)
    }

    /// How many fields of at least `octets` each follow: never more than there is room for.
    mutating func count(of octets: Int) throws(ByteReaderError) -> Int {
        let value = try number()
        guard value <= UInt64(reader.remaining / max(1, octets)) else { throw failure }
        return Int(value)
    }

    mutating func mailbox() throws(ByteReaderError) -> MailboxID { MailboxID(try number32()) }
    /// A mod-sequence has 63 bits (RFC 7162 §3.1): the next one can always be computed.
    mutating func modSeq() throws(ByteReaderError) -> ModSeq {
        let value = try number()
        guard value < 1 << 63 else { throw failure }
        return ModSeq(value)
    }

    var isAtEnd: Bool { reader.remaining == 0 }

    mutating func flag() throws(ByteReaderError) -> Bool { try octet() == 1 }

    mutating func body() throws(ByteReaderError) -> BodyReference {
        let (segment, preamble) = (try number32(), try number32())
        return BodyReference(segment: segment, offset: try number(), preamble: preamble)
    }

    mutating func uid() throws(ByteReaderError) -> UID {
        let value = try number32()
        guard value > 0 else { throw failure }
        return UID(value)
    }

    mutating func date() throws(ByteReaderError) -> MailDate {
        MailDate(secondsSince1970: try signed(), zoneMinutes: Int16(clamping: try signed()))
    }

    mutating func delivery() throws(ByteReaderError) -> DeliveryID {
        DeliveryID(high: try reader.integer(), low: try reader.integer())
    }

    mutating func name() throws(ByteReaderError) -> MailboxName {
        guard let name = MailboxName(try reader.string(maximum: MailboxName.maximumOctets)) else { throw failure }
        return name
    }

    mutating func uids() throws(ByteReaderError) -> UIDSet {
        var set = UIDSet()
        var last: UInt32 = 0
        for _ in 0..<(try count(of: 2)) {
            let (lower, overflow) = last.addingReportingOverflow(try number32())
            let (upper, carry) = lower.addingReportingOverflow(try number32())
            guard !overflow, !carry else { throw failure }
            set.appendAscending(lower...upper)
            last = upper
        }
        return set
    }

    mutating func keywords() throws(ByteReaderError) -> [Keyword] {
        var keywords: [Keyword] = []
        for _ in 0..<(try count(of: 2)) {
            guard let keyword = Keyword(try reader.string(maximum: Keyword.maximumOctets)) else { throw failure }
            keywords.append(keyword)
        }
        return keywords
    }

    mutating func flags() throws(ByteReaderError) -> FlagSet {
        FlagSet(system: SystemFlags(rawValue: try octet()), keywords: Set(try keywords()))
    }

    mutating func specialUses() throws(ByteReaderError) -> Set<SpecialUse> {
        var uses: Set<SpecialUse> = []
        for _ in 0..<(try count(of: 1)) {
            if let use = SpecialUse(rawValue: try reader.string(maximum: 64)) { uses.insert(use) }
        }
        return uses
    }

    mutating func fixed32() throws(ByteReaderError) -> UInt32 { try reader.integer() }
    mutating func fixed64() throws(ByteReaderError) -> UInt64 { try reader.integer() }

    /// `count` packed entries.
    mutating func entries(_ count: Int) throws(ByteReaderError) -> [MessageEntry] {
        let start = reader.offset
        try reader.skip(count * PackedEntry.octets)
        let bytes = reader.bytes
        var entries: [MessageEntry] = []
        entries.reserveCapacity(count)
        for index in 0..<count {
            entries.append(unsafe PackedEntry.read(bytes.span.bytes, at: start + index * PackedEntry.octets))
        }
        return entries
    }

    mutating func octets(maximum: Int = .max) throws(ByteReaderError) -> [UInt8] {
        Array(try reader.counted(maximum: maximum))
    }

    mutating func record(_ code: UInt8) throws(ByteReaderError) -> LogRecord? {
        switch code {
        case LogRecord.messageCode: .message(try message())
        case 2: try flagsRecord()
        case 3: .transfer(try transfer())
        case 4: .expunge(try expunge())
        case 5: .mailboxCreated(try mailboxCreated())
        case 6: .mailboxDeleted(try mailbox(), try modSeq())
        case 7: try renames()
        case 8: try subscription()
        case 9: try specialUse()
        case 10: .deliveriesForgotten(try deliveries())
        case 11: .accountRemoved
        case 12: .fence(try number(), lost: try lostOctets())
        case 13: try base().map { .base($0) }
        case 14: .moved(try moved())
        case 15: .annotated(try annotations())
        case 16: .access(AccessRecord(mailbox: try mailbox(), modSeq: try modSeq(), entries: try accessEntries()))
        case 17: .numbersSkipped(try numbersSkipped())
        case 20: .quarantined(try quarantined())
        case 21: .quarantineDeleted(try quarantineItems())
        case 22: .restored(try restored())
        default: nil
        }
    }

    mutating func message() throws(ByteReaderError) -> MessageRecord {
        var record = MessageRecord(
            delivery: try flag() ? try delivery() : nil,
            mailbox: try mailbox(),
            uid: try uid(),
            modSeq: try modSeq(),
            flags: try flags(),
            internalDate: try date(),
            savedSeconds: try signed(),
            size: try number(),
            sha256: try octets(maximum: 32),
            structure: try octets()
        )
        // From here on: not in records of the first release.
        guard reader.remaining > 0 else { return record }
        record.thread = ThreadID(try reader.integer())
        for _ in 0..<(try count(of: 8)) { record.threadKeys.append(try reader.integer()) }
        return record
    }

    /// As `message`, of which nothing else is wanted.
    mutating func placeOfStructure() throws(ByteReaderError) -> Range<Int> {
        if try flag() { try reader.skip(16) }
        // The mailbox, the UID, the mod-sequence, and system flags.
        for _ in 0..<3 { _ = try number() }
        _ = try octet()
        for _ in 0..<(try count(of: 2)) { _ = try reader.counted() }
        // The internal date and its zone, when it was saved, and its size.
        for _ in 0..<4 { _ = try number() }
        _ = try reader.counted(maximum: 32)
        return try reader.counted().indices
    }

    private mutating func expunge() throws(ByteReaderError) -> ExpungeRecord {
        let (mailbox, modSeq, uids) = (try mailbox(), try modSeq(), try uids())
        // Not in records of the first release.
        let seconds = reader.remaining > 0 ? try signed() : 0
        return ExpungeRecord(mailbox: mailbox, modSeq: modSeq, uids: uids, seconds: seconds)
    }

    private mutating func flagsRecord() throws(ByteReaderError) -> LogRecord? {
        let (mailbox, modSeq, uids) = (try mailbox(), try modSeq(), try uids())
        guard let change = try flagChange() else { return nil }
        return .flags(FlagsRecord(mailbox: mailbox, modSeq: modSeq, uids: uids, change: change))
    }

    private mutating func flagChange() throws(ByteReaderError) -> FlagChange? {
        let code = try octet()
        if let mode = FlagChange.Mode(code: code) { return FlagChange(mode, try flags()) }
        guard code == FlagChange.partialReplacementCode else { return nil }
        let (flags, system, keywords) = (try flags(), SystemFlags(rawValue: try octet()), try flag())
        return FlagChange(.replace, flags, keeping: KeptFlags(system: system, keywords: keywords))
    }

    private mutating func transfer() throws(ByteReaderError) -> TransferRecord {
        var record = TransferRecord(
            source: try mailbox(),
            target: try mailbox(),
            modSeq: try modSeq(),
            isMove: try flag(),
            sourceUIDs: [],
            entries: [],
            keywords: try keywords()
        )
        let count = try count(of: 12)
        record.sourceUIDs.reserveCapacity(count)
        record.entries.reserveCapacity(count)
        for _ in 0..<count {
            record.sourceUIDs.append(try uid())
            record.entries.append(try entry(record.modSeq))
        }
        // Not in records of the first release.
        guard reader.remaining > 0 else { return record }
        for place in record.entries.indices { try readIdentity(of: &record.entries[place]) }
        return record
    }

    private mutating func readIdentity(of entry: inout MessageEntry) throws(ByteReaderError) {
        entry.email = EmailID(try number())
        entry.thread = ThreadID(try reader.integer())
    }

    mutating func wholeEntry() throws(ByteReaderError) -> MessageEntry {
        var entry = try entry(try modSeq())
        try readIdentity(of: &entry)
        return entry
    }

    mutating func quarantineID() throws(ByteReaderError) -> QuarantineID {
        QuarantineID(try mailbox(), try uid())
    }

    private mutating func quarantineItems() throws(ByteReaderError) -> [QuarantineID] {
        var items: [QuarantineID] = []
        for _ in 0..<(try count(of: 2)) { items.append(try quarantineID()) }
        return items
    }

    private mutating func quarantined() throws(ByteReaderError) -> QuarantineRecord {
        var record = QuarantineRecord(
            mailbox: try mailbox(),
            name: try name(),
            modSeq: try modSeq(),
            seconds: try signed(),
            entries: [],
            keywords: try keywords()
        )
        for _ in 0..<(try count(of: 20)) { record.entries.append(try wholeEntry()) }
        return record
    }

    private mutating func restored() throws(ByteReaderError) -> RestoreRecord {
        let (item, target, modSeq, keywords) = (try quarantineID(), try mailbox(), try modSeq(), try keywords())
        return RestoreRecord(item: item, target: target, modSeq: modSeq, entry: try wholeEntry(), keywords: keywords)
    }

    private mutating func entry(_ modSeq: ModSeq) throws(ByteReaderError) -> MessageEntry {
        let uid = try uid()
        let system = SystemFlags(rawValue: try octet())
        let bits = UInt128(try number()) | UInt128(try number()) << 64
        let date = try date()
        let saved = try signed()
        let size = try number()
        let body = try body()
        return MessageEntry(
            uid: uid,
            systemFlags: system,
            keywordBits: bits,
            internalDate: date,
            savedSeconds: saved,
            size: size,
            modSeq: modSeq,
            body: body
        )
    }

    private mutating func mailboxCreated() throws(ByteReaderError) -> MailboxCreatedRecord {
        MailboxCreatedRecord(
            mailbox: try mailbox(),
            name: try name(),
            uidValidity: UIDValidity(try number32()),
            modSeq: try modSeq(),
            specialUse: try specialUses(),
            isSubscribed: try flag()
        )
    }

    private mutating func renames() throws(ByteReaderError) -> LogRecord {
        let modSeq = try modSeq()
        var renames: [MailboxRename] = []
        for _ in 0..<(try count(of: 3)) { renames.append(MailboxRename(mailbox: try mailbox(), name: try name())) }
        return .mailboxesRenamed(renames, modSeq)
    }

    private mutating func subscription() throws(ByteReaderError) -> LogRecord {
        let modSeq = try modSeq()
        let isSubscribed = try flag()
        return .subscribed(try name(), isSubscribed, modSeq)
    }

    private mutating func specialUse() throws(ByteReaderError) -> LogRecord {
        let (mailbox, modSeq) = (try mailbox(), try modSeq())
        return .specialUse(mailbox, try specialUses(), modSeq)
    }

    private mutating func annotations() throws(ByteReaderError) -> AnnotationsRecord {
        var record = AnnotationsRecord(mailbox: try mailbox(), modSeq: try modSeq(), changes: [])
        for _ in 0..<(try count(of: 2)) {
            let name = try annotationName()
            let isThere = try flag()
            record.changes.append(AnnotationChange(name, isThere ? try annotationValue() : nil))
        }
        return record
    }

    mutating func annotationName() throws(ByteReaderError) -> String {
        try reader.string(maximum: AnnotationLimits.nameOctets)
    }

    mutating func annotationValue() throws(ByteReaderError) -> [UInt8] {
        try octets(maximum: AnnotationLimits.valueOctets)
    }

    /// Rights that a later release knows are passed over.
    mutating func accessEntries() throws(ByteReaderError) -> [AccessEntry] {
        var entries: [AccessEntry] = []
        for _ in 0..<(try count(of: 3)) {
            let text = try reader.string(maximum: AccessIdentifier.maximumOctets)
            guard let identifier = AccessIdentifier(text) else { throw failure }
            let rights = MailboxRights(rawValue: UInt16(truncatingIfNeeded: try number())).intersection(.all)
            entries.append(AccessEntry(identifier, rights))
        }
        return entries
    }

    private mutating func deliveries() throws(ByteReaderError) -> [DeliveryID] {
        var deliveries: [DeliveryID] = []
        for _ in 0..<(try count(of: 16)) { deliveries.append(try delivery()) }
        return deliveries
    }
}
