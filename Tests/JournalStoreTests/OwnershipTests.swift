// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

import Events
import Journal
import JournalStore
import MailStore
import MailTypes
import Settings
import Testing

@Suite("The embedded engine: one owner")
struct OwnershipTests {
    @Test("A second process is told that the store is in use")
    func lock() async throws {
        let harness = try await StoreHarness(.journal)
        await expectCode(.busy) {
            _ = try await JournalStore.open(
                harness.directory,
                loops: [harness.loop],
                settings: harness.settings,
                events: .none,
                summarize: summarize
            )
        }
        await harness.close()
    }

    @Test("Every start has a greater epoch")
    func epochs() async throws {
        let harness = try await StoreHarness(.journal)
        var last: UInt64 = 0
        for _ in 0..<3 {
            let epoch = try #require(harness.store as? JournalStore).leases.epoch
            #expect(epoch > last)
            last = epoch
            try await harness.reopen()
        }
        await harness.close()
    }

    @Test("A wait for an account that is held ends at the deadline, or when it is let go")
    func leases() async throws {
        let harness = try await StoreHarness(.journal)
        let leases = try #require(harness.store as? JournalStore).leases
        leases.hold(AccountID(5))
        let start = ContinuousClock.now
        await expectCode(.busy) {
            _ = try await harness.store.account(AccountID(5), deadline: start + .milliseconds(300))
        }
        #expect(start.duration(to: .now) >= .milliseconds(300))
        await expectCode(.busy) { _ = try await harness.store.account(AccountID(5), deadline: .now) }
        async let waiting = harness.store.account(AccountID(5), deadline: .now + .seconds(20))
        leases.letGo(AccountID(5))
        #expect(try await waiting.id == AccountID(5))
        await harness.close()
    }

    @Test("A writer with an old fence is refused by the log", arguments: [0, 1])
    func fences(older: UInt64) async throws {
        let log = MemoryLog()
        for epoch in [5, 5 - older, 6] {
            let outcome = await withCheckedContinuation { continuation in
                log.submit([LogAppend(.accountRemoved)], fence: Fence(account: AccountID(1), epoch: epoch)) {
                    continuation.resume(returning: $0)
                }
            }
            switch outcome {
            case .success: #expect(epoch >= 5)
            case .failure(let error): #expect(epoch < 5 && error.code == .unavailable)
            }
        }
    }

    @Test("Accounts that nobody uses are closed; those in use stay the only owner", arguments: Engine.allCases)
    func eviction(engine: Engine) async throws {
        let harness = try await StoreHarness(engine)
        harness.settings.replace(with: SettingsSnapshot(texts: ["store/open-accounts": "10"]))
        let held = try await harness.account(1)
        for round in 0..<3 {
            for number in 1...40 as ClosedRange<UInt64> {
                let account = try await harness.account(number)
                #expect(try await account.put([1, 2, 3]).uid == UID(UInt32(round + 1)))
            }
            #expect(try await harness.account(1) === held)
        }
        #expect(try await held.uids() == [1, 2, 3])
        await harness.close()
    }

    @Test("A message too large for the store is refused while it comes in", arguments: Engine.allCases)
    func tooLarge(engine: Engine) async throws {
        let harness = try await StoreHarness(engine)
        harness.settings.replace(with: SettingsSnapshot(texts: ["store/maximum-message-size": "64KiB"]))
        await expectCode(.limit) { _ = try await harness.staged(pattern(65_537)) }
        #expect(try await harness.staged(pattern(65_536)).size == 65_536)
        await harness.close()
    }
}
