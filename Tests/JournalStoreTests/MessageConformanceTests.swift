// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

import Locking
import MailStore
import MailTypes
import Runtime
import Testing

@Suite("Every engine: messages")
struct MessageConformanceTests {
    @Test("Messages are stored together, and take the place of another: all or none", arguments: Engine.allCases)
    func together(engine: Engine) async throws {
        let harness = try await StoreHarness(engine)
        let account = try await harness.account()
        let first = try await account.put([1])
        let inbox = try await account.status(of: .inbox).id
        func message(_ octets: [UInt8]) -> NewMessage {
            NewMessage(StagedOctets(octets), flags: FlagSet(system: .seen), internalDate: MailDate(secondsSince1970: 7))
        }
        let many = try await account.append([message([2]), message([3]), message([4])], to: .inbox, replacing: nil)
        #expect(many.uids == UIDSet([2...4]))
        let before = try await account.status(of: .inbox).highestModSeq
        let next = try await account.append([message([5])], to: .inbox, replacing: (inbox, first.uid))
        #expect(next.uids == UIDSet([5...5]))
        let changes = try await account.changes(in: inbox, since: before)
        #expect(changes.vanished == UIDSet([1...1]) && changes.changed.map(\.uid.rawValue) == [5])
        await #expect(throws: MailStoreError.self) {
            try await account.append([message([6])], to: .inbox, replacing: (inbox, first.uid))
        }
        let snapshot = try await account.snapshot(of: .inbox)
        #expect(snapshot.messages.map(\.uid.rawValue) == [2, 3, 4, 5])
        for (entry, octet) in zip(snapshot.messages, [2, 3, 4, 5] as [UInt8]) {
            #expect(try await account.read(entry, 0..<1).bytes == [octet])
        }
        await harness.close()
    }

    @Test(
        "A message comes back octet for octet with its dates, flags and structure, also after a reopening",
        arguments: Engine.allCases,
        [1, 70_000, 200_000, 1_500_000]
    )
    func roundTrip(engine: Engine, size: Int) async throws {
        let harness = try await StoreHarness(engine)
        let octets = pattern(size)
        let flags = FlagSet(system: [.seen, .flagged], keywords: [keyword("$Work"), keyword("Later")])
        let first = try await harness.account().append(
            try await harness.staged(octets),
            to: .inbox,
            flags: flags,
            internalDate: someDate,
            delivery: nil
        )
        #expect(first.uid == UID(1) && !first.wasDuplicate)
        for _ in 0..<2 {
            let account = try await harness.account()
            let snapshot = try await account.snapshot(of: .inbox)
            #expect(snapshot.status.uidValidity == first.uidValidity)
            #expect(snapshot.status.uidNext == UID(2))
            let entry = try #require(snapshot.messages.first)
            #expect(entry.size == UInt64(size))
            #expect(entry.internalDate == someDate)
            #expect(entry.flags(keywords: snapshot.keywords) == flags)
            #expect(try await account.whole(entry) == octets)
            #expect(try await account.cachedStructure(of: entry) == [octets[0], octets[size - 1]])
            let part = try await account.read(entry, UInt64(size / 3)..<UInt64.max)
            #expect(part.bytes == Array(octets[(size / 3)...]) && part.damaged.isEmpty)
            try await harness.reopen()
        }
        await harness.close()
    }

    @Test("Counts follow every change", arguments: Engine.allCases)
    func counts(engine: Engine) async throws {
        let harness = try await StoreHarness(engine)
        let account = try await harness.account()
        for index in 0..<6 { try await account.put(pattern(100 + index)) }
        let inbox = try await account.status(of: .inbox)
        #expect(inbox.messages == 6 && inbox.unseen == 6 && inbox.size == 615)
        _ = try await account.changeFlags(
            FlagChange(.add, FlagSet(system: [.seen, .deleted])),
            of: UIDSet([2...3]),
            in: inbox.id,
            unchangedSince: nil
        )
        let after = try await account.status(of: .inbox)
        #expect(after.unseen == 4 && after.deleted == 2 && after.highestModSeq > inbox.highestModSeq)
        let gone = try await account.expunge(nil, in: inbox.id, onlyDeleted: true)
        #expect(gone.vanished == UIDSet([2...3]))
        let rest = try await account.status(of: .inbox)
        #expect(rest.messages == 4 && rest.deleted == 0 && rest.size == 615 - 203)
        #expect(try await account.uids() == [1, 4, 5, 6])
        await harness.close()
    }

    @Test("UIDs are never used again, whatever is expunged or closed", arguments: Engine.allCases)
    func uidsAscend(engine: Engine) async throws {
        let harness = try await StoreHarness(engine)
        var seen: Set<UInt32> = []
        for round in 0..<4 {
            let account = try await harness.account()
            for _ in 0..<3 {
                let outcome = try await account.put([1, 2, 3])
                #expect(seen.insert(outcome.uid.rawValue).inserted)
            }
            let id = try await account.status(of: .inbox).id
            _ = try await account.expunge(round % 2 == 0 ? nil : UIDSet([1...100]), in: id, onlyDeleted: false)
            #expect(try await account.uids().isEmpty)
            try await harness.reopen()
        }
        #expect(seen == Set(1...12))
        await harness.close()
    }

    @Test("Flags are replaced, added, removed; the conditional form leaves what is newer", arguments: Engine.allCases)
    func flagModes(engine: Engine) async throws {
        let harness = try await StoreHarness(engine)
        let account = try await harness.account()
        for _ in 0..<3 { try await account.put([1], flags: FlagSet(system: .seen, keywords: [keyword("a")])) }
        let id = try await account.status(of: .inbox).id
        let all = UIDSet([1...9])
        let added = try await account.changeFlags(
            FlagChange(.add, FlagSet(system: .flagged, keywords: [keyword("A"), keyword("b")])),
            of: all,
            in: id,
            unchangedSince: nil
        )
        #expect(added.messages.count == 3)
        let expected = FlagSet(system: [.seen, .flagged], keywords: [keyword("a"), keyword("b")])
        #expect(added.messages.allSatisfy { $0.flags(keywords: added.keywords) == expected })
        #expect(added.keywords.count == 2)

        let mark = try await account.status(of: .inbox).highestModSeq
        let removed = try await account.changeFlags(
            FlagChange(.remove, FlagSet(system: .seen, keywords: [keyword("B")])),
            of: UIDSet([2...2]),
            in: id,
            unchangedSince: mark
        )
        #expect(removed.modified.isEmpty)
        #expect(
            removed.messages[0].flags(keywords: removed.keywords) == FlagSet(system: .flagged, keywords: [keyword("a")])
        )

        let conditional = try await account.changeFlags(
            FlagChange(.replace, FlagSet(system: .draft)),
            of: all,
            in: id,
            unchangedSince: mark
        )
        #expect(conditional.modified == UIDSet([2...2]))
        #expect(conditional.messages.map(\.uid.rawValue) == [1, 3])
        #expect(conditional.messages.allSatisfy { $0.flags(keywords: conditional.keywords) == FlagSet(system: .draft) })

        // With 0, whoever comes first has the keyword (RFC 7162 §3.1.3); other flags are always there to be changed.
        for (change, refused) in [
            (FlagChange(.add, FlagSet(keywords: [keyword("mine")])), UIDSet()),
            (FlagChange(.add, FlagSet(keywords: [keyword("MINE")])), UIDSet([1...3])),
            (FlagChange(.add, FlagSet(system: .seen)), UIDSet([1...3])),
        ] {
            let outcome = try await account.changeFlags(change, of: all, in: id, unchangedSince: .zero)
            #expect(outcome.modified == refused)
        }
        await harness.close()
    }

    @Test("A replacement leaves what it keeps, under one mod-sequence, also when reopened", arguments: Engine.allCases)
    func partialReplacement(engine: Engine) async throws {
        let harness = try await StoreHarness(engine)
        var account = try await harness.account()
        for flags in [[.seen, .flagged], .deleted] as [SystemFlags] {
            try await account.put([1], flags: FlagSet(system: flags, keywords: [keyword("a")]))
        }
        let before = try await account.status(of: .inbox)
        let outcome = try await account.changeFlags(
            FlagChange(
                .replace,
                FlagSet(system: .deleted),
                keeping: KeptFlags(system: [.flagged, .answered, .draft], keywords: true)
            ),
            of: UIDSet([1...2]),
            in: before.id,
            unchangedSince: before.highestModSeq
        )
        let after = try await account.status(of: .inbox)
        #expect(after.highestModSeq == ModSeq(before.highestModSeq.rawValue + 1))
        #expect(outcome.messages.allSatisfy { $0.modSeq == after.highestModSeq })
        #expect(outcome.messages.count == 2 && outcome.modified.isEmpty)
        try await harness.reopen()
        account = try await harness.account()
        let snapshot = try await account.snapshot(of: .inbox)
        #expect(
            snapshot.messages.map { $0.flags(keywords: snapshot.keywords) } == [
                FlagSet(system: [.flagged, .deleted], keywords: [keyword("a")]),
                FlagSet(system: .deleted, keywords: [keyword("a")]),
            ]
        )
        #expect(snapshot.status.unseen == 2 && snapshot.status.deleted == 2)
        await harness.close()
    }

    @Test("A mailbox has room for 120 keywords", arguments: Engine.allCases)
    func keywordLimit(engine: Engine) async throws {
        let harness = try await StoreHarness(engine)
        let account = try await harness.account()
        try await account.put([1])
        let id = try await account.status(of: .inbox).id
        let many = FlagSet(keywords: Set((0..<120).map { keyword("k\($0)") }))
        let one = UIDSet([1...1])
        let outcome = try await account.changeFlags(FlagChange(.add, many), of: one, in: id, unchangedSince: nil)
        #expect(outcome.messages[0].flags(keywords: outcome.keywords) == many)
        await expectCode(.limit) {
            let over = FlagChange(.add, FlagSet(keywords: [keyword("over")]))
            _ = try await account.changeFlags(over, of: one, in: id, unchangedSince: nil)
        }
        let none = FlagChange(.remove, FlagSet(keywords: Set((0..<500).map { keyword("none\($0)") })))
        let after = try await account.changeFlags(none, of: one, in: id, unchangedSince: nil)
        #expect(after.keywords.count == 120 && after.messages[0].flags(keywords: after.keywords) == many)
        await harness.close()
    }

    @Test(
        "Copies share the octets and have UIDs of their own; a move takes the source away",
        arguments: Engine.allCases
    )
    func transfers(engine: Engine) async throws {
        let harness = try await StoreHarness(engine)
        let account = try await harness.account()
        for index in 0..<5 {
            try await account.put(pattern(50 + index), flags: FlagSet(system: .seen, keywords: [keyword("k\(index)")]))
        }
        let inbox = try await account.status(of: .inbox)
        let copied = try await account.transfer(
            UIDSet([2...3, 9...9]),
            from: inbox.id,
            to: name("Archive"),
            removingSource: false
        )
        #expect(copied.pairs.map(\.source.rawValue) == [2, 3] && copied.pairs.map(\.target.rawValue) == [1, 2])
        let moved = try await account.transfer(
            UIDSet([4...5]),
            from: inbox.id,
            to: name("Archive"),
            removingSource: true
        )
        #expect(moved.pairs.map(\.target.rawValue) == [3, 4])
        #expect(moved.targetUIDValidity == copied.targetUIDValidity)
        for _ in 0..<2 {
            let account = try await harness.account()
            #expect(try await account.uids() == [1, 2, 3])
            let archive = try await account.snapshot(of: name("Archive"))
            #expect(archive.messages.map(\.uid.rawValue) == [1, 2, 3, 4])
            for (place, source) in [1, 2, 3, 4].enumerated() {
                let entry = archive.messages[place]
                #expect(try await account.whole(entry) == pattern(50 + source))
                let flags = FlagSet(system: .seen, keywords: [keyword("k\(source)")])
                #expect(entry.flags(keywords: archive.keywords) == flags)
                #expect(entry.internalDate == someDate)
            }
            try await harness.reopen()
        }
        let again = try await harness.account()
        await expectCode(.noSuchMailbox) {
            _ = try await again.transfer(UIDSet([1...1]), from: inbox.id, to: name("None"), removingSource: false)
        }
        let within = try await again.transfer(UIDSet([1...1]), from: inbox.id, to: .inbox, removingSource: true)
        #expect(within.pairs.map(\.target.rawValue) == [6])
        #expect(try await again.uids() == [2, 3, 6])
        await harness.close()
    }

    @Test("Changes since a moment: new, changed and vanished", arguments: Engine.allCases)
    func changes(engine: Engine) async throws {
        let harness = try await StoreHarness(engine)
        let account = try await harness.account()
        for _ in 0..<4 { try await account.put([1]) }
        let before = try await account.status(of: .inbox)
        try await account.put([2])
        let appended = try await account.changes(in: before.id, since: before.highestModSeq)
        #expect(appended.changed.map(\.uid.rawValue) == [5] && appended.vanished.isEmpty)
        _ = try await account.changeFlags(
            FlagChange(.add, FlagSet(system: .seen)),
            of: UIDSet([2...2]),
            in: before.id,
            unchangedSince: nil
        )
        _ = try await account.expunge(UIDSet([1...1, 3...3]), in: before.id, onlyDeleted: false)
        try await harness.reopen()
        let again = try await harness.account()
        let changes = try await again.changes(in: before.id, since: before.highestModSeq)
        #expect(changes.changed.map(\.uid.rawValue) == [2, 5])
        #expect(changes.vanished == UIDSet([1...1, 3...3]))
        let none = try await again.changes(in: before.id, since: changes.status.highestModSeq)
        #expect(none.changed.isEmpty && none.vanished.isEmpty)
        await harness.close()
    }

    @Test("A delivery that was stored before is answered with its first outcome", arguments: Engine.allCases)
    func duplicates(engine: Engine) async throws {
        let harness = try await StoreHarness(engine)
        let delivery = DeliveryID.random()
        let first = try await harness.account().put([1], delivery: delivery)
        for _ in 0..<2 {
            let again = try await harness.account().put([1], delivery: delivery)
            #expect(again.wasDuplicate && again.uid == first.uid && again.uidValidity == first.uidValidity)
            try await harness.reopen()
        }
        #expect(try await harness.account().uids() == [1])
        await harness.close()
    }

    @Test("The same delivery from many tasks at once is stored once", arguments: Engine.allCases)
    func concurrentDuplicates(engine: Engine) async throws {
        let harness = try await StoreHarness(engine)
        let account = try await harness.account()
        let delivery = DeliveryID.random()
        let outcomes = try await withThrowingTaskGroup(of: AppendOutcome.self) { group in
            for _ in 0..<20 { group.addTask { try await account.put([1], delivery: delivery) } }
            return try await group.reduce(into: []) { $0.append($1) }
        }
        #expect(outcomes.filter { !$0.wasDuplicate }.count == 1)
        #expect(Set(outcomes.map(\.uid)) == [UID(1)])
        #expect(try await account.uids() == [1])
        await harness.close()
    }

    @Test("Deliveries, flag changes, moves and expunges of many tasks all succeed", arguments: Engine.allCases)
    func contention(engine: Engine) async throws {
        let harness = try await StoreHarness(engine)
        let account = try await harness.account()
        let id = try await account.status(of: .inbox).id
        try await withThrowingTaskGroup(of: Void.self) { group in
            for task in 0..<8 {
                group.addTask(executorPreference: task % 2 == 0 ? harness.loop : nil) {
                    for index in 0..<20 {
                        let outcome = try await account.put(pattern(200, seed: UInt8(task)))
                        let mine = UIDSet(ascending: [outcome.uid])
                        switch index % 4 {
                        case 0:
                            _ = try await account.changeFlags(
                                FlagChange(.add, FlagSet(system: .seen)),
                                of: mine,
                                in: id,
                                unchangedSince: nil
                            )
                        case 1: _ = try await account.expunge(mine, in: id, onlyDeleted: false)
                        case 2: _ = try await account.transfer(mine, from: id, to: name("Trash"), removingSource: true)
                        default: break
                        }
                    }
                }
            }
            try await group.waitForAll()
        }
        for _ in 0..<2 {
            let account = try await harness.account()
            let inbox = try await account.snapshot(of: .inbox)
            #expect(inbox.messages.count == 80)
            #expect(inbox.status.unseen == 40)
            #expect(zip(inbox.messages, inbox.messages.dropFirst()).allSatisfy { $0.uid < $1.uid })
            #expect(try await account.status(of: name("Trash")).messages == 40)
            try await harness.reopen()
        }
        await harness.close()
    }

    @Test("Watchers are told, after the change can be seen", arguments: Engine.allCases)
    func watchers(engine: Engine) async throws {
        let harness = try await StoreHarness(engine)
        let account = try await harness.account()
        let inbox = try await account.status(of: .inbox).id
        let told = Lock((inbox: 0, any: 0))
        let watch = account.watch(inbox) { told.withLock { $0.inbox += 1 } }
        let all = account.watch(nil) { told.withLock { $0.any += 1 } }
        try await account.put([1])
        #expect(told.withLock { $0 } == (1, 1))
        try await account.put([1], in: name("Sent"))
        #expect(told.withLock { $0 } == (1, 2))
        try await account.setSubscribed(false, name("Sent"))
        #expect(told.withLock { $0 } == (1, 3))
        withExtendedLifetime((watch, all)) {}
        await harness.close()
    }
}

/// That `body` throws a store error with a code.
func expectCode(
    _ code: MailStoreError.Code,
    sourceLocation: SourceLocation = #_sourceLocation,
    _ body: () async throws -> Void
) async {
    do {
        try await body()
        Issue.record("nothing was thrown", sourceLocation: sourceLocation)
    } catch let error as MailStoreError {
        #expect(error.code == code, "\(error.detail)", sourceLocation: sourceLocation)
    } catch {
        Issue.record(error, sourceLocation: sourceLocation)
    }
}
