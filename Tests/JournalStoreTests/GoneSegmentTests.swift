// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

import Glibc
import Journal
import JournalStore
import MailStore
import MailTypes
import Testing

/// A closed store of several segments: two accounts with 40 messages each, of which the first 10 are flagged at the end.
private struct Segments {
    static let accounts: ClosedRange<UInt64> = 1...2
    static let messages: UInt32 = 40
    var files: KilledStore
    /// As a client knew it at the end.
    var known: [UInt64: MailboxStatus] = [:]
    var contents: [UInt64: [[UInt8]]] = [:]
    var bodies: [UInt64: [BodyReference]] = [:]

    init(_ harness: StoreHarness) async throws {
        for index in 0..<Self.messages {
            for number in Self.accounts {
                try await harness.account(number).put(pattern(300, seed: UInt8(number) * 64 + UInt8(index)))
            }
        }
        // One that nothing is owed to.
        for _ in 0..<5 { try await harness.account(9).put(pattern(300)) }
        try await harness.store.remove(AccountID(9))
        for number in Self.accounts {
            let account = try await harness.account(number)
            let id = try await account.status(of: .inbox).id
            let flags = FlagChange(.add, FlagSet(system: .flagged))
            _ = try await account.changeFlags(flags, of: UIDSet([1...10]), in: id, unchangedSince: nil)
            known[number] = try await account.status(of: .inbox)
            for entry in try await account.snapshot(of: .inbox).messages {
                contents[number, default: []].append(try await account.read(entry, 0..<entry.size).bytes)
                bodies[number, default: []].append(entry.body)
            }
        }
        await harness.close()
        files = KilledStore(harness.directory)
    }

    /// Segments that others follow.
    var sealed: [UInt32] {
        files.files.keys.filter { $0.hasSuffix(".log") }.sorted().dropLast().compactMap {
            UInt32($0.dropLast(4).suffix(10))
        }
    }

    /// The store without the file of a segment, and without other files: 1 checkpoints, 2 snapshots, 4 its sidecar.
    func without(_ segment: UInt32, lacking: Int) -> KilledStore {
        var left = files
        for path in files.files.keys {
            let isOfSegment = path.contains("segment-") && UInt32(path.dropLast(4).suffix(10)) == segment
            let isGone =
                isOfSegment && path.hasSuffix(".log") || lacking & 1 != 0 && path.contains("heads.")
                || lacking & 2 != 0 && path.hasPrefix("accounts/") || lacking & 4 != 0 && isOfSegment
            if isGone { left.files[path] = nil }
        }
        return left
    }

    /// UIDs of an account's messages that lay elsewhere.
    func uids(of account: UInt64, besides segment: UInt32) -> [UInt32] {
        zip(1..., bodies[account] ?? []).filter { $0.1.segment != segment }.map { $0.0 }
    }
}

@Suite("The embedded engine: the file of a segment is gone")
struct GoneSegmentTests {
    @Test("It is told of by an event and by a check; no number is given again; who had more is told what is gone")
    func numbers() async throws {
        let harness = try await StoreHarness.small(octets: 8192)
        let store = try await Segments(harness)
        #expect(store.sealed.count > 3)
        for segment in [1, 2, store.sealed.last ?? 0] as Set<UInt32> {
            for lacking in 0..<8 {
                store.without(segment, lacking: lacking).restore(to: harness.directory)
                let what = "segment \(segment), lacking \(lacking)"
                let before = harness.events.count(of: 9254)
                try await harness.open()
                #expect(harness.events.count(of: 9254) > before, "\(what)")
                for number in Segments.accounts { try await expectNew(harness, store, number, segment, lacking, what) }
                let report = try await harness.journalStore.check()
                #expect(report.findings.contains { $0.file.hasSuffix("-000000000\(segment).log") }, "\(what)")
                let counts = try await uidNexts(harness)
                await harness.close()
                // Once.
                try await harness.open()
                #expect(try await uidNexts(harness) == counts, "\(what)")
                await harness.close()
            }
        }
    }

