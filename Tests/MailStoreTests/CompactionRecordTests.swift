// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

import ByteTools
import MailStore
import MailTypes
import Testing

@Suite("Records of compaction")
struct CompactionRecordTests {
    private static let fence = Fence(account: AccountID(7), epoch: 3)

    private func message(_ uid: UInt32, delivery: DeliveryID? = nil) -> MessageRecord {
        MessageRecord(
            delivery: delivery,
            mailbox: MailboxID(1),
            uid: UID(uid),
            modSeq: ModSeq(UInt64(uid)),
            flags: FlagSet(system: .seen, keywords: Set([Keyword("k")].compactMap { $0 })),
            internalDate: MailDate(secondsSince1970: 5, zoneMinutes: -60),
            savedSeconds: 6,
            size: 70,
            sha256: [UInt8](repeating: 4, count: 32),
            structure: [1, 2, 3]
        )
    }

    private func place(_ segment: UInt32, _ offset: UInt64) -> LogPlace {
        LogPlace(
            position: LogPosition(segment: segment, offset: offset),
            body: BodyReference(segment: segment, offset: offset, preamble: 99)
        )
    }

    private func inbox() throws -> LogRecord {
        .mailboxCreated(
            MailboxCreatedRecord(
                mailbox: MailboxID(1),
                name: .inbox,
                uidValidity: UIDValidity(9),
                modSeq: ModSeq(1),
                specialUse: [],
                isSubscribed: true
            )
        )
    }

    @Test("They read back as they were written, and no part of one does")
    func roundTrip() throws {
        let from = BodyReference(segment: 3, offset: 1 << 40, preamble: 1234)
        let records =
            BaseRecord.pair(of: [1, 2, 3]).map { LogRecord.base($0) } + [
                .moved(
                    MovedRecord(
                        from: from,
                        email: EmailID(77),
                        message: message(5, delivery: DeliveryID(high: 1, low: 2))
                    )
                )
            ]
        for record in records {
            let bytes = record.encode(Self.fence)
            let decoded = try #require(LogRecord.decode(bytes))
            #expect(decoded.record == record && decoded.fence == Self.fence)
            for length in 0..<bytes.count { #expect(LogRecord.decode(Array(bytes[..<length]))?.record != record) }
        }
    }

    @Test("A base of a size or number that none has is refused")
    func bounds() {
        for base in [
            BaseRecord(copy: 0, size: 1, sum: 0), BaseRecord(copy: 3, size: 1, sum: 0),
            BaseRecord(copy: 1, size: BaseRecord.maximumOctets + 1, sum: 0),
        ] {
            #expect(LogRecord.decode(LogRecord.base(base).encode(Self.fence)) == nil)
        }
        let base = BaseRecord.pair(of: AccountState().encode())[0]
        #expect(base.state(in: AccountState().encode()) == AccountState())
        #expect(base.state(in: AccountState().encode() + [0]) == nil)
        #expect(base.state(in: []) == nil)
    }

    @Test("A copy takes the place of what it is a copy of, once, and brings nothing back that was expunged")
    func moves() throws {
        var state = AccountState()
        state.apply(try inbox(), at: place(1, 0))
        for uid in 1...3 as ClosedRange<UInt32> { state.apply(.message(message(uid)), at: place(1, UInt64(uid) * 100)) }
        let gone = UIDSet([2...2])
        state.apply(.expunge(ExpungeRecord(mailbox: MailboxID(1), modSeq: ModSeq(8), uids: gone)), at: place(1, 900))
        let before = state
        for uid in 1...2 as ClosedRange<UInt32> {
            let moved = MovedRecord(from: place(1, UInt64(uid) * 100).body, email: EmailID(77), message: message(uid))
            state.apply(.moved(moved), at: place(2, UInt64(uid)))
        }
        // Of something that was moved since.
        state.apply(
            .moved(MovedRecord(from: place(1, 100).body, email: EmailID(77), message: message(1))),
            at: place(4, 4)
        )
        let mailbox = try #require(state[.inbox])
        #expect(mailbox.messages.map(\.body) == [place(2, 1).body, place(1, 300).body])
        #expect(mailbox.changes(since: ModSeq(7)).vanished == gone)
        state.replaceBodies([place(2, 1).body: place(1, 100).body])
        #expect(state == before)
    }

    @Test("Where the message's own record is lost, the copy stands for it")
    func copyAlone() throws {
        var state = AccountState()
        state.apply(try inbox(), at: place(1, 0))
        let delivery = DeliveryID(high: 1, low: 1)
        let moved = MovedRecord(from: place(1, 100).body, email: EmailID(77), message: message(4, delivery: delivery))
        state.apply(.moved(moved), at: place(2, 5))
        #expect(state[.inbox]?.messages.map(\.uid) == [UID(4)])
        #expect(state[.inbox]?.messages.first?.body == place(2, 5).body)
        #expect(state[.inbox]?.messages.first?.email == EmailID(77))
        #expect(state.deliveries[delivery]?.uid == UID(4) && state[.inbox]?.uidNext == 5)
        state.apply(.accountRemoved, at: place(2, 6))
        state.apply(.moved(moved), at: place(2, 7))
        #expect(state.mailboxes.isEmpty && state.deliveries[delivery] == nil)
    }

    @Test("No octets of a state trap, and what reads back is the state")
    func stateBytes() throws {
        var state = AccountState()
        state.apply(try inbox(), at: place(1, 0))
        for uid in 1...5 as ClosedRange<UInt32> {
            state.apply(.message(message(uid, delivery: .random())), at: place(1, UInt64(uid)))
        }
        state.apply(
            .expunge(ExpungeRecord(mailbox: MailboxID(1), modSeq: ModSeq(9), uids: UIDSet([2...3]))),
            at: place(1, 9)
        )
        let bytes = state.encode()
        #expect(AccountState(decoding: bytes) == state)
        for length in 0..<bytes.count { #expect(AccountState(decoding: Array(bytes[..<length])) == nil) }
        for place in bytes.indices {
            for value in [0, 0x7F, 0x80, 0xFF] as [UInt8] {
                var damaged = bytes
                damaged[place] = value
                if let read = AccountState(decoding: damaged) { #expect(AccountState(decoding: read.encode()) == read) }
            }
        }
    }
}
