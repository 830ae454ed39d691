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

@Suite("The embedded engine: kills and damage")
struct StoreDamageTests {
    private func contents(_ account: any MailAccount) async throws -> [(octets: MessageOctets, entry: MessageEntry)] {
        var found: [(MessageOctets, MessageEntry)] = []
        for mailbox in try await account.mailboxes() where mailbox.id != nil {
            for entry in try await account.snapshot(of: mailbox.name).messages {
                found.append((try await account.read(entry, 0..<entry.size), entry))
            }
        }
        return found
    }

    @Test("Cut at any octet, the store has every message that was acknowledged before")
    func truncations() async throws {
        let harness = try await StoreHarness(.journal)
        let account = try await harness.account()
        var acknowledged: [(end: Int, octets: [UInt8])] = []
        for index in 0..<3 {
            let octets = pattern(120, seed: UInt8(index + 1))
            try await account.put(octets, delivery: .random())
            let size = WholeFile.contents("\(harness.directory)/\(KilledStore.segment)")?.count ?? 0
            acknowledged.append((size, octets))
        }
        let killed = KilledStore(harness.directory)
        await harness.close()
        let whole = try #require(killed.files[KilledStore.segment])
        for length in stride(from: acknowledged[0].end - 1, through: whole.count, by: 1) {
            var cut = killed
            cut.files[KilledStore.segment] = Array(whole[..<length])
            cut.restore(to: harness.directory)
            try await harness.open()
            let expected = acknowledged.filter { $0.end <= length }.map(\.octets)
            let again = try await harness.account()
            #expect(try await contents(again).map(\.octets.bytes) == expected, "cut at \(length)")
            #expect(try await again.put([1]).uid.rawValue == UInt32(expected.count + 1))
            await harness.close()
        }
    }

    @Test("Flipped bits anywhere cost no more messages than were hit")
    func flips() async throws {
        let harness = try await StoreHarness(.journal)
        for number in 1...3 as ClosedRange<UInt64> {
            let account = try await harness.account(number)
            for index in 0..<8 { try await account.put(pattern(300, seed: UInt8(number) * 16 + UInt8(index))) }
            let inbox = try await account.status(of: .inbox).id
            _ = try await account.transfer(UIDSet([1...4]), from: inbox, to: name("Archive"), removingSource: true)
        }
        for closed in [false, true] {
            if closed { await harness.close() }
            let state = KilledStore(harness.directory)
            if !closed { await harness.close() }
            for _ in 0..<60 {
                var damaged = state
                let flips = Int.random(in: 1...4)
                for _ in 0..<flips {
                    guard let path = damaged.files.keys.sorted().randomElement(), let size = damaged.files[path]?.count,
                        size > 0
                    else { continue }
                    damaged.files[path]?[Int.random(in: 0..<size)] ^= 1 << UInt8.random(in: 0..<8)
                }
                damaged.restore(to: harness.directory)
                try await harness.open()
                var whole = 0
                for number in 1...3 as ClosedRange<UInt64> {
                    let account = try await harness.account(number)
                    let found = try await contents(account)
                    whole += found.count { $0.octets.damaged.isEmpty }
                    #expect(found.allSatisfy { $0.octets.bytes.count == Int($0.entry.size) })
                    for message in found { _ = try await account.cachedStructure(of: message.entry) }
                    try await account.put([1])
                }
                // A flip in the record of the move costs the move, and not the messages.
                #expect(whole >= 24 - flips)
                await harness.close()
            }
            state.restore(to: harness.directory)
        }
    }

    @Test("A lost chunk is filled with lines of the same length, and reported once")
    func filler() async throws {
        let harness = try await StoreHarness(.journal)
        let octets = pattern(200_000)
        try await harness.account().put(octets)
        await harness.close()
        var state = KilledStore(harness.directory)
        let size = try #require(state.files[KilledStore.segment]?.count)
        for octet in 0..<4 { state.files[KilledStore.segment]?[size / 2 + octet] ^= 0x55 }
        state.restore(to: harness.directory)
        try await harness.open()
        let account = try await harness.account()
        let entry = try #require(try await account.snapshot(of: .inbox).messages.first)
        for _ in 0..<2 {
            let found = try await account.read(entry, 0..<entry.size)
            #expect(found.bytes.count == octets.count)
            let lost = try #require(found.damaged.first)
            #expect(found.damaged.count == 1 && lost.count == 65_536)
            let filled = Array(found.bytes[Int(lost.lowerBound)..<Int(lost.upperBound)])
            let text = String(decoding: filled, as: UTF8.self)
            #expect(text.contains("[martlet: 65536 octets lost, event 12003]\r\n") && text.hasSuffix("\r\n"))
            #expect(found.bytes[..<Int(lost.lowerBound)] == octets[..<Int(lost.lowerBound)])
            #expect(found.bytes[Int(lost.upperBound)...] == octets[Int(lost.upperBound)...])
        }
        #expect(harness.events.count(of: 12003) == 1)
        harness.settings.replace(with: SettingsSnapshot(texts: ["store/corrupt-message-policy": "refuse"]))
        await expectCode(.damaged) { _ = try await account.read(entry, 0..<entry.size) }
        #expect(try await account.read(entry, 0..<100).bytes == Array(octets[..<100]))
        await harness.close()
    }

