// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

import Events
import Glibc
import Journal
import JournalStore
import Locking
import MailStore
import MailTypes
import Settings
import Testing

@Suite("The embedded engine: compaction")
struct CompactionTests {
    @Test("It gives room back, and no client sees a difference, now or after replaying the journal alone")
    func nothingChanges() async throws {
        let harness = try await StoreHarness.small()
        try await harness.fillSparsely()
        let before = try await harness.contents(1...3)
        let report = try await harness.journalStore.compact(now: true)
        #expect(report.segmentsRemoved >= 4 && report.stopped == nil && report.stuckSegments.isEmpty)
        #expect(report.messagesMoved > 0 && report.octetsAfter * 2 < report.octetsBefore, "\(report)")
        #expect(try await harness.contents(1...3) == before)
        try await harness.reopen()
        #expect(try await harness.contents(1...3) == before)
        try await harness.reopenFromJournal()
        #expect(try await harness.contents(1...3) == before)
        #expect(try await harness.journalStore.check().isClean)
        #expect(harness.events.count(of: 9258) == 1 && harness.events.count(of: 9259) == 1)
        // What it wrote is not worth writing again.
        let again = try await harness.journalStore.compact(now: true)
        #expect(again.octetsAfter <= report.octetsAfter + 4096)
        #expect(try await harness.account(1).put([1]).uid.rawValue == 31)
        await harness.close()
    }

    @Test("Views from before go on reading after any number of compactions")
    func oldViews() async throws {
        let harness = try await StoreHarness.small()
        try await harness.fillSparsely(1...1)
        let account = try await harness.account(1)
        let views = [try await account.snapshot(of: .inbox), try await account.snapshot(of: name("Archive"))]
        var whole: [[UInt8]] = []
        var structures: [[UInt8]?] = []
        for entry in views.flatMap(\.messages) {
            whole.append(try await account.whole(entry))
            structures.append(try await account.cachedStructure(of: entry))
        }
        #expect(structures.allSatisfy { $0?.count == 2 })
        for round in 0..<4 {
            for index in 0..<20 { try await account.put(pattern(900, seed: UInt8(100 + index))) }
            let inbox = try await account.snapshot(of: .inbox)
            let last = inbox.messages.suffix(19).map(\.uid)
            _ = try await account.expunge(UIDSet(ascending: last), in: inbox.status.id, onlyDeleted: false)
            #expect(try await harness.journalStore.compact(now: true).segmentsRemoved > 0, "round \(round)")
            for (index, entry) in views.flatMap(\.messages).enumerated() {
                let read = try await account.read(entry, 0..<entry.size)
                #expect(read.bytes == whole[index] && read.damaged.isEmpty)
                #expect(try await account.cachedStructure(of: entry) == structures[index])
            }
            #expect(await account.structures(of: views.flatMap(\.messages)) == structures)
        }
        #expect(harness.events.count(of: 12003) == 0)
        await harness.close()
    }

    @Test(
        "Random changes with compactions between them replay to what a store without compaction has",
        arguments: 1...6
    )
    func property(seed: Int) async throws {
        var dice = Dice(seed)
        let harness = try await StoreHarness.small(octets: 8 * 1024)
        let model = try await StoreHarness(.memory)
        let names = ["INBOX", "Archive", "Sent", "New", "New/Deep"].map { name($0) }
        var last: [UInt64: AccountContents] = [:]
        for step in 0..<160 {
            let number = UInt64.random(in: 1...3, using: &dice)
            let pair = [try await harness.account(number), try await model.account(number)]
            try await Self.change(pair, names, &dice)
            if step % 20 == 19 {
                _ = try await harness.journalStore.compact(now: true)
                if Bool.random(using: &dice) { try await harness.reopen() }
                if Bool.random(using: &dice) { try await harness.reopenFromJournal() }
            }
        }
        for number in 1...3 as ClosedRange<UInt64> {
            last[number] = try await AccountContents(model.account(number))
            #expect(try await AccountContents(harness.account(number)).same(as: last[number]))
        }
        try await harness.reopenFromJournal()
        for number in 1...3 as ClosedRange<UInt64> {
            #expect(try await AccountContents(harness.account(number)).same(as: last[number]))
        }
        #expect(try await harness.journalStore.check().isClean)
        await harness.close()
        await model.close()
    }

