// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

import Glibc
import Journal
import JournalStore
import Locking
import MailStore
import MailTypes
import Testing

/// A disk on which a test says how many more writes there is room for.
private final class Room: Sendable {
    private let writes = Lock<Int?>(nil)

    /// - Parameter small: writes of no more octets have room at any time.
    init(of harness: StoreHarness, small: Int = 0) {
        harness.options.withLock { options in
            options.faults = JournalFaults(write: { [self] octets in
                let isFull = writes.withLock { left in
                    guard octets > small else { return false }
                    guard let now = left else { return false }
                    left = max(0, now - 1)
                    return now == 0
                }
                return isFull ? .failure(FaultErrno(ENOSPC)) : .success(octets)
            })
        }
    }

    /// Room for so many writes, `nil` for all.
    func set(_ left: Int?) { writes.withLock { $0 = left } }
}

extension StoreHarness {
    /// As a kill leaves it, whatever this process goes on to do with it.
    fileprivate func killAndOpen() async throws {
        let killed = KilledStore(directory)
        await close()
        killed.restore(to: directory)
        try await open()
    }

    /// A closed store that has lost all behind the fourth of ten messages of each of these accounts, as its checkpoint
    /// tells; what INBOX was like before.
    fileprivate func loseEnd(of accounts: [UInt64]) async throws -> [UInt64: MailboxStatus] {
        for index in 0..<4 {
            for number in accounts { try await account(number).put(pattern(300, seed: UInt8(index))) }
        }
        var end: UInt64?
        for index in 4..<10 {
            for number in accounts {
                let account = try await account(number)
                try await account.put(pattern(300, seed: UInt8(index)))
                let last = try await account.snapshot(of: .inbox).messages.last?.body.offset
                end = end ?? last
            }
        }
        var before: [UInt64: MailboxStatus] = [:]
        for number in accounts { before[number] = try await account(number).status(of: .inbox) }
        await close()
        var killed = KilledStore(directory)
        let cut = Int(try #require(end))
        killed.files[KilledStore.segment] = killed.files[KilledStore.segment].map { Array($0[..<cut]) }
        killed.files = killed.files.filter { !$0.key.hasSuffix(".snap") }
        killed.restore(to: directory)
        return before
    }

    fileprivate var epoch: UInt64 { journalLog?.1 ?? 0 }
}

@Suite("The embedded engine: a start on a full disk")
struct FullDiskTests {
    @Test("Mail can be read, nothing be stored, and all is well when there is room", arguments: [false, true])
    func opens(isKilled: Bool) async throws {
        let harness = try await StoreHarness(.journal)
        let room = Room(of: harness)
        for index in 0..<3 { try await harness.account().put(pattern(900, seed: UInt8(index))) }
        let epoch = harness.epoch
        let killed = KilledStore(harness.directory)
        await harness.close()
        if isKilled { killed.restore(to: harness.directory) }
        room.set(0)
        for round in 1...2 {
            try await harness.open()
            #expect(harness.events.count(of: 9256) == 2 * round - 1, "of the start itself, once")
            let account = try await harness.account()
            let inbox = try await account.snapshot(of: .inbox)
            #expect(inbox.messages.map(\.uid.rawValue) == [1, 2, 3])
            for (index, entry) in inbox.messages.enumerated() {
                #expect(try await account.whole(entry) == pattern(900, seed: UInt8(index)))
            }
            await expectCode(.storageFull) { try await account.put(pattern(5)) }
            await harness.close()
        }
        try await harness.open()
        room.set(nil)
        let outcomes = try await [harness.account().put(pattern(5)), harness.account(8).put(pattern(5))]
        #expect(outcomes.map(\.uid) == [UID(4), UID(1)])
        #expect(harness.epoch > epoch)
        let last = harness.epoch
        try await harness.killAndOpen()
        #expect(try await harness.account().uids() == [1, 2, 3, 4])
        #expect(try await harness.account(8).uids() == [1])
        #expect(harness.epoch > last)
        await harness.close()
    }