    @Test("Where FORMAT is lost and cannot be written, mail is there all the same, and FORMAT once it can be")
    func formatThatCannotBeWritten() async throws {
        let harness = try await StoreHarness(.journal)
        _ = try await harness.account().put(pattern(40))
        await harness.close()
        let path = "\(harness.directory)/FORMAT"
        let format = try #require(WholeFile.contents(path))
        unsafe unlink(path)
        // In the place of the file that it is written to first.
        unsafe mkdir(path + ".new", 0o700)
        for _ in 0..<2 {
            try await harness.open()
            #expect(try await harness.account().uids() == [1])
            await harness.close()
            #expect(WholeFile.contents(path) == nil)
        }
        unsafe rmdir(path + ".new")
        try await harness.open()
        await harness.close()
        #expect(WholeFile.contents(path) == format)
    }

    @Test("Snapshots, checkpoints and FORMAT can be lost or damaged without loss")
    func derivedFiles() async throws {
        let harness = try await StoreHarness(.journal)
        let account = try await harness.account()
        for index in 0..<300 { try await account.put(pattern(40, seed: UInt8(index % 250))) }
        await harness.close()
        let state = KilledStore(harness.directory)
        #expect(state.files.keys.contains { $0.hasSuffix(".snap") })
        #expect(state.files.keys.contains { $0.hasSuffix("heads.a") })
        let derived = state.files.keys.filter { !$0.hasSuffix(".log") && $0 != "lock" }
        for path in derived.sorted() {
            for damage in 0..<4 {
                var damaged = state
                let size = damaged.files[path]?.count ?? 0
                switch damage {
                case 0: damaged.files[path] = nil
                case 1: damaged.files[path] = []
                case 2: damaged.files[path] = [UInt8](repeating: 0, count: size)
                default: damaged.files[path]?[size / 2] ^= 4
                }
                damaged.restore(to: harness.directory)
                try await harness.open()
                #expect(try await harness.account().uids() == Array(1...300), "\(path), \(damage)")
                await harness.close()
            }
        }
    }

    @Test("A full disk refuses mail and nothing else, and is forgotten when there is room")
    func fullDisk() async throws {
        let harness = try await StoreHarness(.journal)
        await harness.close()
        let full = Lock(false)
        var options = JournalOptions()
        options.faults = JournalFaults(write: { octets in
            full.withLock { $0 } && octets > 2000 ? .failure(FaultErrno(ENOSPC)) : .success(octets)
        })
        let store = try await JournalStore.open(
            harness.directory,
            options: options,
            shards: 1,
            loops: [harness.loop],
            settings: harness.settings,
            events: .none,
            summarize: summarize
        )
        let account = try await store.account(AccountID(7), deadline: .now + .seconds(5))
        for _ in 0..<3 { try await account.put(pattern(5000)) }
        full.withLock { $0 = true }
        let delivery = DeliveryID.random()
        for _ in 0..<2 {
            await expectCode(.storageFull) { try await account.put(pattern(5000), delivery: delivery) }
        }
        let inbox = try await account.snapshot(of: .inbox)
        #expect(try await account.whole(inbox.messages[0]) == pattern(5000))
        let gone = try await account.expunge(UIDSet([2...2]), in: inbox.status.id, onlyDeleted: false)
        #expect(gone.vanished.count == 1)
        full.withLock { $0 = false }
        #expect(try await !account.put(pattern(5000), delivery: delivery).wasDuplicate)
        let uids = try await account.uids()
        #expect(uids.count == 3 && uids.starts(with: [1, 3]))
        await store.close()
        try await harness.open()
        #expect(try await harness.account().uids() == uids)
        await harness.close()
    }
}