    /// The same change of both.
    private static func change(_ pair: [any MailAccount], _ names: [MailboxName], _ dice: inout Dice) async throws {
        let (box, other) = (names.randomElement(using: &dice) ?? .inbox, names.randomElement(using: &dice) ?? .inbox)
        let octets = pattern(Int.random(in: 1...1500, using: &dice), seed: UInt8.random(in: 0...255, using: &dice))
        let first = UInt32.random(in: 1...40, using: &dice)
        let uids = UIDSet([first...(first + UInt32.random(in: 0...12, using: &dice))])
        let flags = FlagSet(system: Bool.random(using: &dice) ? .seen : .deleted, keywords: [keyword("k\(first % 5)")])
        let delivery = DeliveryID(high: 1, low: UInt64.random(in: 0...60, using: &dice))
        let kind = Int.random(in: 0..<20, using: &dice)
        for account in pair {
            do throws(MailStoreError) {
                switch kind {
                case 0..<9:
                    _ = try await account.append(
                        StagedOctets(octets, summarize: summarize),
                        to: box,
                        flags: flags,
                        internalDate: someDate,
                        delivery: kind < 3 ? delivery : nil
                    )
                case 9, 10:
                    let id = try await account.status(of: box).id
                    _ = try await account.changeFlags(FlagChange(.add, flags), of: uids, in: id, unchangedSince: nil)
                case 11:
                    let id = try await account.status(of: box).id
                    _ = try await account.changeFlags(
                        FlagChange(.replace, flags),
                        of: uids,
                        in: id,
                        unchangedSince: nil
                    )
                case 12, 13, 14:
                    let id = try await account.status(of: box).id
                    _ = try await account.expunge(uids, in: id, onlyDeleted: kind == 12)
                case 15, 16:
                    let id = try await account.status(of: box).id
                    _ = try await account.transfer(uids, from: id, to: other, removingSource: kind == 15)
                case 17: _ = try await account.create(box, specialUse: first % 2 == 0 ? [.archive] : [])
                case 18:
                    if first % 2 == 0 {
                        try await account.delete(box)
                    } else {
                        try await account.rename(box, to: other)
                    }
                default: try await account.setSubscribed(first % 2 == 0, box)
                }
            } catch {
                // Both refuse the same.
            }
        }
    }

