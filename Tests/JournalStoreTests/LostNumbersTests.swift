// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

import Glibc
import Journal
import JournalStore
import Locking
import MailStore
import MailTypes
import Testing

/// What a client is shown of an account, but for what reading a lost message changes: that it is marked as damaged.
private struct Shown: Hashable {
    private struct Mailbox: Hashable {
        var uidValidity: UIDValidity
        var uidNext: UID
        var uids: [UInt32]
        var dates: [MailDate]
        var octets: [[UInt8]]
    }

    private var mailboxes: [MailboxName: Mailbox]

    init(_ account: any MailAccount) async throws {
        mailboxes = try await AccountContents(account).mailboxes.mapValues { mailbox in
            Mailbox(
                uidValidity: mailbox.status.uidValidity,
                uidNext: mailbox.status.uidNext,
                uids: mailbox.messages.map(\.uid),
                dates: mailbox.messages.map(\.date),
                octets: mailbox.messages.map(\.octets)
            )
        }
    }

    func messages(_ mailbox: MailboxName = .inbox) -> Int { mailboxes[mailbox]?.uids.count ?? 0 }
}

extension StoreHarness {
    fileprivate func shown(_ accounts: ClosedRange<UInt64>) async throws -> [UInt64: Shown] {
        var all: [UInt64: Shown] = [:]
        for number in accounts { all[number] = try await Shown(account(number)) }
        return all
    }
}

/// A closed store with one account: 20 messages in INBOX, 5 of them in Archive, too.
private struct TwoMailboxes {
    static let account: UInt64 = 1
    var killed: KilledStore
    /// Of the records of messages, by UID.
    var bodies: [BodyReference]
    /// As a client knew it at the end.
    var inbox: MailboxStatus
    var archive: MailboxStatus

    init(_ harness: StoreHarness) async throws {
        let account = try await harness.account(Self.account)
        for index in 0..<20 {
            try await account.put(pattern(300, seed: UInt8(index)))
            // The last records are of INBOX.
            guard index == 10 else { continue }
            let id = try await account.status(of: .inbox).id
            _ = try await account.transfer(UIDSet([1...5]), from: id, to: name("Archive"), removingSource: false)
        }
        bodies = try await account.snapshot(of: .inbox).messages.map(\.body)
        inbox = try await account.status(of: .inbox)
        archive = try await account.status(of: name("Archive"))
        await harness.close()
        killed = KilledStore(harness.directory)
    }

    var snapshots: [String] { killed.files.keys.filter { $0.hasSuffix(".snap") } }
    var checkpoints: [String] { killed.files.keys.filter { $0.contains("heads.") } }
}

@Suite("The embedded engine: numbers that lost records have given")
struct LostNumbersTests {
    /// No number that a client may know is given for anything else.
    private func expectNew(_ harness: StoreHarness, _ store: TwoMailboxes, _ what: String) async throws {
        let account = try await harness.account(TwoMailboxes.account)
        for (mailbox, known) in [(MailboxName.inbox, store.inbox), (name("Archive"), store.archive)] {
            guard let status = try? await account.status(of: mailbox), status.uidValidity == known.uidValidity else {
                continue
            }
            #expect(status.uidNext.rawValue >= known.uidNext.rawValue, "\(what): \(mailbox)")
            let put = try await account.put([1, 2, 3], in: mailbox)
            #expect(put.uid.rawValue >= known.uidNext.rawValue, "\(what): \(mailbox)")
            let now = try await account.status(of: mailbox)
            #expect(now.highestModSeq > store.inbox.highestModSeq, "\(what): \(mailbox)")
        }
    }

    @Test("The end of the journal is lost: UIDs and mod-sequences go on beyond it, and only once")
    func end() async throws {
        let harness = try await StoreHarness(.journal)
        let store = try await TwoMailboxes(harness)
        for kept in [0, 3, 11, 12, 19] {
            for lacking in 0..<4 {
                var damaged = store.killed
                let whole = try #require(damaged.files[KilledStore.segment])
                damaged.files[KilledStore.segment] = Array(whole[..<Int(store.bodies[kept].offset + 40)])
                if lacking & 1 != 0 { for path in store.snapshots { damaged.files[path] = nil } }
                if lacking & 2 != 0 { for path in store.checkpoints { damaged.files[path] = nil } }
                // Nothing knows that there was more.
                guard lacking != 3 else { continue }
                damaged.restore(to: harness.directory)
                let what = "\(kept) kept, lacking \(lacking)"
                try await harness.open()
                let first = try await harness.account(TwoMailboxes.account).status(of: .inbox)
                let killed = KilledStore(harness.directory)
                await harness.close()
                // Killed at once, without a checkpoint of this start, or closed: the loss is met again, and is known.
                for isKilled in [true, true, false, false] {
                    if isKilled { killed.restore(to: harness.directory) }
                    try await harness.open()
                    let again = try await harness.account(TwoMailboxes.account).status(of: .inbox)
                    #expect(again == first, "\(what)")
                    await harness.close()
                }
                try await harness.open()
                try await expectNew(harness, store, what)
                let contents = try await Shown(harness.account(TwoMailboxes.account))
                await harness.close()
                try await harness.open()
                #expect(try await Shown(harness.account(TwoMailboxes.account)) == contents, "\(what)")
                if lacking & 1 != 0 {
                    // The fold of the journal alone is the same.
                    try await harness.reopenFromJournal()
                    #expect(try await Shown(harness.account(TwoMailboxes.account)) == contents, "\(what)")
                }
                await harness.close()
            }
        }
    }

