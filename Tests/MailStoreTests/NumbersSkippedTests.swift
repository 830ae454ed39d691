// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

import MailStore
import MailTypes
import Testing

@Suite("Numbers that lost records may have given")
struct NumbersSkippedTests {
    private static let place = LogPlace(
        position: LogPosition(segment: 1, offset: 0),
        body: BodyReference(segment: 1, offset: 0)
    )
    private static let inbox = AccountState.inboxID

    /// INBOX with messages of these UIDs.
    private func state(_ uids: [UInt32], modSeq: UInt64 = 9) throws -> AccountState {
        var state = AccountState()
        let created = MailboxCreatedRecord(
            mailbox: Self.inbox,
            name: .inbox,
            uidValidity: UIDValidity(1000),
            modSeq: ModSeq(1),
            specialUse: [],
            isSubscribed: false
        )
        state.apply(.mailboxCreated(created), at: Self.place)
        for uid in uids {
            let message = MessageRecord(
                delivery: nil,
                mailbox: Self.inbox,
                uid: UID(uid),
                modSeq: ModSeq(modSeq),
                flags: .none,
                internalDate: MailDate(secondsSince1970: 0, zoneMinutes: 0),
                savedSeconds: 0,
                size: 1,
                sha256: [],
                structure: []
            )
            state.apply(.message(message), at: Self.place)
        }
        return state
    }

    private func inbox(_ state: AccountState) throws -> MailboxState { try #require(state.mailboxes[Self.inbox]) }

    @Test("They are passed over, and whatever a client knows is told anew")
    func passedOver() throws {
        var state = try state([1, 2, 5])
        let before = try inbox(state)
        let moment = MailboxMoment(
            uidValidity: before.uidValidity,
            modSeq: before.highestModSeq,
            expungeModSeq: before.highestModSeq
        )
        #expect(before.view(at: moment) == .exact(UIDSet([1...2, 5...5])))
        let skipped = NumbersSkipped(uids: 10, modSeqs: 20, mailboxes: 3, seconds: 5000)
        state.apply(.numbersSkipped(skipped), at: Self.place)
        let after = try inbox(state)
        #expect(after.uidNext == before.uidNext + 10 && after.uidValidity == before.uidValidity)
        #expect(state.highestModSeq == ModSeq(29) && after.highestModSeq == ModSeq(29))
        #expect(state.nextMailboxID == 5)
        let changes = after.changes(since: ModSeq(28))
        #expect(changes.changed.map(\.uid.rawValue) == [1, 2, 5])
        #expect(changes.vanished == UIDSet([3...4, 6...15]))
        #expect(after.view(at: moment) == .unknown)
        #expect(after.changes(since: ModSeq(29)).changed.isEmpty)
        #expect(AccountState(decoding: state.encode()) == state)
    }

    @Test("A mailbox that would run out of UIDs gets another UIDVALIDITY instead")
    func runningOut() throws {
        for (last, uids) in [(5, 1 << 40), (.max - 1 << 28, 1), (.max - 1, 1), (1 << 31, 1 << 31)] as [(UInt32, UInt64)]
        {
            for seconds in [0, 5000, .max] as [Int64] {
                var state = try state([1, last])
                let before = try inbox(state)
                let skipped = NumbersSkipped(uids: uids, modSeqs: 1, mailboxes: 1, seconds: seconds)
                state.apply(.numbersSkipped(skipped), at: Self.place)
                let after = try inbox(state)
                #expect(after.uidNext == before.uidNext)
                #expect(after.uidValidity.rawValue > 1000 && Int64(after.uidValidity.rawValue) >= min(seconds, 1 << 31))
                #expect(state.lastUIDValidity == after.uidValidity.rawValue)
                #expect(after.messages.count == 2)
                #expect(AccountState(decoding: state.encode()) == state)
            }
        }
    }

    @Test("Numbers of any size leave a state that can be read and gone on with")
    func extremes() throws {
        let numbers: [UInt64] = [0, 1, 1 << 32, 1 << 62, .max]
        for modSeq in [9, 1 << 62, 1 << 63 - 1] as [UInt64] {
            for uids in numbers {
                for others in numbers {
                    var state = try state([1, 2], modSeq: modSeq)
                    for _ in 0..<3 {
                        let skipped = NumbersSkipped(uids: uids, modSeqs: others, mailboxes: others, seconds: .min)
                        state.apply(.numbersSkipped(skipped), at: Self.place)
                        #expect(state.highestModSeq >= ModSeq(modSeq))
                        #expect(AccountState(decoding: state.encode()) == state)
                    }
                }
            }
        }
        var removed = AccountState()
        removed.apply(.accountRemoved, at: Self.place)
        let before = removed
        removed.apply(.numbersSkipped(NumbersSkipped(lostOctets: .max, seconds: 1)), at: Self.place)
        #expect(removed == before)
    }
}
