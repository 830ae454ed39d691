// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

import MailStore
import MailTypes
import Testing

@Suite("Log records")
struct LogRecordTests {
    private static let fence = Fence(account: AccountID(300), epoch: 1 << 40)

    static let samples: [LogRecord] = {
        guard let name = MailboxName("Über/b"), let work = Keyword("$Work"), let other = Keyword("x") else { return [] }
        let date = MailDate(secondsSince1970: -5, zoneMinutes: -720)
        let entry = MessageEntry(
            uid: UID(.max),
            systemFlags: [.seen, .draft],
            keywordBits: 1 << 119 | 1,
            internalDate: date,
            savedSeconds: 1 << 40,
            size: 1 << 50,
            modSeq: ModSeq(77),
            body: BodyReference(segment: .max, offset: 1 << 50, preamble: 900),
            email: EmailID(MailboxID(1), UID(4)),
            thread: ThreadID(.max)
        )
        let message = MessageRecord(
            delivery: DeliveryID(high: 1, low: .max),
            mailbox: MailboxID(3),
            uid: UID(9),
            modSeq: ModSeq(1 << 62),
            flags: FlagSet(system: .answered, keywords: [work, other]),
            internalDate: date,
            savedSeconds: -1,
            size: 12,
            sha256: [UInt8](repeating: 7, count: 32),
            structure: Array(0...255),
            thread: ThreadID(1 << 63),
            threadKeys: [1, .max]
        )
        let first = MessageRecord(
            delivery: nil,
            mailbox: MailboxID(3),
            uid: UID(9),
            modSeq: ModSeq(3),
            flags: .none,
            internalDate: date,
            savedSeconds: 5,
            size: 12,
            sha256: [],
            structure: []
        )
        return [
            .message(message),
            .flags(
                FlagsRecord(
                    mailbox: MailboxID(1),
                    modSeq: ModSeq(2),
                    uids: UIDSet([1...1, 5...9, UInt32.max...UInt32.max]),
                    change: FlagChange(.remove, FlagSet(system: .deleted, keywords: [work]))
                )
            ),
            .transfer(
                TransferRecord(
                    source: MailboxID(1),
                    target: MailboxID(2),
                    modSeq: ModSeq(77),
                    isMove: true,
                    sourceUIDs: [UID(4)],
                    entries: [entry],
                    keywords: [work, other]
                )
            ),
            .expunge(ExpungeRecord(mailbox: MailboxID(1), modSeq: ModSeq(3), uids: UIDSet([2...900]))),
            .mailboxCreated(
                MailboxCreatedRecord(
                    mailbox: MailboxID(.max),
                    name: name,
                    uidValidity: UIDValidity(.max),
                    modSeq: ModSeq(1),
                    specialUse: [.sent, .archive],
                    isSubscribed: true
                )
            ),
            .mailboxDeleted(MailboxID(1), ModSeq(2)),
            .mailboxesRenamed([MailboxRename(mailbox: MailboxID(1), name: name)], ModSeq(2)),
            .annotated(
                AnnotationsRecord(
                    mailbox: MailboxID(0),
                    modSeq: ModSeq(3),
                    changes: [AnnotationChange("/private/x", [0, 1]), AnnotationChange("/shared/y", nil)]
                )
            ),
            .access(
                AccessRecord(
                    mailbox: MailboxID(5),
                    modSeq: ModSeq(6),
                    entries: ["anyone", "-bob@example.test", "$staff@example.test"].compactMap { AccessIdentifier($0) }
                        .map { AccessEntry($0, [.lookup, .administer]) }
                )
            ),
            .subscribed(name, true, ModSeq(4)),
            .specialUse(MailboxID(1), [.junk], ModSeq(5)),
            .deliveriesForgotten([DeliveryID(high: 1, low: 2), DeliveryID(high: 3, low: 4)]),
            .accountRemoved,
            .fence(.max),
            .fence(
                7,
                lost: [LostOctets(segment: 3, octets: 1..<9), LostOctets(segment: .max, octets: 0..<(1 << 56))]
            ),
            .numbersSkipped(NumbersSkipped(uids: 1 << 40, modSeqs: 3, mailboxes: 0, seconds: -1)),
            .quarantined(
                QuarantineRecord(
                    mailbox: MailboxID(1),
                    name: name,
                    modSeq: ModSeq(9),
                    seconds: 1 << 33,
                    entries: [entry, entry],
                    keywords: [work, .damaged]
                )
            ),
            .quarantineDeleted([QuarantineID(MailboxID(1), UID(2)), QuarantineID(MailboxID(.max), UID(.max))]),
            .restored(
                RestoreRecord(
                    item: QuarantineID(MailboxID(1), UID(.max)),
                    target: MailboxID(2),
                    modSeq: ModSeq(77),
                    entry: entry,
                    keywords: [work]
                )
            ),
            .message(first),
            .expunge(ExpungeRecord(mailbox: MailboxID(1), modSeq: ModSeq(3), uids: UIDSet([2...2]), seconds: 1 << 40)),
            .flags(
                FlagsRecord(
                    mailbox: MailboxID(1),
                    modSeq: ModSeq(2),
                    uids: UIDSet([3...3]),
                    change: FlagChange(
                        .replace,
                        FlagSet(system: .deleted),
                        keeping: KeptFlags(system: [.seen, .draft], keywords: true)
                    )
                )
            ),
        ]
    }()