    private func uidNexts(_ harness: StoreHarness) async throws -> [UID] {
        var found: [UID] = []
        for number in Segments.accounts { found.append(try await harness.account(number).status(of: .inbox).uidNext) }
        return found
    }

    private func expectNew(
        _ harness: StoreHarness,
        _ store: Segments,
        _ number: UInt64,
        _ segment: UInt32,
        _ lacking: Int,
        _ what: String
    ) async throws {
        let account = try await harness.account(number)
        let status = try await account.status(of: .inbox)
        let known = try #require(store.known[number])
        let uids = try await account.uids()
        // What snapshots or the sidecar know of is shown, as it was or filled.
        let left = store.uids(of: number, besides: segment)
        #expect(uids == (lacking & 6 == 6 ? left : Array(1...Segments.messages)), "\(what)")
        guard status.uidValidity == known.uidValidity else { return }
        #expect(status.uidNext >= known.uidNext && status.highestModSeq > known.highestModSeq, "\(what)")
        let changes = try await account.changes(in: status.id, since: known.highestModSeq)
        for uid in 1...Segments.messages where !uids.contains(uid) {
            #expect(changes.vanished.contains(UID(uid)), "\(what): \(uid)")
        }
        let put = try await account.put([1, 2, 3])
        #expect(put.uid >= known.uidNext, "\(what)")
    }

    @Test("What only snapshots know of is written into the journal, where their last record is there, too")
    func bases() async throws {
        let harness = try await StoreHarness.small(octets: 8192)
        let store = try await Segments(harness)
        for lacking in [4, 5] {
            store.without(2, lacking: lacking).restore(to: harness.directory)
            try await harness.open()
            try await harness.journalStore.writeOwedBases()
            try await expectAll(harness, store, without: 2, "lacking \(lacking)")
            try await harness.reopenFromJournal()
            try await expectAll(harness, store, without: 2, "lacking \(lacking), journal alone")
            await harness.close()
        }
    }

    @Test("A backup has all that is shown, also when the loss was found while the store was open")
    func backup() async throws {
        let harness = try await StoreHarness.small(octets: 8192)
        let store = try await Segments(harness)
        store.files.restore(to: harness.directory)
        try await harness.open()
        for number in Segments.accounts { _ = try await harness.account(number).uids() }
        // Zeros, as a disk may give them back.
        let path = "shard-00/segment-0000000002"
        WholeFile.replace(
            "\(harness.directory)/\(path).log",
            with: [UInt8](repeating: 0, count: store.files.files[path + ".log"]?.count ?? 0)
        )
        unsafe unlink("\(harness.directory)/\(path).idx")
        await harness.close()
        try await harness.open()
        try await expectRestored(harness, store, without: 2)
    }

    @Test("A backup has what only a sidecar knows, which is not in it")
    func backupOfIndexed() async throws {
        let harness = try await StoreHarness.small(octets: 8192)
        let store = try await Segments(harness)
        let path = "shard-00/segment-0000000002"
        var damaged = store.files
        var octets = try #require(damaged.files[path + ".log"])
        let headers = store.bodies.values.joined().filter { $0.segment == 2 }.map { Int($0.offset) }
        #expect(headers.count > 4)
        for header in headers.prefix(4) { octets.replaceSubrange(header..<(header + 60), with: pattern(60)) }
        damaged.files[path + ".log"] = octets
        #expect(damaged.files[path + ".idx"] != nil)
        for lacksDerived in [false, true] {
            if lacksDerived { damaged.files = damaged.files.filter { !$0.key.hasPrefix("accounts/") } }
            damaged.restore(to: harness.directory)
            try await harness.open()
            try await expectRestored(harness, store, without: 0)
        }
    }

