// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

import Journal
import JournalStore
import MailStore
import MailTypes
import Testing

extension StoreHarness {
    /// The store, when it is one in a folder.
    var journalStore: JournalStore {
        guard let store = store as? JournalStore else { fatalError("not a store in a folder") }
        return store
    }
}

@Suite("The embedded engine: check")
struct CheckTests {
    private func filled() async throws -> StoreHarness {
        let harness = try await StoreHarness(.journal)
        for number in 1...3 as ClosedRange<UInt64> {
            let account = try await harness.account(number)
            for index in 0..<6 { try await account.put(pattern(300, seed: UInt8(number) * 16 + UInt8(index))) }
            let inbox = try await account.status(of: .inbox).id
            _ = try await account.transfer(
                UIDSet([1...3]),
                from: inbox,
                to: name("Archive"),
                removingSource: number == 1
            )
        }
        return harness
    }

    @Test("A whole store has no findings, while mail comes in")
    func clean() async throws {
        let harness = try await filled()
        let account = try await harness.account(1)
        async let delivered: Void = { for _ in 0..<20 { try await account.put(pattern(500)) } }()
        let report = try await harness.journalStore.check()
        try await delivered
        #expect(report.isClean, "\(report.findings)")
        #expect(report.accounts == 3 && report.messages >= 24 && report.records >= 24 && report.octets > 6000)
        let statistics = try await harness.journalStore.statistics(countingLive: true)
        #expect(statistics.accounts == 3 && statistics.octets >= report.octets)
        let live = try #require(statistics.liveOctets)
        #expect(live > 18 * 300 && live < statistics.octets)
        await harness.close()
    }

    @Test("Every message that a flipped bit has hit is found, with its mailbox and UID")
    func flips() async throws {
        let harness = try await filled()
        await harness.close()
        let state = KilledStore(harness.directory)
        for _ in 0..<40 {
            var damaged = state
            let size = try #require(damaged.files[KilledStore.segment]?.count)
            for _ in 0..<3 {
                // Two bits, side by side: no single one that could be corrected.
                let place = Int.random(in: 0..<(size - 1))
                damaged.files[KilledStore.segment]?[place] ^= 0x81
                damaged.files[KilledStore.segment]?[place + 1] ^= 0x18
            }
            damaged.restore(to: harness.directory)
            try await harness.open()
            let report = try await harness.journalStore.check()
            #expect(!report.isClean)
            for number in 1...3 as ClosedRange<UInt64> {
                let account = try await harness.account(number)
                var hit: Set<String> = []
                for mailbox in try await account.mailboxes() where mailbox.id != nil {
                    for entry in try await account.snapshot(of: mailbox.name).messages {
                        let octets = try await account.read(entry, 0..<entry.size)
                        if !octets.damaged.isEmpty { hit.insert("\(mailbox.name) \(entry.uid)") }
                    }
                }
                let found = report.findings.filter { $0.account == AccountID(number) && $0.kind == .message }
                let named = found.compactMap { finding in finding.mailbox.map { "\($0) \(finding.uid ?? UID(1))" } }
                #expect(Set(named) == hit)
            }
            await harness.close()
        }
    }

    @Test("Damaged snapshots, checkpoints and FORMAT are found")
    func derived() async throws {
        let harness = try await filled()
        for index in 0..<20 { try await harness.account(2).put(pattern(40, seed: UInt8(index))) }
        await harness.close()
        let state = KilledStore(harness.directory)
        let snapshot = try #require(state.files.keys.first { $0.hasSuffix(".snap") })
        let checkpoint = try #require(state.files.keys.first { $0.contains("heads.") })
        for (path, kind) in [(snapshot, CheckFinding.Kind.snapshot), (checkpoint, .checkpoint)] {
            var damaged = state
            damaged.files[path]?[20] ^= 1
            damaged.restore(to: harness.directory)
            try await harness.open()
            let report = try await harness.journalStore.check()
            #expect(report.findings.map(\.kind) == [kind] && report.findings.map(\.file) == [path])
            await harness.close()
        }
        state.restore(to: harness.directory)
        try await harness.open()
        WholeFile.replace("\(harness.directory)/FORMAT", with: [1, 2, 3])
        #expect(try await harness.journalStore.check().findings.map(\.kind) == [.format])
        await harness.close()
    }

    @Test("It ends when its task is cancelled")
    func cancelled() async throws {
        let harness = try await filled()
        let store = harness.journalStore
        let task = Task { try await store.check() }
        task.cancel()
        await #expect(throws: CancellationError.self) { _ = try await task.value }
        await harness.close()
    }
}
