// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

import Glibc
import Journal
import JournalStore
import MailStore
import MailTypes
import Testing

@Suite("The embedded engine: compaction of what is damaged")
struct CompactionDamageTests {
    @Test("A message that does not verify is not copied; its segment stays, everything else leaves it")
    func damagedMessage() async throws {
        let harness = try await StoreHarness.small()
        try await harness.fillSparsely(1...2)
        let before = try await harness.contents(1...2)
        let entry = try #require(try await harness.account(1).snapshot(of: .inbox).messages.first)
        await harness.close()
        var state = KilledStore(harness.directory)
        let path = "shard-00/segment-000000000\(entry.body.segment).log"
        for octet in 300..<304 { state.files[path]?[Int(entry.body.offset) + Int(entry.body.preamble) + octet] ^= 0x55 }
        state.restore(to: harness.directory)
        try await harness.open()
        let report = try await harness.journalStore.compact(now: true)
        #expect(report.stuckSegments == [path] && report.segmentsRemoved > 0)
        #expect(harness.events.count(of: 9261) == 1)
        let scrub = try await harness.journalStore.scrubNow()
        #expect(scrub.messages == 2 && harness.events.count(of: 12003) == 1)
        try await harness.reopenFromJournal()
        for number in 1...2 as ClosedRange<UInt64> {
            let after = try await AccountContents(harness.account(number))
            for (name, mailbox) in before[number]?.mailboxes ?? [:] {
                for (old, new) in zip(mailbox.messages, after.mailboxes[name]?.messages ?? []) {
                    let isHit = number == 1 && old.octets == before[1]?.mailboxes[.inbox]?.messages[0].octets
                    #expect(new.isDamaged == isHit && new.uid == old.uid)
                    #expect(isHit || new.octets == old.octets)
                }
                #expect(mailbox.messages.count == after.mailboxes[name]?.messages.count)
            }
        }
        let found = try await harness.journalStore.check().findings.filter(\.isInMail)
        #expect(found.count == 2 && found.allSatisfy { $0.account == AccountID(1) && $0.uid != nil })
        // When it is gone, its segment goes.
        let account = try await harness.account(1)
        for mailbox in [MailboxName.inbox, name("Archive")] {
            let first = try #require(try await account.snapshot(of: mailbox).messages.first)
            let id = try await account.status(of: mailbox).id
            let uid = first.uid.rawValue
            _ = try await account.expunge(UIDSet([uid...uid]), in: id, onlyDeleted: false)
        }
        // Damaged messages that were deleted are kept in quarantine; there they hold it, too.
        let quarantine = try await harness.journalStore.quarantine(of: AccountID(1), deadline: .now + .seconds(5))
        let kept = try await quarantine.quarantined()
        #expect(!kept.isEmpty)
        _ = try await quarantine.deleteQuarantined(kept.map(\.id))
        #expect(try await harness.journalStore.compact(now: true).stuckSegments.isEmpty)
        #expect(try await harness.journalStore.check().isClean)
        await harness.close()
    }

    @Test("Of a base, different halves may be lost; of both the same, and the copies still stand")
    func damagedBases() async throws {
        let harness = try await StoreHarness.small(octets: 1 << 20)
        let account = try await harness.account(1)
        // A state of several chunks.
        for index in 0..<10 { try await account.put(pattern(60_000, seed: UInt8(index))) }
        let inbox = try await account.status(of: .inbox).id
        _ = try await account.expunge(UIDSet([1...10]), in: inbox, onlyDeleted: false)
        for index in 0..<40 { try await account.put(pattern(900, seed: UInt8(index))) }
        for _ in 0..<5 {
            _ = try await account.transfer(UIDSet([1...9999]), from: inbox, to: .inbox, removingSource: false)
        }
        let before = try await harness.contents(1...1)
        _ = try await harness.journalStore.compact(now: true)
        try await harness.reopenFromJournal()
        #expect(try await harness.contents(1...1) == before)
        await harness.close()
        let bases = try await harness.bases()
        #expect(bases.count == 2)
        let state = KilledStore(harness.directory)
        for isSame in [false, true] {
            var damaged = state
            for (index, base) in bases.enumerated() {
                let place = Int(base.offset) + (isSame || index == 0 ? base.length / 3 : base.length - 500)
                for octet in 0..<4 { damaged.files[base.path]?[place + octet] ^= 0x55 }
            }
            damaged.restore(to: harness.directory)
            try await harness.open()
            Self.removeSnapshots(harness)
            let after = try await harness.contents(1...1)
            if isSame {
                #expect(harness.events.count(of: 9257) > 0)
                // Every message once: that it was copied to other places, only the bases knew.
                let found = Set(after.values.flatMap(\.mailboxes.values).flatMap(\.messages).map(\.octets))
                #expect(found == Set(before[1]?.mailboxes[.inbox]?.messages.map(\.octets) ?? []))
            } else {
                #expect(after == before && harness.events.count(of: 9257) == 0)
            }
            await harness.close()
        }
    }

    private static func removeSnapshots(_ harness: StoreHarness) {
        StoreHarness.remove(harness.directory + "/accounts")
    }
}