    private func expectRestored(
        _ harness: StoreHarness,
        _ store: Segments,
        without segment: UInt32
    ) async throws {
        let folder = harness.directory + ".backup"
        defer { StoreHarness.remove(folder) }
        _ = try await harness.journalStore.backup(to: FolderSink(folder))
        await harness.close()
        let restored = try await StoreHarness(.journal)
        await restored.close()
        StoreHarness.remove(restored.directory)
        _ = try await JournalStore.restore(folder, to: restored.directory)
        try await restored.open()
        try await expectAll(restored, store, without: segment, "restored")
        await restored.close()
    }

    @Test("A segment is cut, and the next one gone: both are told of at once, and only once")
    func cutBeforeGone() async throws {
        let harness = try await StoreHarness.small(octets: 8192)
        let store = try await Segments(harness)
        for lacksNext in [false, true] {
            var damaged = store.without(4, lacking: lacksNext ? 4 : 0)
            let path = "shard-00/segment-0000000003.log"
            damaged.files[path] = damaged.files[path].map { Array($0.prefix(2000)) }
            damaged.restore(to: harness.directory)
            let before = harness.events.count(of: 9254)
            try await harness.open()
            #expect(harness.events.count(of: 9254) == before + 2)
            let counts = try await uidNexts(harness)
            for number in Segments.accounts {
                #expect(try await harness.account(number).uids() == Array(1...Segments.messages))
            }
            await harness.close()
            try await harness.open()
            #expect(try await uidNexts(harness) == counts)
            await harness.close()
        }
    }

    @Test("A start that was killed behind making a file of zeros: the next one tells of the loss")
    func killedBehindZeros() async throws {
        let harness = try await StoreHarness.small(octets: 8192)
        let store = try await Segments(harness)
        for lacking in [0, 4] {
            let size = try #require(store.files.files["shard-00/segment-0000000002.log"]).count
            for made in [0, size] {
                store.without(2, lacking: lacking).restore(to: harness.directory)
                let descriptor = unsafe open(
                    "\(harness.directory)/shard-00/segment-0000000002.log",
                    O_WRONLY | O_CREAT,
                    0o600
                )
                #expect(ftruncate(descriptor, off_t(made)) == 0)
                close(descriptor)
                let before = harness.events.count(of: 9254)
                try await harness.open()
                #expect(harness.events.count(of: 9254) == before + 1, "\(lacking), \(made)")
                for number in Segments.accounts {
                    let known = try #require(store.known[number])
                    #expect(try await harness.account(number).status(of: .inbox).highestModSeq > known.highestModSeq)
                }
                let counts = try await uidNexts(harness)
                await harness.close()
                try await harness.open()
                #expect(try await uidNexts(harness) == counts)
                await harness.close()
            }
        }
    }

    /// Every message is there under its UID, with its octets but for those in one segment.
    private func expectAll(
        _ harness: StoreHarness,
        _ store: Segments,
        without segment: UInt32,
        _ what: String
    ) async throws {
        for number in Segments.accounts {
            let account = try await harness.account(number)
            let view = try await account.snapshot(of: .inbox)
            #expect(view.messages.map(\.uid.rawValue) == Array(1...Segments.messages), "\(what)")
            let left = Set(store.uids(of: number, besides: segment))
            for entry in view.messages where left.contains(entry.uid.rawValue) {
                let octets = try await account.read(entry, 0..<entry.size).bytes
                #expect(octets == store.contents[number]?[Int(entry.uid.rawValue) - 1], "\(what): \(entry.uid)")
                #expect(entry.systemFlags.contains(.flagged) == (entry.uid.rawValue <= 10), "\(what): \(entry.uid)")
            }
        }
    }