    @Test("Changes of many tasks wait for what the start owes, and lie behind it in their order")
    func manyWriters() async throws {
        let harness = try await StoreHarness(.journal)
        let room = Room(of: harness)
        let known = try await harness.loseEnd(of: [1, 2, 3, 4])
        room.set(0)
        try await harness.open()
        var accounts: [any MailAccount] = []
        for number in known.keys.sorted() { accounts.append(try await harness.account(number)) }
        for account in accounts { await expectCode(.storageFull) { try await account.put(pattern(5)) } }
        room.set(nil)
        await withTaskGroup { group in
            for account in accounts {
                for index in 0..<20 { group.addTask { _ = try? await account.put(pattern(200, seed: UInt8(index))) } }
            }
        }
        var shown: [UInt64: AccountContents] = [:]
        for (number, account) in zip(known.keys.sorted(), accounts) {
            let uids = try await account.uids()
            let next = try #require(known[number]).uidNext.rawValue
            #expect(uids.count { $0 >= next } == 20 && uids.count { $0 < next } <= 4)
            shown[number] = try await AccountContents(account)
        }
        // The fold of what was written is what was shown: nothing of this start lies before what it owed.
        let killed = KilledStore(harness.directory)
        await harness.close()
        var bare = killed
        bare.files = bare.files.filter { !$0.key.hasSuffix(".snap") && !$0.key.contains("heads.") }
        for state in [killed, bare] {
            state.restore(to: harness.directory)
            try await harness.open()
            for number in known.keys { #expect(try await AccountContents(harness.account(number)) == shown[number]) }
            await harness.close()
        }
    }

    /// - Parameter small: there is room for the mark of a close in order, and not for what goes before it.
    @Test("After a loss numbers are passed over before that is written, and never given again", arguments: [0, 200])
    func loss(small: Int) async throws {
        let harness = try await StoreHarness(.journal)
        let room = Room(of: harness, small: small)
        let before = try #require(try await harness.loseEnd(of: [1])[1])
        room.set(0)
        var told: MailboxStatus?
        // Killed, and closed, without a single write.
        for round in 0..<6 {
            try await harness.open()
            let status = try await harness.account(1).status(of: .inbox)
            #expect(status.uidNext >= before.uidNext && status.highestModSeq > before.highestModSeq)
            #expect(told == nil || told == status, "round \(round)")
            told = status
            await expectCode(.storageFull) { try await harness.account(1).put([1]) }
            let killed = KilledStore(harness.directory)
            await harness.close()
            if round.isMultiple(of: 2) { killed.restore(to: harness.directory) }
        }
        let last = try #require(told)
        try await harness.open()
        room.set(nil)
        let put = try await harness.account(1).put([1])
        #expect(put.uid == last.uidNext)
        try await harness.killAndOpen()
        let after = try await harness.account(1).status(of: .inbox)
        #expect(after.uidNext.rawValue == put.uid.rawValue + 1 && after.highestModSeq > last.highestModSeq)
        try await harness.reopenFromJournal()
        #expect(try await harness.account(1).status(of: .inbox).uidNext >= after.uidNext)
        await harness.close()
    }

    @Test("Upkeep writes what is owed, without a client")
    func upkeep() async throws {
        let harness = try await StoreHarness(.journal)
        let room = Room(of: harness)
        let before = try #require(try await harness.loseEnd(of: [1])[1])
        room.set(0)
        try await harness.open()
        let octets = try folderOctets(harness)
        let told = try await harness.account(1).status(of: .inbox)
        let store = harness.journalStore
        let upkeep = Task { await store.runUpkeep(lookingEvery: .milliseconds(10)) }
        let failed = ContinuousClock.now + .seconds(60)
        while harness.events.count(of: 9282) == 0, .now < failed { try await Task.sleep(for: .milliseconds(10)) }
        #expect(try folderOctets(harness) == octets)
        room.set(nil)
        let deadline = ContinuousClock.now + .seconds(60)
        while try folderOctets(harness) == octets, .now < deadline { try await Task.sleep(for: .milliseconds(10)) }
        upkeep.cancel()
        await upkeep.value
        #expect(harness.events.count(of: 9282) == 1)
        // Without the checkpoint that told of the loss.
        let killed = KilledStore(harness.directory)
        await harness.close()
        killed.restore(to: harness.directory)
        try await harness.reopenFromJournal()
        let status = try await harness.account(1).status(of: .inbox)
        #expect(status.uidNext == told.uidNext && status.uidNext >= before.uidNext)
        await harness.close()
    }

    private func folderOctets(_ harness: StoreHarness) throws -> Int {
        KilledStore(harness.directory).files.filter { $0.key.hasSuffix(".log") }.reduce(0) { $0 + $1.value.count }
    }

    @Test("Of thousands of accounts each passes over, wherever the start that writes it ends", .timeLimit(.minutes(5)))
    func manyAccounts() async throws {
        let harness = try await StoreHarness(.journal)
        let room = Room(of: harness)
        let (log, epoch) = try #require(harness.journalLog)
        let count: UInt64 = 5000
        await withCheckedContinuation { done in
            for number in 1...count {
                let fence = Fence(account: AccountID(number), epoch: epoch)
                let record = LogRecord.subscribed(name("Somewhere"), true, ModSeq(1))
                log.submit([LogAppend(record)], fence: fence) { _ in if number == count { done.resume() } }
            }
        }
        let ends = [1, count]
        let before = try await harness.loseEnd(of: ends)
        let killed = KilledStore(harness.directory)
        for writes in 0...2 {
            for isKilled in [true, false] {
                killed.restore(to: harness.directory)
                room.set(writes)
                try await harness.open()
                for number in ends {
                    let status = try await harness.account(number).status(of: .inbox)
                    #expect(status.uidNext >= before[number]?.uidNext ?? UID(1), "\(writes) writes, \(number)")
                }
                let left = KilledStore(harness.directory)
                room.set(nil)
                if isKilled {
                    await harness.close()
                    left.restore(to: harness.directory)
                    try await harness.open()
                }
                var given: [UInt64: UID] = [:]
                for number in ends {
                    let put = try await harness.account(number).put([1])
                    #expect(put.uid >= before[number]?.uidNext ?? UID(1), "\(writes) writes, \(number)")
                    given[number] = put.uid
                }
                try await harness.killAndOpen()
                for number in ends {
                    // Done, and not done again.
                    let status = try await harness.account(number).status(of: .inbox)
                    let expected = (given[number]?.rawValue ?? 0) + 1
                    #expect(status.uidNext.rawValue == expected, "\(writes) writes, \(number)")
                }
                await harness.close()
            }
        }
    }

    @Test("What a power cut left of a message is withdrawn when there is room, and its retry stored")
    func doubt() async throws {
        let harness = try await StoreHarness(.journal)
        let room = Room(of: harness)
        let (delivery, octets, _) = try await harness.tearDelivery()
        room.set(0)
        for _ in 0..<2 {
            try await harness.open()
            #expect(try await harness.account().uids() == [1, 2])
            // Not taken for one that was stored before.
            await expectCode(.storageFull) { try await harness.account().put(octets, delivery: delivery) }
            await harness.close()
        }
        try await harness.open()
        // The fence goes, and the withdrawal does not.
        room.set(1)
        let store = harness.journalStore
        let upkeep = Task { await store.runUpkeep(lookingEvery: .milliseconds(10)) }
        try await Task.sleep(for: .milliseconds(50))
        #expect(harness.events.count(of: 9266) == 0)
        room.set(nil)
        let deadline = ContinuousClock.now + .seconds(60)
        while harness.events.count(of: 9266) == 0, .now < deadline { try await Task.sleep(for: .milliseconds(10)) }
        #expect(try await harness.account().uids() == [1])
        let first = try await harness.account().put(octets, delivery: delivery)
        #expect(!first.wasDuplicate && first.uid == UID(3))
        while try await !isSettled(harness), .now < deadline { try await Task.sleep(for: .milliseconds(10)) }
        upkeep.cancel()
        await upkeep.value
        await harness.close()
        try await harness.open()
        #expect(try await harness.account().put(octets, delivery: delivery).wasDuplicate)
        #expect(try await harness.account().uids() == [1, 3] && harness.events.count(of: 9266) == 1)
        await harness.close()
    }

    /// Whether a start after a kill would find nothing in doubt.
    private func isSettled(_ harness: StoreHarness) async throws -> Bool {
        let copy = harness.directory + "-copy"
        KilledStore(harness.directory).restore(to: copy)
        defer { StoreHarness.remove(copy) }
        let identity = try #require(Journal.identityOfRecords(in: copy + "/shard-00"))
        let journal = try Journal.open(copy + "/shard-00", identity: identity)
        let isSettled = journal.recovery.doubtful.isEmpty
        await journal.close()
        return isSettled
    }
}

@Suite("The embedded engine: what a fence names")
struct ShardLossesTests {
    private func damage(_ segment: UInt32, _ octets: Range<UInt64>) -> JournalRecovery.Damage {
        JournalRecovery.Damage(segment: segment, octets: octets)
    }

