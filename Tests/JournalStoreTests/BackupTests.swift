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

@Suite("The embedded engine: backup, scrub and repair")
struct BackupTests {
    private func opened(_ directory: String, _ harness: StoreHarness) async throws -> JournalStore {
        try await JournalStore.open(
            directory,
            loops: [harness.loop],
            settings: harness.settings,
            events: .none,
            summarize: summarize
        )
    }

    @Test("A backup made under load and compaction restores to the identical mail")
    func roundTrip() async throws {
        let harness = try await StoreHarness.small()
        try await harness.fillSparsely()
        let before = try await harness.contents(1...3)
        let (backup, copy) = (harness.directory + "-backup", harness.directory + "-copy")
        defer {
            StoreHarness.remove(backup)
            StoreHarness.remove(copy)
        }
        async let compaction = harness.journalStore.compact(now: true)
        async let delivered: Void = { for _ in 0..<30 { try await harness.account(9).put(pattern(500)) } }()
        let report = try await harness.journalStore.backup(to: FolderSink(backup))
        _ = try await (compaction, delivered)
        #expect(report.files > 2 && report.octets > 3000)
        #expect(try await JournalStore.verify(backup: backup) == report)
        #expect(try await JournalStore.restore(backup, to: copy) == report)
        #expect(WholeFile.contents(copy + "/shard-00/removed")?.count == 4096)
        let restored = try await opened(copy, harness)
        for number in 1...3 as ClosedRange<UInt64> {
            let account = try await restored.account(AccountID(number), deadline: .now + .seconds(5))
            #expect(try await AccountContents(account) == before[number])
        }
        #expect(try await restored.check().isClean)
        await restored.close()
        // Never over something that is there.
        await expectCode(.forbidden) {
            try await Self.storeErrors { _ = try await JournalStore.restore(backup, to: copy) }
        }
        await harness.close()
    }

    private static func storeErrors(_ body: () async throws -> Void) async throws(MailStoreError) {
        do { try await body() } catch let error as MailStoreError { throw error } catch { Issue.record(error) }
    }

    @Test("A backup with one other octet in any file is refused, and leaves no store")
    func damagedBackup() async throws {
        let harness = try await StoreHarness.small()
        try await harness.fillSparsely(1...1)
        let (backup, copy) = (harness.directory + "-backup", harness.directory + "-copy")
        defer { StoreHarness.remove(backup) }
        _ = try await harness.journalStore.backup(to: FolderSink(backup))
        let state = KilledStore(backup)
        for path in state.files.keys.sorted() where state.files[path]?.isEmpty == false {
            var damaged = state
            damaged.files[path]?[(state.files[path]?.count ?? 0) / 2] ^= 1
            damaged.restore(to: backup)
            await expectCode(.damaged) {
                try await Self.storeErrors { _ = try await JournalStore.verify(backup: backup) }
            }
            guard !Self.inManifest.contains(path) else { continue }
            await expectCode(.damaged) {
                try await Self.storeErrors { _ = try await JournalStore.restore(backup, to: copy) }
            }
            #expect((try? Directories.entries(copy))?.isEmpty ?? true)
            #expect((try? Directories.entries(copy + ".restoring")) == nil)
        }
        await harness.close()
    }

    private static let inManifest = ["FORMAT", "shard-00/removed"]

    @Test("What the manifest has, too, is made again of it, damaged or missing")
    func renewed() async throws {
        let harness = try await StoreHarness.small()
        try await harness.fillSparsely(1...1)
        #expect(try await harness.journalStore.compact(now: true).segmentsRemoved > 0)
        let (backup, copy) = (harness.directory + "-backup", harness.directory + "-copy")
        defer { StoreHarness.remove(backup) }
        _ = try await harness.journalStore.backup(to: FolderSink(backup))
        let state = KilledStore(backup)
        for path in Self.inManifest {
            for octets in [nil, [], [1]] as [[UInt8]?] {
                var lacking = state
                lacking.files[path] = octets
                lacking.restore(to: backup)
                #expect(try await JournalStore.restore(backup, to: copy).renewed == [path])
                #expect(WholeFile.contents(copy + "/" + path) == state.files[path])
                StoreHarness.remove(copy)
            }
        }
        state.restore(to: backup)
        #expect(try await JournalStore.restore(backup, to: copy).renewed.isEmpty)
        StoreHarness.remove(copy)
        await harness.close()
    }

    @Test("A sink that fails ends a backup, and compaction may go on after it")
    func failingSink() async throws {
        let harness = try await StoreHarness.small()
        try await harness.fillSparsely()
        let failing = FolderSink("/proc/nothing/here")
        await #expect(throws: FolderSink.Failure.self) { _ = try await harness.journalStore.backup(to: failing) }
        #expect(try await harness.journalStore.compact(now: true).segmentsRemoved > 0)
        await harness.close()
    }