    @Test("Who was told of lost messages is told that they are gone, and everything else anew")
    func resynchronised() async throws {
        let harness = try await StoreHarness(.journal)
        let store = try await TwoMailboxes(harness)
        var damaged = store.killed
        let whole = try #require(damaged.files[KilledStore.segment])
        damaged.files[KilledStore.segment] = Array(whole[..<Int(store.bodies[15].offset)])
        for path in store.snapshots { damaged.files[path] = nil }
        damaged.restore(to: harness.directory)
        try await harness.open()
        let account = try await harness.account(TwoMailboxes.account)
        let changes = try await account.changes(in: store.inbox.id, since: store.inbox.highestModSeq)
        #expect(changes.changed.map(\.uid.rawValue) == Array(1...15))
        for uid in 16...20 as ClosedRange<UInt32> { #expect(changes.vanished.contains(UID(uid))) }
        #expect(!changes.vanished.contains(UID(15)))
        await harness.close()
    }

    @Test("A record is lost in the middle, and no later one tells of its mailbox: its UIDs are not given again")
    func middle() async throws {
        let harness = try await StoreHarness(.journal)
        let store = try await TwoMailboxes(harness)
        let whole = try #require(store.killed.files[KilledStore.segment])
        // The record of the copies, with what is around it.
        let lost = Int(store.bodies[10].offset) + 40..<Int(store.bodies[11].offset)
        let ways: [(String, ([UInt8]) -> [UInt8])] = [
            (
                "zeros",
                { octets in
                    octets[..<lost.lowerBound] + [UInt8](repeating: 0, count: lost.count) + octets[lost.upperBound...]
                }
            ),
            (
                "metadata",
                { octets in
                    var octets = octets
                    // Behind the header that follows message 11, of which two octets are other ones.
                    let message = Int(store.bodies[10].offset)
                    let start = octets[(message + 80)...].firstRange(of: Array("MRJ1".utf8))?.lowerBound ?? 0
                    for place in [start + 90, start + 100] { octets[place] ^= 0x5A }
                    return octets
                }
            ),
        ]
        for (way, damage) in ways {
            for hasCheckpoint in [true, false] {
                var damaged = store.killed
                damaged.files[KilledStore.segment] = Array(damage(whole))
                for path in store.snapshots { damaged.files[path] = nil }
                if !hasCheckpoint { for path in store.checkpoints { damaged.files[path] = nil } }
                damaged.restore(to: harness.directory)
                try await harness.open()
                let what = "\(way), checkpoint \(hasCheckpoint)"
                try await expectNew(harness, store, what)
                let contents = try await Shown(harness.account(TwoMailboxes.account))
                try await harness.reopenFromJournal()
                let again = try await Shown(harness.account(TwoMailboxes.account))
                // Without a checkpoint all damage is met, and passed over, a first time.
                #expect(again.messages() == contents.messages(), "\(what)")
                if !hasCheckpoint { #expect(again == contents, "\(what)") }
                try await expectNew(harness, store, what)
                await harness.close()
            }
        }
    }

    @Test("A segment is gone, or a base with what it stood for: UIDs that only they told of are not given again")
    func goneSegment() async throws {
        let harness = try await StoreHarness.small(octets: 4096)
        let account = try await harness.account(TwoMailboxes.account)
        for index in 0..<10 { try await account.put(pattern(300, seed: UInt8(index))) }
        let id = try await account.status(of: .inbox).id
        _ = try await account.transfer(UIDSet([1...5]), from: id, to: name("Archive"), removingSource: false)
        let segment = try #require(Self.lastSegment(KilledStore(harness.directory)))
        for index in 0..<20 { try await account.put(pattern(300, seed: UInt8(index))) }
        let known = try await account.status(of: name("Archive"))
        let inbox = try await account.status(of: .inbox)
        await harness.close()
        let state = KilledStore(harness.directory)
        for lacksDerived in [false, true] {
            var damaged = state
            for path in state.files.keys where path.hasPrefix(segment) || path.hasSuffix(".snap") {
                damaged.files[path] = nil
            }
            if lacksDerived { damaged.files = damaged.files.filter { !$0.key.contains("heads.") } }
            damaged.restore(to: harness.directory)
            for round in 0..<2 {
                try await harness.open()
                let account = try await harness.account(TwoMailboxes.account)
                for (mailbox, known) in [(MailboxName.inbox, inbox), (name("Archive"), known)] {
                    guard let status = try? await account.status(of: mailbox) else { continue }
                    guard status.uidValidity == known.uidValidity else { continue }
                    #expect(status.uidNext.rawValue >= known.uidNext.rawValue, "round \(round): \(mailbox)")
                }
                await harness.close()
                Self.removeSnapshots(harness)
            }
        }
    }

    private static func removeSnapshots(_ harness: StoreHarness) {
        StoreHarness.remove(harness.directory + "/accounts")
    }

    /// The path of the last segment, without what it ends in.
    private static func lastSegment(_ store: KilledStore) -> String? {
        store.files.keys.filter { $0.hasSuffix(".log") }.max().map { String($0.dropLast(4)) }
    }
}

@Suite("The embedded engine: what only a snapshot knows")
struct LostEndBaseTests {
    private static let accounts: ClosedRange<UInt64> = 1...3

    /// A closed store whose journal ends after the first message, with the snapshots of all.
    private func damaged(_ harness: StoreHarness) async throws {
        var first: BodyReference?
        for number in Self.accounts {
            let account = try await harness.account(number)
            for index in 0..<20 { try await account.put(pattern(300, seed: UInt8(number) * 32 + UInt8(index))) }
            if first == nil { first = try await account.snapshot(of: .inbox).messages.first?.body }
        }
        await harness.close()
        var files = KilledStore(harness.directory)
        #expect(files.files.keys.count { $0.hasSuffix(".snap") } == Self.accounts.count)
        let end = try #require(first).offset
        files.files[KilledStore.segment] = files.files[KilledStore.segment].map { Array($0[..<Int(end)]) }
        files.restore(to: harness.directory)
    }

    /// Octets of the journal's last segment.
    private func journalOctets(_ harness: StoreHarness) -> Int {
        KilledStore(harness.directory).files.filter { $0.key.hasSuffix(".log") }.reduce(0) { $0 + $1.value.count }
    }

    @Test("It is written into the journal, of accounts that were opened and of others; then the snapshots may go")
    func bases() async throws {
        let harness = try await StoreHarness(.journal)
        try await damaged(harness)
        try await harness.open()
        // Only this one is opened by anybody.
        #expect(try await harness.account(1).uids() == Array(1...20))
        try await harness.journalStore.writeOwedBases()
        let written = journalOctets(harness)
        // Once.
        try await harness.journalStore.writeOwedBases()
        #expect(journalOctets(harness) == written)
        let before = try await harness.shown(Self.accounts)
        for contents in before.values { #expect(contents.messages() == 20) }
        try await harness.reopenFromJournal()
        for number in Self.accounts {
            #expect(try await Shown(harness.account(number)) == before[number])
        }
        // A later start has nothing to write.
        let settled = journalOctets(harness)
        try await harness.journalStore.writeOwedBases()
        #expect(journalOctets(harness) == settled)
        await harness.close()
        #expect(try await harness.bases().count == 2 * Self.accounts.count)
    }

    @Test("Upkeep writes it by itself, once there is room")
    func upkeep() async throws {
        let harness = try await StoreHarness(.journal)
        try await damaged(harness)
        let isFull = Lock(false)
        harness.options.withLock { options in
            options.faults = JournalFaults(write: { octets in
                isFull.withLock { $0 } ? .failure(FaultErrno(ENOSPC)) : .success(octets)
            })
        }
        try await harness.open()
        let octets = journalOctets(harness)
        isFull.withLock { $0 = true }
        let store = harness.journalStore
        let upkeep = Task { await store.runUpkeep(lookingEvery: .milliseconds(20)) }
        // Nothing is held up meanwhile.
        for number in Self.accounts { #expect(try await harness.account(number).uids() == Array(1...20)) }
        await expectCode(.storageFull) {
            do { try await store.writeOwedBases() } catch let error as MailStoreError { throw error }
        }
        isFull.withLock { $0 = false }
        let deadline = ContinuousClock.now + .seconds(60)
        // Each state has 20 messages, and is there twice.
        while journalOctets(harness) < octets + Self.accounts.count * 2 * 20 * 88, .now < deadline {
            try await Task.sleep(for: .milliseconds(20))
        }
        upkeep.cancel()
        await upkeep.value
        let before = try await harness.shown(Self.accounts)
        try await harness.reopenFromJournal()
        for number in Self.accounts {
            #expect(try await Shown(harness.account(number)) == before[number])
        }
        await harness.close()
    }

    @Test("A backup has it")
    func backup() async throws {
        let harness = try await StoreHarness(.journal)
        try await damaged(harness)
        try await harness.open()
        let (backup, copy) = (harness.directory + "-backup", harness.directory + "-copy")
        defer {
            StoreHarness.remove(backup)
            StoreHarness.remove(copy)
        }
        _ = try await harness.journalStore.backup(to: FolderSink(backup))
        let before = try await harness.shown(Self.accounts)
        _ = try await JournalStore.restore(backup, to: copy)
        await harness.close()
        KilledStore(copy).restore(to: harness.directory)
        try await harness.open()
        for number in Self.accounts {
            #expect(try await Shown(harness.account(number)) == before[number])
            #expect(before[number]?.messages() == 20)
        }
        await harness.close()
    }
}