    @Test("More losses than a fence names become fewer, and none is found anew by a later start")
    func joined() {
        let losses = (0..<10_000 as Range<UInt64>).map { place in
            damage(UInt32(place % 3) + 1, place * place..<(place * place + 10))
        }
        let first = ShardLosses(losses, before: [], in: [1, 2, 3])
        #expect(first.all.count <= ShardLosses.maximum && first.all.count > ShardLosses.maximum / 2)
        #expect(first.octetsFound == 100_000)
        let second = ShardLosses(losses.shuffled(), before: first.all.shuffled(), in: [1, 2, 3])
        #expect(second.octetsFound == 0 && second.all == first.all)
        // What is far from all others is not taken for lost.
        let last = losses[9999].octets.upperBound + 1000
        #expect(ShardLosses([self.damage(1, last..<last + 5)], before: first.all, in: [1, 2, 3]).octetsFound == 5)
        #expect(ShardLosses([], before: first.all, in: [2]).all.allSatisfy { $0.segment == 2 })
    }

    @Test("In more segments than it names only the oldest are dropped")
    func manySegments() {
        let all = (1...5000 as ClosedRange<UInt32>).reversed().flatMap { segment in
            [self.damage(segment, 5..<10), self.damage(segment, 1 << 60..<(1 << 60) + 1)]
        }
        let losses = ShardLosses(all, before: [], in: Set(1...5000))
        #expect(losses.all.map(\.segment) == Array(905...5000))
        #expect(losses.all.allSatisfy { $0.octets == 5..<(1 << 60) + 1 })
    }

    @Test("What the start before did not come to is owed, whatever a fence says")
    func owed() {
        let known = [
            LostOctets(segment: 0, octets: 0..<700), LostOctets(segment: 2, octets: 0..<50),
            LostOctets(segment: 0, octets: 0..<UInt64.max), LostOctets(segment: 2, octets: 20..<UInt64.max),
        ]
        let losses = ShardLosses([damage(2, 10..<UInt64.max)], before: known, in: [1, 2])
        #expect(losses.octetsFound == .max)
        #expect(losses.all == [LostOctets(segment: 2, octets: 0..<UInt64.max)])
        #expect(ShardLosses([], before: [known[0]], in: [1]).octetsFound == 700)
    }
}
