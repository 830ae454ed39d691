// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

import Glibc
import Journal
import JournalStore
import Locking
import MailStore
import MailTypes
import Settings
import Testing

@Suite("The embedded engine: compaction of old mail, and on a full disk")
struct CompactionReasonTests {
    /// Mail that compresses well, in sealed segments.
    private func text(_ number: Int) -> [UInt8] {
        Array("Subject: \(number)\r\n\r\n\(String(repeating: "line of mail, number \(number)\r\n", count: 200))".utf8)
    }

    private func setAge(_ seconds: Int, of harness: StoreHarness) {
        let folder = harness.directory + "/shard-00"
        for name in (try? Directories.entries(folder)) ?? [] where name.hasSuffix(".log") {
            var times = utimbuf(actime: 0, modtime: time(nil) - time_t(seconds))
            unsafe utime("\(folder)/\(name)", &times)
        }
    }

    @Test(
        "Mail is compressed when it has lain for store/compress-after, and not before; what stays incompressible is left"
    )
    func compressionByAge() async throws {
        let harness = try await StoreHarness.small(octets: 64 * 1024)
        harness.settings.replace(
            with: SettingsSnapshot(texts: ["store/compress-after": "7d", "store/compact-below": "50"])
        )
        for number in 0..<60 { try await harness.account(1).put(text(number)) }
        let before = try await harness.contents(1...1)
        setAge(6 * 86_400, of: harness)
        let young = try await harness.journalStore.compact(now: false)
        #expect(young.messagesMoved == 0 && young.segmentsRemoved == 0)
        setAge(8 * 86_400, of: harness)
        let old = try await harness.journalStore.compact(now: false)
        #expect(old.segmentsRemoved > 2 && old.messagesMoved > 20)
        #expect(old.octetsAfter < old.octetsBefore / 2, "\(old)")
        #expect(try await harness.contents(1...1) == before)
        // Compressed mail is not compressed again, however old.
        setAge(80 * 86_400, of: harness)
        #expect(try await harness.journalStore.compact(now: false).messagesMoved == 0)
        #expect(try await harness.journalStore.check().isClean)
        try await harness.reopenFromJournal()
        #expect(try await harness.contents(1...1) == before)
        await harness.close()
    }

    @Test("Mail that would not become smaller, and any where compression is off, stays as it was delivered")
    func noCompression() async throws {
        let harness = try await StoreHarness.small(octets: 64 * 1024)
        for number in 0..<60 { try await harness.account(1).put(pattern(4000, seed: UInt8(number))) }
        setAge(80 * 86_400, of: harness)
        #expect(try await harness.journalStore.compact(now: false).messagesMoved == 0)
        harness.settings.replace(with: SettingsSnapshot(texts: ["store/compress-after": "never"]))
        for number in 0..<60 { try await harness.account(1).put(text(number)) }
        setAge(80 * 86_400, of: harness)
        #expect(try await harness.journalStore.compact(now: false).messagesMoved == 0)
        await harness.close()
    }

    @Test("On a disk that takes no more mail, compaction makes room out of what is kept free")
    func reserve() async throws {
        let harness = try await StoreHarness.small()
        try await harness.fillSparsely()
        let before = try await harness.contents(1...3)
        await harness.close()
        // All there is, is kept free.
        harness.options.withLock { $0.reservedOctets = 1 << 60 }
        try await harness.open()
        let account = try await harness.account(1)
        await expectCode(.storageFull) { try await account.put(pattern(900)) }
        let report = try await harness.journalStore.compact(now: true)
        #expect(report.stopped == nil && report.segmentsRemoved > 2 && report.octetsAfter < report.octetsBefore)
        #expect(try await harness.contents(1...3) == before)
        await harness.close()
    }
}