    @Test("Every record reads back as it was", arguments: samples)
    func roundTrip(record: LogRecord) throws {
        let decoded = try #require(LogRecord.decode(record.encode(Self.fence)))
        #expect(decoded.record == record)
        #expect(decoded.fence == Self.fence)
    }

    @Test("The structure of a message is read by itself as with the record, and of nothing else", arguments: samples)
    func structure(record: LogRecord) {
        let bytes = record.encode(Self.fence)
        if case .message(let message) = record {
            #expect(LogRecord.structure(in: bytes) == message.structure)
        } else {
            #expect(LogRecord.structure(in: bytes) == nil)
        }
        for offset in bytes.indices {
            var changed = bytes
            changed[offset] ^= 0xFF
            guard case .message(let message) = LogRecord.decode(changed)?.record else { continue }
            #expect(LogRecord.structure(in: changed) == message.structure)
        }
    }

    @Test("A record cut anywhere is no record, or one that stands by itself", arguments: samples)
    func truncated(record: LogRecord) {
        let bytes = record.encode(Self.fence)
        for length in bytes.indices { #expect(LogRecord.decode(Array(bytes[..<length]))?.record != record) }
    }

    @Test("No octets trap the decoder", arguments: samples)
    func hostile(record: LogRecord) {
        let bytes = record.encode(Self.fence)
        for offset in bytes.indices {
            for value in [0, 1, 0x7F, 0x80, 0xFF] as [UInt8] {
                var changed = bytes
                changed[offset] = value
                guard let found = LogRecord.decode(changed)?.record else { continue }
                var state = AccountState()
                let place = LogPlace(
                    position: LogPosition(segment: 1, offset: 0),
                    body: BodyReference(segment: 1, offset: 0)
                )
                for sample in Self.samples + [found] { state.apply(sample, at: place) }
                _ = AccountState(decoding: state.encode())
            }
        }
    }

    @Test("Codes of records never change")
    func codes() {
        #expect(
            Self.samples.map(\.code) == Array(1...7) + [15, 16] + Array(8...12) + [12, 17] + [20, 21, 22, 1, 4, 2]
        )
    }

    @Test("A replacement that keeps something says what, behind the flags; one that keeps nothing is as ever")
    func replacements() throws {
        // Version, code, epoch, account; mailbox, mod-sequence, ranges, mode, system flags, keywords.
        let head: [UInt8] = [1, 2, 9, 7, 1, 3, 1, 2, 0]
        for (bytes, kept) in [
            ([0, 8, 0], KeptFlags.none), ([3, 8, 0, 17, 1], KeptFlags(system: [.seen, .draft], keywords: true)),
        ] as [([UInt8], KeptFlags)] {
            let change = FlagChange(.replace, FlagSet(system: .deleted), keeping: kept)
            let record = LogRecord.flags(
                FlagsRecord(mailbox: MailboxID(1), modSeq: ModSeq(3), uids: UIDSet([2...2]), change: change)
            )
            #expect(LogRecord.decode(head + bytes)?.record == record)
            #expect(record.encode(Fence(account: AccountID(7), epoch: 9)) == head + bytes)
        }
        #expect(LogRecord.decode(head + [4, 8, 0]) == nil)
    }

    @Test("Records of the first release, which knew neither threads nor times of expunges, read as they did")
    func firstRelease() throws {
        // Version, code, epoch, account; mailbox, mod-sequence, ranges.
        let expunge = try #require(LogRecord.decode([1, 4, 9, 7, 1, 3, 1, 2, 0])?.record)
        #expect(expunge == .expunge(ExpungeRecord(mailbox: MailboxID(1), modSeq: ModSeq(3), uids: UIDSet([2...2]))))
        // Source, target, mod-sequence, copy, no keywords, one entry.
        let head: [UInt8] = [1, 3, 9, 7, 1, 2, 5, 0, 0, 1]
        let entry: [UInt8] = [4, 1, 0, 0, 0, 2, 0, 6, 100, 1, 0, 50]
        guard case .transfer(let copy) = LogRecord.decode(head + entry)?.record else {
            Issue.record("the copy is not read")
            return
        }
        var state = AccountState()
        let place = LogPlace(
            position: LogPosition(segment: 1, offset: 0),
            body: BodyReference(segment: 1, offset: 0)
        )
        state.apply(.transfer(copy), at: place)
        let message = try #require(state.mailboxes[MailboxID(2)]?.messages.first)
        #expect(message.email == EmailID(MailboxID(1), UID(4)))
        #expect(message.thread != ThreadID(0))
    }
}
