// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

import Locking
import MailStore
import MailTypes
import Testing

/// A log of each engine, at the narrow contract.
private func withLog(
    _ engine: Engine,
    _ body: (any AccountLog, UInt64) async throws -> Void
) async throws {
    switch engine {
    case .memory: try await body(MemoryLog(), 1)
    case .journal:
        let harness = try await StoreHarness(.journal)
        let (log, epoch) = try #require(harness.journalLog)
        try await body(log, epoch)
        await harness.close()
    }
}

extension AccountLog {
    /// Appends, and waits for the outcome.
    fileprivate func append(_ appends: [LogAppend], _ fence: Fence) async throws(MailStoreError) -> [LogPlace] {
        let outcome = await withCheckedContinuation { continuation in
            submit(appends, fence: fence) { continuation.resume(returning: $0) }
        }
        return try outcome.get()
    }

    fileprivate func records(of account: AccountID, after position: LogPosition? = nil) throws -> [LogRecord] {
        var found: [LogRecord] = []
        try replay(account, after: position) { item in
            if case .record(let record, _) = item { found.append(record) }
        }
        return found
    }
}

private func message(_ uid: UInt32, _ octets: [UInt8]) -> LogAppend {
    let staged = StagedOctets(octets)
    let record = MessageRecord(
        delivery: nil,
        mailbox: MailboxID(1),
        uid: UID(uid),
        modSeq: ModSeq(UInt64(uid)),
        flags: .none,
        internalDate: someDate,
        savedSeconds: 0,
        size: staged.size,
        sha256: staged.sha256,
        structure: [7]
    )
    return LogAppend(.message(record), message: staged)
}

@Suite("Every engine: the narrow contracts")
struct LogConformanceTests {
    @Test("Records come back in the order of their account, from any position on", arguments: Engine.allCases)
    func order(engine: Engine) async throws {
        try await withLog(engine) { log, epoch in
            var places: [LogPlace] = []
            for uid in 1...20 as ClosedRange<UInt32> {
                for account in [3, 4] as [UInt64] {
                    let fence = Fence(account: AccountID(account), epoch: epoch)
                    let made = try await log.append([message(uid, pattern(Int(uid) * 10))], fence)
                    if account == 3 { places += made }
                }
            }
            let all = try log.records(of: AccountID(3))
            #expect(all.count == 20 && places.count == 20)
            #expect(zip(places, places.dropFirst()).allSatisfy { $0.position < $1.position })
            for (index, place) in places.enumerated() {
                let rest = try log.records(of: AccountID(3), after: place.position)
                #expect(rest == Array(all[(index + 1)...]))
            }
            #expect(try log.records(of: AccountID(5)).isEmpty)
        }
    }

    @Test("Many submitted at once complete in the order of the calls, each whole", arguments: Engine.allCases)
    func submitting(engine: Engine) async throws {
        try await withLog(engine) { log, epoch in
            let fence = Fence(account: AccountID(3), epoch: epoch)
            let completed = Lock<[Int]>([])
            await withTaskGroup(of: Void.self) { group in
                for index in 0..<50 {
                    let stream = AsyncStream<Void>.makeStream()
                    let appends = [message(UInt32(index * 2 + 1), [1]), message(UInt32(index * 2 + 2), [2])]
                    log.submit(appends, fence: fence) { outcome in
                        if case .success(let places) = outcome, places.count == 2 {
                            completed.withLock { $0.append(index) }
                        }
                        stream.continuation.finish()
                    }
                    group.addTask { for await _ in stream.stream {} }
                }
                await group.waitForAll()
            }
            #expect(completed.withLock { $0 } == Array(0..<50))
            let uids = try log.records(of: AccountID(3)).map { record -> UInt32 in
                guard case .message(let message) = record else { return 0 }
                return message.uid.rawValue
            }
            #expect(uids == Array(1...100))
        }
    }

    @Test("Octets and the record of a message are read by its body, in any range", arguments: Engine.allCases)
    func reading(engine: Engine) async throws {
        try await withLog(engine) { log, epoch in
            let octets = pattern(200_000)
            let fence = Fence(account: AccountID(3), epoch: epoch)
            let place = try #require(try await log.append([message(1, octets)], fence).first)
            for range in [0..<200_000, 0..<0, 65_535..<65_537, 199_999..<200_000, 131_072..<200_000] as [Range<UInt64>]
            {
                let read = try await log.read(place.body, of: AccountID(3), size: 200_000, range: range)
                #expect(read.bytes == Array(octets[Int(range.lowerBound)..<Int(range.upperBound)]))
                #expect(read.damaged.isEmpty)
            }
            let record = try await log.messageRecord(at: place.body, of: AccountID(3))
            #expect(record?.structure == [7] && record?.uid == UID(1))
        }
    }

