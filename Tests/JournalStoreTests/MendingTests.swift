// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

import Journal
import JournalStore
import MailStore
import MailTypes
import Testing

@Suite("The embedded engine: flipped bits, and other copies")
struct MendingTests {
    /// A store whose one account has `octets` in INBOX and Archive, closed, and where they begin in the segment.
    private func filled(_ octets: [UInt8]) async throws -> (StoreHarness, KilledStore, start: Int) {
        let harness = try await StoreHarness(.journal)
        try await harness.account().put(pattern(700, seed: 9))
        try await harness.account().put(octets)
        let account = try await harness.account()
        let inbox = try await account.status(of: .inbox).id
        _ = try await account.transfer(UIDSet([2...2]), from: inbox, to: name("Archive"), removingSource: false)
        let entry = try #require(try await account.snapshot(of: .inbox).messages.last)
        await harness.close()
        return (harness, KilledStore(harness.directory), Int(entry.body.offset) + Int(entry.body.preamble) + 8)
    }

    private func findings(_ harness: StoreHarness) async throws -> [CheckFinding.Kind] {
        try await harness.journalStore.check().findings.map(\.kind)
    }

    @Test("A bit that is flipped in a message is put right; nobody is told of damage", arguments: [900, 150_000])
    func flippedBit(size: Int) async throws {
        let octets = pattern(size)
        let (harness, state, start) = try await filled(octets)
        for place in [0, 1, size / 2, min(size, 65_536) - 1] {
            var damaged = state
            damaged.files[KilledStore.segment]?[start + place] ^= 1 << UInt8(place % 8)
            damaged.restore(to: harness.directory)
            try await harness.open()
            let account = try await harness.account()
            for mailbox in [MailboxName.inbox, name("Archive")] {
                let entry = try #require(try await account.snapshot(of: mailbox).messages.last)
                for range in [0..<entry.size, UInt64(place)..<UInt64(place + 1)] {
                    let read = try await account.read(entry, range)
                    #expect(
                        read.damaged.isEmpty
                            && read.bytes == Array(octets[Int(range.lowerBound)..<Int(range.upperBound)])
                    )
                }
            }
            #expect(try await findings(harness) == [.mended])
            #expect(try await harness.journalStore.scrubNow().messages == 0)
            // Then it is written anew, and nothing is left to be mended.
            let repair = try await harness.journalStore.repair()
            #expect(repair.messagesMoved == 2 && repair.messagesDamaged == 0 && repair.segmentsRemoved == 1)
            #expect(try await findings(harness).isEmpty)
            let entry = try #require(try await account.snapshot(of: .inbox).messages.last)
            #expect(try await account.read(entry, 0..<entry.size).bytes == octets)
            #expect(harness.events.count(of: 12003) == 0)
            await harness.close()
        }
    }

    @Test("Damage that looks like one flipped bit is shown as damage, by the digest of the message")
    func pretendedBit() async throws {
        let octets = pattern(900)
        let (harness, state, start) = try await filled(octets)
        var damaged = state
        // The bits of the polynomial change no checksum, wherever they are added.
        for bit in 0..<33 where (0x1_1EDC_6F41 as UInt64) >> UInt64(32 - bit) & 1 == 1 {
            damaged.files[KilledStore.segment]?[start + 100 + bit / 8] ^= 1 << UInt8(bit % 8)
        }
        damaged.files[KilledStore.segment]?[start + 500] ^= 4
        damaged.restore(to: harness.directory)
        try await harness.open()
        #expect(try await findings(harness) == [.message, .message])
        let account = try await harness.account()
        let entry = try #require(try await account.snapshot(of: .inbox).messages.last)
        for _ in 0..<2 { #expect(try await account.read(entry, 0..<entry.size).damaged == [0..<900]) }
        #expect(harness.events.count(of: 12003) == 1)
        #expect(try await harness.journalStore.repair().messagesDamaged == 2)
        await harness.close()
    }

    @Test("Repair takes a damaged message from another account's copy, under a new UID")
    func identicalCopy() async throws {
        let harness = try await StoreHarness.small(octets: 4096)
        let octets = pattern(3000, seed: 77)
        for number in [1, 2] as [UInt64] { try await harness.account(number).put(octets) }
        try await harness.account(1).put(pattern(3000, seed: 78))
        _ = try await harness.account(1).changeFlags(
            FlagChange(.add, FlagSet(system: .seen, keywords: [keyword("kept")])),
            of: UIDSet([1...2]),
            in: harness.account(1).status(of: .inbox).id,
            unchangedSince: nil
        )
        let entries = try await harness.account(1).snapshot(of: .inbox).messages
        await harness.close()
        var state = KilledStore(harness.directory)
        for entry in entries {
            let path = "shard-00/segment-000000000\(entry.body.segment).log"
            for octet in 300..<304 {
                state.files[path]?[Int(entry.body.offset) + Int(entry.body.preamble) + octet] ^= 0x55
            }
        }
        state.restore(to: harness.directory)
        try await harness.open()
        let report = try await harness.journalStore.repair()
        #expect(report.messagesReplaced == 1 && report.messagesDamaged == 1)
        let account = try await harness.account(1)
        let inbox = try await account.snapshot(of: .inbox)
        // The one of which there is no other copy stays where it is.
        #expect(inbox.messages.map(\.uid) == [UID(2), UID(3)])
        let healed = try #require(inbox.messages.last)
        #expect(try await account.read(healed, 0..<healed.size).bytes == octets)
        #expect(healed.flags(keywords: inbox.keywords) == FlagSet(system: .seen, keywords: [keyword("kept")]))
        let quarantine = try await harness.journalStore.quarantine(of: AccountID(1), deadline: .now + .seconds(5))
        #expect(try await quarantine.quarantined().isEmpty)
        let left = try await harness.journalStore.check().findings
        #expect(left.map(\.uid) == [UID(2)] && left.allSatisfy { $0.kind == .message }, "\(left)")
        await harness.close()
    }

    @Test("What a power cut left of an unacknowledged message goes to quarantine, and its retry is stored")
    func tornMessage() async throws {
        let harness = try await StoreHarness(.journal)
        let (delivery, octets, _) = try await harness.tearDelivery()
        try await harness.open()
        #expect(harness.events.count(of: 9266) == 1)
        #expect(try await harness.account().uids() == [1])
        let quarantine = try await harness.journalStore.quarantine(of: AccountID(7), deadline: .now + .seconds(5))
        #expect(try await quarantine.quarantined().map(\.id.uid) == [UID(2)])
        for round in 0..<3 {
            let outcome = try await harness.account().put(octets, delivery: delivery)
            #expect(outcome.wasDuplicate == (round > 0) && outcome.uid == UID(3))
            try await harness.reopen()
        }
        #expect(try await harness.account().uids() == [1, 3] && harness.events.count(of: 9266) == 1)
        await harness.close()
    }

    @Test("However far the start after a power cut comes before the next one, no more is left of what was torn")
    func tornTwice() async throws {
        let harness = try await StoreHarness(.journal)
        let (delivery, octets, torn) = try await harness.tearDelivery()
        var killed = torn
        let size = try #require(killed.files[KilledStore.segment]?.count)
        try await harness.open()
        let after = try #require(KilledStore(harness.directory).files[KilledStore.segment])
        await harness.close()
        #expect(after.count > size + 100)
        for end in stride(from: size, through: after.count, by: 7) {
            killed.files[KilledStore.segment] = Array(after[..<end])
            killed.restore(to: harness.directory)
            try await harness.open()
            #expect(try await harness.account().uids() == [1], "cut at \(end)")
            let first = try await harness.account().put(octets, delivery: delivery)
            let again = try await harness.account().put(octets, delivery: delivery)
            #expect(first.uid == UID(3) && !first.wasDuplicate && again.wasDuplicate, "cut at \(end)")
            await harness.close()
        }
    }

    @Test("The last message before a crash with one flipped bit is whole, and its retry a duplicate")
    func mendedLast() async throws {
        let harness = try await StoreHarness(.journal)
        let (delivery, octets) = (DeliveryID.random(), pattern(500))
        try await harness.account().put(octets, delivery: delivery)
        var killed = KilledStore(harness.directory)
        await harness.close()
        let size = try #require(killed.files[KilledStore.segment]?.count)
        killed.files[KilledStore.segment]?[size - 50] ^= 1
        killed.restore(to: harness.directory)
        try await harness.open()
        #expect(try await harness.account().put(octets, delivery: delivery).wasDuplicate)
        #expect(harness.events.count(of: 9266) == 0)
        await harness.close()
    }
}
