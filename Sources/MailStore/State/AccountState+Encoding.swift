// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import ByteTools
internal import MailTypes

extension AccountState {
    /// The version of the layout, which is part of the store's format (docs/store-format.md): base records hold it.
    ///
    /// A later version reads this one and those between. Version 1 was in snapshots only; they are dropped.
    private static let version: UInt8 = 2
    /// The same with annotations behind it: written only where there are some, so that the release before can read the
    /// others.
    private static let annotatedVersion: UInt8 = 3
    /// The same with rights of others behind the annotations, of which there may be none.
    private static let sharedVersion: UInt8 = 4

    private var version: UInt8 {
        if !accessLists.isEmpty { return Self.sharedVersion }
        return annotations.isEmpty ? Self.version : Self.annotatedVersion
    }

    package func encode() -> [UInt8] {
        let entries = mailboxes.values.reduce(0) { $0 + $1.messages.count }
        var writer = ByteWriter(reserving: 4096 + entries * PackedEntry.octets)
        let version = version
        writer.integer(version)
        writer.integer(nextMailboxID)
        writer.integer(lastUIDValidity)
        writer.add(highestModSeq)
        writer.integer(UInt8(isRemoved ? 1 : 0))
        writer.variableInteger(UInt64(deletedMailboxes.count))
        for id in deletedMailboxes.sorted() { writer.add(id) }
        writer.variableInteger(UInt64(subscriptions.count))
        for name in subscriptions.sorted() { writer.string(name.text) }
        let recent = deliveries.all
        writer.variableInteger(UInt64(recent.count))
        for outcome in recent {
            writer.add(outcome.delivery)
            writer.add(outcome.mailbox)
            writer.add(outcome.uid)
        }
        writer.variableInteger(UInt64(mailboxes.count))
        for mailbox in mailboxes.values.sorted(by: { $0.id < $1.id }) { mailbox.encode(to: &writer) }
        encodeQuarantine(to: &writer)
        writer.add(threads.older)
        writer.add(threads.recent)
        if version >= Self.annotatedVersion { encodeAnnotations(to: &writer) }
        if version >= Self.sharedVersion { encodeAccessLists(to: &writer) }
        return writer.bytes
    }

    package init?(decoding bytes: [UInt8]) {
        self.init()
        var reader = RecordReader(bytes)
        do throws(ByteReaderError) {
            let version = try reader.octet()
            guard (Self.version...Self.sharedVersion).contains(version) else { return nil }
            nextMailboxID = try reader.fixed32()
            lastUIDValidity = try reader.fixed32()
            highestModSeq = try reader.modSeq()
            isRemoved = try reader.flag()
            for _ in 0..<(try reader.count(of: 1)) { deletedMailboxes.insert(try reader.mailbox()) }
            for _ in 0..<(try reader.count(of: 2)) { subscriptions.insert(try reader.name()) }
            for _ in 0..<(try reader.count(of: 18)) {
                deliveries.add(
                    RecentDeliveries.Outcome(
                        delivery: try reader.delivery(),
                        mailbox: try reader.mailbox(),
                        uid: try reader.uid()
                    )
                )
            }
            for _ in 0..<(try reader.count(of: 8)) {
                guard let mailbox = try MailboxState(decoding: &reader) else { return nil }
                guard mailboxes.updateValue(mailbox, forKey: mailbox.id) == nil,
                    names.updateValue(mailbox.id, forKey: mailbox.name) == nil
                else { return nil }
                usage.octets = usage.octets &+ mailbox.usage.octets
                usage.messages = usage.messages &+ mailbox.usage.messages
            }
            try decodeQuarantine(&reader)
            let older = try reader.threads()
            threads = ThreadIndex(recent: try reader.threads(), older: older)
            if version >= Self.annotatedVersion { try decodeAnnotations(&reader) }
            if version >= Self.sharedVersion { try decodeAccessLists(&reader) }
            guard reader.isAtEnd else { return nil }
        } catch {
            return nil
        }
    }
}

extension MailboxState {
    fileprivate func encode(to writer: inout ByteWriter) {
        writer.add(id)
        writer.string(name.text)
        writer.integer(uidValidity.rawValue)
        writer.add(specialUse)
        writer.add(highestModSeq)
        writer.add(lastInnerChange)
        writer.variableInteger(uidNext)
        writer.add(keywords)
        writer.variableInteger(UInt64(vanished.entries.count))
        for entry in vanished.entries {
            writer.add(entry.modSeq)
            writer.add(entry.uids)
            writer.signed(entry.seconds)
        }
        writer.add(vanished.exactSince)
        arrivals.encode(to: &writer)
        writer.variableInteger(UInt64(messages.count))
        for entry in messages { PackedEntry.append(entry, to: &writer) }
    }