    @Test("A loss stays known when compaction writes the fence anew and the segment has to stay")
    func knownAfterCompaction() async throws {
        let harness = try await StoreHarness.small(octets: 8192)
        let store = try await Segments(harness)
        store.without(2, lacking: 0).restore(to: harness.directory)
        try await harness.open()
        // Little of the lost segment is wanted any more, so that it is to be emptied; it cannot be.
        for number in Segments.accounts {
            let left = Set(store.uids(of: number, besides: 2))
            let lost = (1...Segments.messages).filter { !left.contains($0) }
            try #require(lost.count > 2)
            try await expunge(UIDSet([lost[1]...lost[lost.count - 1]]), of: number, harness)
        }
        for round in 0..<3 {
            // The segment with the fence is to be emptied, too.
            for number in Segments.accounts {
                for _ in 0..<12 {
                    let put = try await harness.account(number).put(pattern(300))
                    try await expunge(UIDSet([put.uid.rawValue...put.uid.rawValue]), of: number, harness)
                }
            }
            let report = try await harness.journalStore.compact(now: true)
            #expect(round > 0 || report.stuckSegments.contains("shard-00/segment-0000000002.log"))
            let counts = try await uidNexts(harness)
            await harness.close()
            try await harness.open()
            #expect(try await uidNexts(harness) == counts, "round \(round)")
        }
        await harness.close()
    }

    private func expunge(_ uids: UIDSet, of number: UInt64, _ harness: StoreHarness) async throws {
        let account = try await harness.account(number)
        let id = try await account.status(of: .inbox).id
        _ = try await account.expunge(uids, in: id, onlyDeleted: false)
    }

    @Test("Segments that compaction has removed are none that are gone")
    func compacted() async throws {
        let harness = try await StoreHarness.small()
        try await harness.fillSparsely()
        let report = try await harness.journalStore.compact(now: true)
        #expect(report.segmentsRemoved > 0)
        let before = try await harness.contents(1...3)
        let killed = KilledStore(harness.directory)
        await harness.close()
        for lacksDerived in [false, true] {
            var left = killed
            if lacksDerived {
                left.files = left.files.filter {
                    !$0.key.hasPrefix("accounts/") && !$0.key.contains("heads.") && !$0.key.hasSuffix("/removed")
                }
            }
            left.restore(to: harness.directory)
            let events = harness.events.count(of: 9254)
            try await harness.open()
            #expect(harness.events.count(of: 9254) == events)
            #expect(try await harness.contents(1...3) == before)
            await harness.close()
        }
    }

    @Test("After a kill, a snapshot that is newer than the checkpoint tells how far the journal went")
    func newestSnapshot() async throws {
        let harness = try await StoreHarness(.journal)
        let account = try await harness.account(1)
        for index in 0..<10 { try await account.put(pattern(300, seed: UInt8(index))) }
        await harness.close()
        try await harness.open()
        let reopened = try await harness.account(1)
        // As many as it takes for a snapshot to be written by itself.
        for index in 0..<300 { try await reopened.put(pattern(300, seed: UInt8(index & 0x7F))) }
        let known = try await reopened.status(of: .inbox)
        let bodies = try await reopened.snapshot(of: .inbox).messages.map(\.body)
        var killed = KilledStore(harness.directory)
        let deadline = ContinuousClock.now + .seconds(60)
        while killed.files["accounts/newest-00"] == nil, .now < deadline {
            try await Task.sleep(for: .milliseconds(10))
            killed = KilledStore(harness.directory)
        }
        await harness.close()
        #expect(killed.files.keys.contains { $0.contains("heads.") } && killed.files["accounts/newest-00"] != nil)
        let whole = try #require(killed.files[KilledStore.segment])
        for isTold in [true, false] {
            var damaged = killed
            damaged.files[KilledStore.segment] = Array(whole[..<Int(bodies[100].offset)])
            // What it tells is what makes the difference.
            if !isTold { damaged.files["accounts/newest-00"] = nil }
            damaged.restore(to: harness.directory)
            try await harness.open()
            let status = try await harness.account(1).status(of: .inbox)
            #expect((status.uidNext >= known.uidNext) == isTold)
            if isTold { #expect(try await harness.account(1).uids().count >= 256) }
            await harness.close()
        }
    }
}