    @Test("A segment that somebody deleted ends a backup with a word of its own, before the file is begun")
    func deletedSegment() async throws {
        let harness = try await StoreHarness.small()
        try await harness.fillSparsely()
        let (backup, shard) = (harness.directory + "-backup", harness.directory + "/shard-00")
        defer { StoreHarness.remove(backup) }
        let segments = try Directories.entries(shard).filter { $0.hasSuffix(".log") }.sorted()
        try #require(segments.count > 2)
        unsafe unlink("\(shard)/\(segments[1])")
        let sink = FolderSink(backup)
        await expectCode(.unavailable) {
            try await Self.storeErrors { _ = try await harness.journalStore.backup(to: sink) }
        }
        #expect(sink.begun == ["shard-00/\(segments[0])"])
        await harness.close()
    }

    @Test("A manifest that names anything else than a store's files is refused")
    func manifestPaths() async throws {
        let harness = try await StoreHarness(.journal)
        let backup = harness.directory + "-backup"
        defer { StoreHarness.remove(backup) }
        _ = try await harness.journalStore.backup(to: FolderSink(backup))
        let text = String(decoding: WholeFile.contents(backup + "/MANIFEST") ?? [], as: UTF8.self)
        for path in [
            "../FORMAT", "/etc/passwd", "shard-00/../FORMAT", "shard-0x/segment-0000000001.log", "shard-00/heads.a",
            "removed",
        ] {
            let other = text.replacing(" FORMAT\n", with: " \(path)\n")
            WholeFile.replace(backup + "/MANIFEST", with: Array(other.utf8))
            await expectCode(.damaged) {
                try await Self.storeErrors { _ = try await JournalStore.verify(backup: backup) }
            }
        }
        await harness.close()
    }

    @Test("A scrub tells of damaged messages, once, and marks them")
    func scrub() async throws {
        let harness = try await StoreHarness.small()
        try await harness.fillSparsely()
        let clean = try await harness.journalStore.scrubNow()
        #expect(clean.messages == 0 && clean.others == 0 && clean.segments > 3 && clean.octets > 40_000)
        let entry = try #require(try await harness.account(2).snapshot(of: name("Archive")).messages.first)
        await harness.close()
        var state = KilledStore(harness.directory)
        let path = "shard-00/segment-000000000\(entry.body.segment).log"
        for octet in 300..<304 { state.files[path]?[Int(entry.body.offset) + Int(entry.body.preamble) + octet] ^= 0x55 }
        state.restore(to: harness.directory)
        try await harness.open()
        let found = try await harness.journalStore.scrubNow()
        #expect(found.messages == 2 && found.others == 0)
        #expect(harness.events.count(of: 12003) == 1 && harness.events.count(of: 9262) == 2)
        await harness.close()
    }

    @Test("Repair renews derived files, empties damaged segments and keeps everything that is whole")
    func repair() async throws {
        let harness = try await StoreHarness.small()
        try await harness.fillSparsely()
        let before = try await harness.contents(1...3)
        let entry = try #require(try await harness.account(2).snapshot(of: .inbox).messages.first)
        await harness.close()
        var state = KilledStore(harness.directory)
        let snapshot = try #require(state.files.keys.first { $0.hasSuffix(".snap") })
        state.files[snapshot]?[30] ^= 1
        // The record of another: an expunge or a flag in the last sealed segment, and a message.
        let path = "shard-00/segment-000000000\(entry.body.segment).log"
        for octet in 300..<304 { state.files[path]?[Int(entry.body.offset) + Int(entry.body.preamble) + octet] ^= 0x55 }
        state.restore(to: harness.directory)
        try await harness.open()
        let report = try await harness.journalStore.repair()
        #expect(report.filesRenewed == [snapshot] && report.segmentsEmptied == 1 && report.messagesMoved > 0)
        #expect(report.messagesDamaged == 2 && report.segmentsRemoved == 0)
        let left = try await harness.journalStore.check()
        #expect(left.findings.allSatisfy { $0.kind == .message } && left.findings.count == 2, "\(left.findings)")
        try await harness.reopenFromJournal()
        let after = try await harness.contents(1...3)
        for number in [1, 3] as [UInt64] { #expect(after[number] == before[number]) }
        #expect(after[2]?.mailboxes[.inbox]?.messages.map(\.uid) == before[2]?.mailboxes[.inbox]?.messages.map(\.uid))
        await harness.close()
    }

    @Test("By itself it does what the settings say, and ends with its task")
    func background() async throws {
        let harness = try await StoreHarness.small()
        harness.settings.replace(
            with: SettingsSnapshot(texts: ["store/scrub-interval": "1s", "store/upkeep-rate": "0"])
        )
        try await harness.fillSparsely(1...1)
        let store = harness.journalStore
        let task = Task { await store.runUpkeep(lookingEvery: .milliseconds(20)) }
        while harness.events.count(of: 9262) == 0 { try await Task.sleep(for: .milliseconds(10)) }
        task.cancel()
        await task.value
        #expect((WholeFile.contents(harness.directory + "/upkeep") ?? []).count > 20)
        await harness.close()
    }
}
