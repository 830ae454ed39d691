// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

import Locking
import MailStore
import MailTypes
import Testing

@Suite("Every engine: quota")
struct QuotaConformanceTests {
    @Test(
        "At every octet: what fits is stored, one octet more is not, and nothing else changes",
        arguments: Engine.allCases
    )
    func everyOctet(engine: Engine) async throws {
        let harness = try await StoreHarness(engine)
        let account = try await harness.account()
        for size in 1...20 {
            let octets = UInt64(size * (size + 1) / 2)
            harness.quota.withLock { $0 = QuotaLimits(octets: octets) }
            try await account.put(pattern(size))
            await expectCode(.overQuota) { try await account.put([1]) }
            let usage = try await account.quota().usage
            #expect(usage == QuotaUsage(octets: octets, messages: UInt64(size)))
        }
        #expect(try await account.uids().count == 20)
        await harness.close()
    }

    @Test("The number of messages is bounded, and copies count in each mailbox", arguments: Engine.allCases)
    func copies(engine: Engine) async throws {
        let harness = try await StoreHarness(engine)
        let account = try await harness.account()
        for _ in 0..<3 { try await account.put(pattern(100)) }
        harness.quota.withLock { $0 = QuotaLimits(octets: 600, messages: 5) }
        let inbox = try await account.status(of: .inbox).id
        await expectCode(.overQuota) {
            _ = try await account.transfer(UIDSet([1...3]), from: inbox, to: name("Sent"), removingSource: false)
        }
        #expect(try await account.status(of: name("Sent")).messages == 0)
        _ = try await account.transfer(UIDSet([1...2]), from: inbox, to: name("Sent"), removingSource: false)
        #expect(try await account.quota().usage == QuotaUsage(octets: 500, messages: 5))
        await expectCode(.overQuota) { try await account.put([1]) }
        try await harness.reopen()
        #expect(try await harness.account().quota().usage == QuotaUsage(octets: 500, messages: 5))
        await harness.close()
    }

    @Test("What moves or removes mail works however full the account is", arguments: Engine.allCases)
    func overfull(engine: Engine) async throws {
        let harness = try await StoreHarness(engine)
        let account = try await harness.account()
        for _ in 0..<5 { try await account.put(pattern(100), flags: FlagSet(system: .deleted)) }
        harness.quota.withLock { $0 = QuotaLimits(octets: 1, messages: 1) }
        let inbox = try await account.status(of: .inbox).id
        let moved = try await account.transfer(UIDSet([1...2]), from: inbox, to: name("Trash"), removingSource: true)
        #expect(moved.pairs.count == 2)
        try await account.rename(.inbox, to: name("Old"))
        _ = try await account.create(name("new"), specialUse: [])
        let old = try await account.status(of: name("Old")).id
        #expect(try await account.expunge(UIDSet([1...1]), in: old, onlyDeleted: true).vanished.count == 1)
        try await account.delete(name("Trash"))
        #expect(try await account.quota().usage == QuotaUsage(octets: 200, messages: 2))
        await harness.close()
    }

    @Test("A delivery that was stored is told so when the account is full by now", arguments: Engine.allCases)
    func repetition(engine: Engine) async throws {
        let harness = try await StoreHarness(engine)
        let account = try await harness.account()
        harness.quota.withLock { $0 = QuotaLimits(octets: 100) }
        let id = DeliveryID.random()
        let first = try await account.put(pattern(100), delivery: id)
        let again = try await account.put(pattern(100), delivery: id)
        #expect(again.wasDuplicate && again.uid == first.uid)
        await expectCode(.overQuota) { try await account.put(pattern(100), delivery: .random()) }
        await harness.close()
    }

    @Test("Deliveries at the same time do not add up to more than the quota", arguments: Engine.allCases)
    func atOnce(engine: Engine) async throws {
        let harness = try await StoreHarness(engine)
        let account = try await harness.account()
        harness.quota.withLock { $0 = QuotaLimits(octets: 1000, messages: 7) }
        let stored = await withTaskGroup(of: Bool.self) { group in
            for _ in 0..<40 { group.addTask { (try? await account.put(pattern(100))) != nil } }
            return await group.reduce(into: 0) { $0 += $1 ? 1 : 0 }
        }
        #expect(stored == 7)
        #expect(try await account.quota().usage == QuotaUsage(octets: 700, messages: 7))
        await harness.close()
    }

    @Test("An event comes once at 90 and once at 100 percent, and again after room was made")
    func warnings() async throws {
        let harness = try await StoreHarness(.memory)
        harness.quota.withLock { $0 = QuotaLimits(octets: 1000) }
        let account = try await harness.account()
        let inbox = try await account.status(of: .inbox).id
        for _ in 0..<8 { try await account.put(pattern(100), flags: FlagSet(system: .deleted)) }
        #expect(harness.events.count(of: 9270) == 0)
        try await account.put(pattern(100))
        try await account.put(pattern(50))
        #expect(harness.events.count(of: 9270) == 1 && harness.events.count(of: 9271) == 0)
        for _ in 0..<3 { await expectCode(.overQuota) { try await account.put(pattern(100)) } }
        try await account.put(pattern(50))
        #expect(harness.events.count(of: 9270) == 1 && harness.events.count(of: 9271) == 1)
        _ = try await account.expunge(nil, in: inbox, onlyDeleted: true)
        for _ in 0..<8 { try await account.put(pattern(100)) }
        #expect(harness.events.count(of: 9270) == 2 && harness.events.count(of: 9271) == 2)
        await harness.close()
    }

    @Test(
        "Usage in percent, at the edges",
        arguments: [
            (0, nil, 0), (5, nil, 0), (5, 0, 100), (89, 100, 89), (899, 1000, 89), (900, 1000, 90), (1000, 1000, 100),
            (UInt64.max / 2, UInt64.max, 50),
        ] as [(UInt64, UInt64?, UInt64)]
    )
    func percent(used: UInt64, limit: UInt64?, expected: UInt64) {
        #expect(QuotaUsage(octets: used).percent(of: QuotaLimits(octets: limit)) == expected)
        #expect(QuotaUsage(messages: used).percent(of: QuotaLimits(messages: limit)) == expected)
    }
}