    @Test("Deliveries, expunges and reads go on while it works")
    func underLoad() async throws {
        let harness = try await StoreHarness.small()
        try await harness.fillSparsely(1...4, messages: 40)
        let accounts = 1...4 as ClosedRange<UInt64>
        let before = try await harness.contents(accounts)
        let isDone = Lock(false)
        try await withThrowingTaskGroup(of: Void.self) { group in
            for number in accounts {
                group.addTask {
                    let account = try await harness.account(number)
                    let inbox = try await account.status(of: .inbox).id
                    let view = try await account.snapshot(of: .inbox).messages
                    var round: UInt8 = 0
                    repeat {
                        round &+= 1
                        let octets = pattern(700, seed: round)
                        let uid = try await account.put(octets, delivery: .random()).uid
                        for entry in view { #expect(try await account.read(entry, 0..<entry.size).damaged.isEmpty) }
                        let entry = try await account.snapshot(of: .inbox).messages.last
                        if let entry { #expect(try await account.whole(entry) == octets) }
                        _ = try await account.expunge(
                            UIDSet([uid.rawValue...uid.rawValue]),
                            in: inbox,
                            onlyDeleted: false
                        )
                    } while !isDone.withLock { $0 }
                }
            }
            for _ in 0..<4 { _ = try await harness.journalStore.compact(now: true) }
            isDone.withLock { $0 = true }
            try await group.waitForAll()
        }
        for live in [true, false] {
            if !live { try await harness.reopenFromJournal() }
            for number in accounts {
                let after = try await AccountContents(harness.account(number)).mailboxes[.inbox]?.messages
                #expect(after == before[number]?.mailboxes[.inbox]?.messages)
            }
        }
        #expect(try await harness.journalStore.check().isClean)
        await harness.close()
    }

    @Test("Killed before any of its writes, or after any removal, the store is as it was")
    func killedAnywhere() async throws {
        let harness = try await StoreHarness.small()
        try await harness.fillSparsely(1...2, messages: 24)
        let before = try await harness.contents(1...2)
        let kills = Lock<[KilledStore]>([])
        let isWatched = Lock(false)
        await harness.close()
        let directory = harness.directory
        harness.options.withLock { options in
            options.faults = JournalFaults(write: { octets in
                if isWatched.withLock({ $0 }) {
                    let killed = KilledStore(directory)
                    kills.withLock { $0.append(killed) }
                }
                return .success(octets)
            })
        }
        try await harness.open()
        #expect(try await harness.contents(1...2) == before)
        isWatched.withLock { $0 = true }
        #expect(try await harness.journalStore.compact(now: true).segmentsRemoved > 2)
        isWatched.withLock { $0 = false }
        var states = kills.withLock { $0 } + [KilledStore(directory)]
        await harness.close()
        harness.options.withLock { $0.faults = nil }
        // Each segment that was removed in the end, removed alone, is as a kill between two removals.
        let gone = Set(states[0].files.keys).subtracting(states[states.count - 1].files.keys)
        for path in gone.sorted() where path.hasSuffix(".log") {
            var partly = states[0]
            for (file, bytes) in states[states.count - 1].files { partly.files[file] = bytes }
            partly.files[path] = nil
            states.append(partly)
        }
        #expect(states.count > 5)
        for (index, state) in states.enumerated() {
            state.restore(to: directory)
            try await harness.open()
            #expect(try await harness.contents(1...2) == before, "state \(index) of \(states.count)")
            _ = try await harness.journalStore.compact(now: true)
            #expect(try await harness.contents(1...2) == before, "compacted again, state \(index)")
            #expect(try await harness.account(1).put([7]).uid.rawValue == 25)
            await harness.close()
        }
    }

    @Test("Removed accounts leave nothing behind, and none comes back")
    func removedAccounts() async throws {
        let harness = try await StoreHarness.small()
        try await harness.fillSparsely(1...3)
        let kept = try await harness.contents(2...2)
        for number in [1, 3] as [UInt64] { try await harness.store.remove(AccountID(number)) }
        _ = try await harness.journalStore.compact(now: true)
        #expect(try await harness.contents(2...2) == kept)
        try await harness.reopenFromJournal()
        #expect(try await harness.contents(2...2) == kept)
        #expect(try await harness.account(1).uids().isEmpty)
        #expect(try await harness.account(1).mailboxes().count == 6)
        try await harness.account(1).put([1])
        for _ in 0..<2 {
            _ = try await harness.journalStore.compact(now: true)
            try await harness.reopenFromJournal()
            #expect(try await harness.account(1).uids() == [1])
        }
        await harness.close()
    }

    @Test("A disk that fills up ends it without loss, and the room comes back with the next one")
    func fullDisk() async throws {
        let harness = try await StoreHarness.small()
        try await harness.fillSparsely()
        let before = try await harness.contents(1...3)
        await harness.close()
        let left = Lock<Int?>(nil)
        harness.options.withLock { options in
            options.faults = JournalFaults(write: { octets in
                left.withLock { left in
                    guard let room = left else { return .success(octets) }
                    guard room >= octets else { return .failure(FaultErrno(ENOSPC)) }
                    left = room - octets
                    return .success(octets)
                }
            })
        }
        try await harness.open()
        #expect(try await harness.contents(1...3) == before)
        for room in [2000, 4000, 7000] {
            left.withLock { $0 = room }
            let report = try await harness.journalStore.compact(now: false)
            #expect(report.stopped != nil && report.segmentsRemoved == 0, "\(report)")
            #expect(try await harness.contents(1...3) == before)
        }
        #expect(harness.events.count(of: 9260) == 3)
        left.withLock { $0 = nil }
        let report = try await harness.journalStore.compact(now: true)
        #expect(report.stopped == nil && report.octetsAfter * 2 < report.octetsBefore)
        #expect(try await harness.contents(1...3) == before)
        harness.options.withLock { $0.faults = nil }
        try await harness.reopenFromJournal()
        #expect(try await harness.contents(1...3) == before)
        await harness.close()
    }
}