    @Test("An owner of an older epoch changes nothing", arguments: Engine.allCases)
    func fencing(engine: Engine) async throws {
        try await withLog(engine) { log, epoch in
            let fence = Fence(account: AccountID(3), epoch: epoch)
            _ = try await log.append([message(1, [1])], fence)
            let old = Fence(account: AccountID(3), epoch: epoch - 1)
            await expectCode(.unavailable) { _ = try await log.append([message(2, [2])], old) }
            #expect(try log.records(of: AccountID(3)).count == 1)
        }
    }

    @Test("A snapshot is kept until it is forgotten, and belongs to its account", arguments: Engine.allCases)
    func snapshots(engine: Engine) async throws {
        try await withLog(engine) { log, epoch in
            let fence = Fence(account: AccountID(3), epoch: epoch)
            let place = try #require(try await log.append([message(1, [1])], fence).first)
            #expect(log.snapshot(of: AccountID(3)) == nil)
            log.putSnapshot(LogSnapshot(position: place.position, bytes: [1, 2, 3]), fence: fence)
            #expect(log.snapshot(of: AccountID(3))?.bytes == [1, 2, 3])
            #expect(log.snapshot(of: AccountID(3))?.position == place.position)
            #expect(log.snapshot(of: AccountID(4)) == nil)
            log.forget(AccountID(3))
            #expect(log.snapshot(of: AccountID(3)) == nil)
        }
    }

    @Test("Leases are granted with one epoch, and one that is held elsewhere is waited for, then busy")
    func leases() async throws {
        let leases: any LeaseService = EmbeddedLeases(epoch: 9)
        for account in [1, 2, 1] as [UInt64] {
            let fence = try await leases.acquire(AccountID(account), deadline: .now)
            #expect(fence == Fence(account: AccountID(account), epoch: 9))
            leases.release(fence)
        }
        let held = EmbeddedLeases(epoch: 9)
        held.hold(AccountID(1))
        let begun = ContinuousClock.now
        await expectCode(.busy) { _ = try await held.acquire(AccountID(1), deadline: begun + .milliseconds(200)) }
        #expect(begun.duration(to: .now) >= .milliseconds(200))
        #expect(try await held.acquire(AccountID(2), deadline: .now).account == AccountID(2))
    }

    @Test("The change feed tells the subscribers of the account until their watch ends, and none else")
    func feed() async throws {
        let feed = EmbeddedFeed()
        let told = Lock<[UInt64]>([])
        var watch: MailboxWatch? = feed.subscribe(AccountID(1)) { modSeq in
            told.withLock { $0.append(modSeq.rawValue) }
        }
        let other = feed.subscribe(AccountID(2)) { _ in told.withLock { $0.append(0) } }
        feed.publish(AccountID(1), ModSeq(5))
        feed.publish(AccountID(3), ModSeq(6))
        feed.publish(AccountID(1), ModSeq(7))
        #expect(told.withLock { $0 } == [5, 7])
        #expect(feed.accounts == 2)
        withExtendedLifetime(watch) {}
        watch = nil
        feed.publish(AccountID(1), ModSeq(8))
        #expect(told.withLock { $0 } == [5, 7])
        #expect(feed.accounts == 1)
        withExtendedLifetime(other) {}
    }

    @Test("A store publishes every change once it is durable", arguments: Engine.allCases)
    func publishing(engine: Engine) async throws {
        let harness = try await StoreHarness(engine)
        let account = try await harness.account()
        let told = Lock<[ModSeq]>([])
        let watch = harness.feed.subscribe(AccountID(7)) { modSeq in told.withLock { $0.append(modSeq) } }
        for _ in 0..<5 { try await account.put([1]) }
        let seen = told.withLock { $0 }
        #expect(seen == seen.sorted() && Set(seen).count == 5)
        #expect(seen.last == (try await account.status(of: .inbox).highestModSeq))
        withExtendedLifetime(watch) {}
        await harness.close()
    }
}
