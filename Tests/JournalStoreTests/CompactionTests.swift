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

/// A source of chance that can be run again.
struct Dice: RandomNumberGenerator {
    var state: UInt64
    init(_ seed: Int) { state = UInt64(truncatingIfNeeded: seed) &* 0x9E37_79B9_7F4A_7C15 | 1 }
    mutating func next() -> UInt64 {
        state ^= state << 13
        state ^= state >> 7
        state ^= state << 17
        return state
    }
}

/// Everything that a client can see of an account.
struct AccountContents: Hashable {
    struct Message: Hashable {
        var uid: UInt32
        var flags: FlagSet
        var modSeq: ModSeq
        var date: MailDate
        var saved: Int64
        var octets: [UInt8]
        var structure: [UInt8]?
        var isDamaged: Bool
    }

    struct Mailbox: Hashable {
        var status: MailboxStatus
        var keywords: [Keyword]
        var vanished: UIDSet
        var messages: [Message]
    }

    var list: [MailboxDescription] = []
    var mailboxes: [MailboxName: Mailbox] = [:]

    init(_ account: any MailAccount) async throws {
        list = try await account.mailboxes()
        for description in list where description.id != nil {
            let snapshot = try await account.snapshot(of: description.name)
            var messages: [Message] = []
            for entry in snapshot.messages {
                let octets = try await account.read(entry, 0..<entry.size)
                messages.append(
                    Message(
                        uid: entry.uid.rawValue,
                        flags: entry.flags(keywords: snapshot.keywords),
                        modSeq: entry.modSeq,
                        date: entry.internalDate,
                        saved: entry.savedSeconds,
                        octets: octets.bytes,
                        structure: try await account.cachedStructure(of: entry),
                        isDamaged: !octets.damaged.isEmpty
                    )
                )
            }
            mailboxes[description.name] = Mailbox(
                status: snapshot.status,
                keywords: snapshot.keywords,
                vanished: try await account.changes(in: snapshot.status.id, since: .zero).vanished,
                messages: messages
            )
        }
    }
}

extension StoreHarness {
    /// A store with segments so small that a test fills many.
    static func small(octets: UInt64 = 16 * 1024) async throws -> StoreHarness {
        let harness = try await StoreHarness(.journal)
        harness.options.withLock { $0.segmentOctets = octets }
        try await harness.reopen()
        return harness
    }

    func contents(_ accounts: ClosedRange<UInt64>) async throws -> [UInt64: AccountContents] {
        var all: [UInt64: AccountContents] = [:]
        for number in accounts { all[number] = try await AccountContents(account(number)) }
        return all
    }

    /// Opens the store by its segments alone.
    func reopenFromJournal() async throws {
        await close()
        Self.remove(directory + "/accounts")
        for name in ["heads.a", "heads.b"] { unsafe unlink("\(directory)/shard-00/\(name)") }
        try await open()
    }

    /// Fills accounts, so that most of what lies in the first segments is dead.
    func fillSparsely(_ accounts: ClosedRange<UInt64> = 1...3, messages: Int = 30) async throws {
        for index in 0..<messages {
            for number in accounts { try await account(number).put(pattern(900, seed: UInt8(index + Int(number)))) }
        }
        for number in accounts {
            let account = try await account(number)
            let inbox = try await account.status(of: .inbox).id
            _ = try await account.transfer(UIDSet([3...4]), from: inbox, to: name("Archive"), removingSource: false)
            let last = UInt32(messages)
            let gone = UIDSet([1...2, 5...(last / 3), (last / 3 + 2)...(last - 2)])
            _ = try await account.expunge(gone, in: inbox, onlyDeleted: false)
            _ = try await account.changeFlags(
                FlagChange(.add, FlagSet(system: .seen, keywords: [keyword("kept")])),
                of: UIDSet([3...4]),
                in: inbox,
                unchangedSince: nil
            )
        }
    }
}

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

extension StoreHarness {
    /// Where base records lie in the files of the closed store.
    func bases() async throws -> [(path: String, offset: UInt64, length: Int)] {
        let folder = directory + "/shard-00"
        let identity = try #require(Journal.identity(in: folder))
        let journal = try Journal.open(folder, identity: identity)
        var found: [(String, UInt64, Int)] = []
        for number in journal.segmentNumbers {
            try journal.outline(segment: number) { record in
                guard record.kind == 29 else { return }
                found.append(("shard-00/segment-000000000\(number).log", record.position.offset, Int(record.octets)))
            }
        }
        await journal.close()
        return found
    }
}

extension AccountContents {
    /// The same but for what depends on the clock and on ids that the engines choose.
    func same(as other: AccountContents?) -> Bool {
        guard let other, list == other.list, mailboxes.keys == other.mailboxes.keys else { return false }
        return mailboxes.allSatisfy { name, mailbox in
            guard let twin = other.mailboxes[name] else { return false }
            var (a, b) = (mailbox, twin)
            a.status.uidValidity = b.status.uidValidity
            for place in a.messages.indices { a.messages[place].saved = 0 }
            for place in b.messages.indices { b.messages[place].saved = 0 }
            return a == b
        }
    }
}