    fileprivate init?(decoding reader: inout RecordReader) throws(ByteReaderError) {
        let id = try reader.mailbox()
        let name = try reader.name()
        let validity = UIDValidity(try reader.fixed32())
        let uses = try reader.specialUses()
        let highest = try reader.modSeq()
        self.init(id: id, name: name, uidValidity: validity, specialUse: uses, modSeq: highest)
        lastInnerChange = try reader.modSeq()
        uidNext = try reader.number()
        keywords = try reader.keywords()
        var gone: [VanishedLog.Entry] = []
        for _ in 0..<(try reader.count(of: 3)) {
            gone.append(
                VanishedLog.Entry(modSeq: try reader.modSeq(), uids: try reader.uids(), seconds: try reader.signed())
            )
        }
        vanished = VanishedLog(entries: gone, exactSince: try reader.modSeq())
        arrivals = try ArrivalLog(decoding: &reader)
        let count = try reader.count(of: PackedEntry.octets)
        messages = MessageTable(try reader.entries(count))
        guard keywords.count <= Self.keywordBits, uidNext <= 1 << 32 else { return nil }
        guard isAscending(), messages.last.map({ UInt64($0.uid.rawValue) < uidNext }) ?? true else { return nil }
        recount()
    }

    private func isAscending() -> Bool {
        zip(messages, messages.dropFirst()).allSatisfy { $0.uid < $1.uid }
    }

    private mutating func recount() {
        (unseen, deleted, size, deletedSize) = (0, 0, 0, 0)
        for entry in messages {
            if !entry.systemFlags.contains(.seen) { unseen += 1 }
            size = size &+ entry.size
            guard entry.systemFlags.contains(.deleted) else { continue }
            deleted += 1
            deletedSize = deletedSize &+ entry.size
        }
    }
}

/// A message entry in 88 octets, so that a snapshot of 100,000 messages is read in milliseconds.
enum PackedEntry {
    static let octets = 88

    static func append(_ entry: MessageEntry, to writer: inout ByteWriter) {
        writer.integer(entry.uid.rawValue)
        writer.integer(entry.body.segment)
        writer.integer(entry.body.offset)
        writer.integer(entry.body.preamble)
        writer.integer(entry.zoneMinutes)
        writer.integer(entry.systemFlags.rawValue)
        writer.integer(UInt8(0))
        writer.integer(entry.internalSeconds)
        writer.integer(entry.savedSeconds)
        writer.integer(entry.size)
        writer.integer(entry.modSeq.rawValue)
        writer.integer(UInt64(truncatingIfNeeded: entry.keywordBits))
        writer.integer(UInt64(truncatingIfNeeded: entry.keywordBits >> 64))
        writer.integer(entry.email.rawValue)
        writer.integer(entry.thread.rawValue)
    }

    /// The entry in `bytes` (88 octets, checked) at `offset`.
    static func read(_ bytes: RawSpan, at offset: Int) -> MessageEntry {
        precondition(offset >= 0 && offset <= bytes.byteCount - octets)
        let (numbers, flags) = (bytes.littleEndian64(at: offset + 0), bytes.littleEndian64(at: offset + 16))
        return MessageEntry(
            uid: UID(UInt32(truncatingIfNeeded: numbers)),
            systemFlags: SystemFlags(rawValue: UInt8(truncatingIfNeeded: flags >> 48)),
            keywordBits: UInt128(bytes.littleEndian64(at: offset + 56)) | UInt128(bytes.littleEndian64(at: offset + 64))
                << 64,
            internalDate: MailDate(
                secondsSince1970: Int64(bitPattern: bytes.littleEndian64(at: offset + 24)),
                zoneMinutes: Int16(truncatingIfNeeded: flags >> 32)
            ),
            savedSeconds: Int64(bitPattern: bytes.littleEndian64(at: offset + 32)),
            size: bytes.littleEndian64(at: offset + 40),
            modSeq: ModSeq(bytes.littleEndian64(at: offset + 48)),
            body: BodyReference(
                segment: UInt32(truncatingIfNeeded: numbers >> 32),
                offset: bytes.littleEndian64(at: offset + 8),
                preamble: UInt32(truncatingIfNeeded: flags)
            ),
            email: EmailID(bytes.littleEndian64(at: offset + 72)),
            thread: ThreadID(bytes.littleEndian64(at: offset + 80))
        )
    }
}

extension RawSpan {
    /// Eight octets, low first, that the caller has checked to be there.
    fileprivate func littleEndian64(at offset: Int) -> UInt64 {
        UInt64(littleEndian: unsafe unsafeLoadUnaligned(fromByteOffset: offset, as: UInt64.self))
    }
}
