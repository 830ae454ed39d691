// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

import JournalStore
import MailStore
import MailTypes
import Settings
import Testing

extension StoreHarness {
    func quarantine(_ number: UInt64 = 7) async throws -> any MailQuarantine {
        let deadline = ContinuousClock.now + .seconds(5)
        if let journal = store as? JournalStore {
            return try await journal.quarantine(of: AccountID(number), deadline: deadline)
        }
        let logged = try #require(store as? LoggedMailStore)
        return try await logged.quarantine(of: AccountID(number), deadline: deadline)
    }

    func noteDamage(_ entry: MessageEntry) async {
        let account = AccountID(7)
        if let journal = store as? JournalStore { await journal.noteDamage(entry.body, of: account, lost: [0..<1]) }
        if let logged = store as? LoggedMailStore { await logged.noteDamage(entry.body, of: account, lost: [0..<1]) }
    }
}

@Suite("Every engine: damaged messages and the quarantine")
struct QuarantineConformanceTests {
    private func damaged(_ account: any MailAccount, _ mailbox: MailboxName = .inbox) async throws -> [UInt32] {
        let snapshot = try await account.snapshot(of: mailbox)
        return snapshot.messages.filter { $0.flags(keywords: snapshot.keywords).keywords.contains(.damaged) }
            .map(\.uid.rawValue)
    }

    @Test("Damage marks every copy of the message, once, and the mark stays", arguments: Engine.allCases)
    func mark(engine: Engine) async throws {
        let harness = try await StoreHarness(engine)
        var account = try await harness.account()
        for _ in 0..<3 { try await account.put(pattern(100)) }
        let inbox = try await account.status(of: .inbox).id
        _ = try await account.transfer(UIDSet([2...2]), from: inbox, to: name("Sent"), removingSource: false)
        let entry = try await account.snapshot(of: .inbox).messages[1]
        await harness.noteDamage(entry)
        let modSeq = try await account.status(of: .inbox).highestModSeq
        await harness.noteDamage(entry)
        #expect(harness.events.count(of: 12003) == 1)
        #expect(try await account.status(of: .inbox).highestModSeq == modSeq)
        try await harness.reopen()
        account = try await harness.account()
        #expect(try await damaged(account) == [2])
        #expect(try await damaged(account, name("Sent")) == [1])
        // Clients neither clear nor set it.
        for change in [
            FlagChange(.replace, .none), FlagChange(.remove, FlagSet(keywords: [.damaged])),
            FlagChange(.add, FlagSet(keywords: [.damaged])),
        ] {
            _ = try await account.changeFlags(change, of: UIDSet([1...3]), in: inbox, unchangedSince: nil)
            #expect(try await damaged(account) == [2])
        }
        try await account.put([1], flags: FlagSet(keywords: [.damaged]))
        #expect(try await damaged(account) == [2])
        await harness.close()
    }

    @Test("Reading a damaged message marks it; a table full of keywords has room for that", arguments: [true, false])
    func reading(refuses: Bool) async throws {
        let harness = try await StoreHarness(.memory)
        if refuses {
            harness.settings.replace(with: SettingsSnapshot(texts: ["store/corrupt-message-policy": "refuse"]))
        }
        let account = try await harness.account()
        let many = Set((0..<MailboxState.maximumKeywords).map { keyword("k\($0)") })
        for _ in 0..<2 { try await account.put(pattern(100), flags: FlagSet(keywords: many)) }
        let entry = try await account.snapshot(of: .inbox).messages[0]
        harness.memory.damage(entry.body, [10..<20])
        for _ in 0..<2 {
            if refuses {
                await expectCode(.damaged) { _ = try await account.whole(entry) }
            } else {
                let octets = try await account.read(entry, 0..<100)
                #expect(octets.damaged == [10..<20] && octets.bytes.count == 100)
            }
        }
        #expect(harness.events.count(of: 12003) == 1)
        #expect(try await damaged(account) == [1])
        let inbox = try await account.status(of: .inbox).id
        await expectCode(.limit) {
            let change = FlagChange(.add, FlagSet(keywords: [keyword("one-more")]))
            _ = try await account.changeFlags(change, of: UIDSet([2...2]), in: inbox, unchangedSince: nil)
        }
        await harness.close()
    }

    @Test("A disk that fails when damage is found does not keep the mark from being made later")
    func failing() async throws {
        let harness = try await StoreHarness(.memory)
        let account = try await harness.account()
        try await account.put(pattern(100))
        let entry = try await account.snapshot(of: .inbox).messages[0]
        harness.memory.damage(entry.body, [10..<20])
        harness.memory.fail(with: MailStoreError(.storageFull, "full"))
        #expect(try await account.read(entry, 0..<100).damaged == [10..<20])
        #expect(try await damaged(account).isEmpty)
        harness.memory.fail(with: nil)
        _ = try await account.read(entry, 0..<100)
        #expect(try await damaged(account) == [1])
        await harness.close()
    }

    @Test(
        "Deleting damaged messages moves them to quarantine, out of the quota, and nowhere else",
        arguments: Engine.allCases
    )
    func expunging(engine: Engine) async throws {
        let harness = try await StoreHarness(engine)
        var account = try await harness.account()
        for index in 0..<4 {
            try await account.put(pattern(100, seed: UInt8(index + 1)), flags: FlagSet(system: .deleted))
        }
        let entries = try await account.snapshot(of: .inbox).messages
        let inbox = try await account.status(of: .inbox).id
        for index in [1, 3] { await harness.noteDamage(entries[index]) }
        let outcome = try await account.expunge(UIDSet([1...2]), in: inbox, onlyDeleted: true)
        #expect(outcome.vanished.description == "1:2")
        let highest = try await account.status(of: .inbox).highestModSeq
        #expect(outcome.modSeq == highest)
        _ = try await account.transfer(UIDSet([4...4]), from: inbox, to: name("Trash"), removingSource: true)
        try await account.delete(name("Trash"))
        for _ in 0..<2 {
            #expect(try await account.uids() == [3])
            #expect(try await account.quota().usage == QuotaUsage(octets: 100, messages: 1))
            let quarantine = try await harness.quarantine()
            let kept = try await quarantine.quarantined()
            #expect(kept.map(\.mailboxName.text) == ["INBOX", "Trash"] && kept.map(\.id.uid.rawValue) == [2, 1])
            #expect(kept.allSatisfy { $0.seconds > 1_700_000_000 })
            let octets = try await quarantine.readQuarantined(kept[0].id, 10..<50)
            #expect(octets.bytes == Array(pattern(100, seed: 2)[10..<50]))
            try await harness.reopen()
            account = try await harness.account()
        }
        let changes = try await account.changes(in: inbox, since: .zero)
        #expect(changes.vanished.description == "1:2,4")
        await harness.close()
    }

    @Test("A repaired message has the flags of the damaged one, and a UID of its own", arguments: Engine.allCases)
    func repairing(engine: Engine) async throws {
        let harness = try await StoreHarness(engine)
        var account = try await harness.account()
        let flags = FlagSet(system: [.seen, .answered], keywords: [keyword("k")])
        for index in 0..<2 { try await account.put(pattern(100, seed: UInt8(index + 1)), flags: flags) }
        let inbox = try await account.status(of: .inbox).id
        let old = try await account.snapshot(of: .inbox).messages[0]
        await harness.noteDamage(old)
        let quarantine = try await harness.quarantine()
        let outcome = try await quarantine.replace(UID(1), in: inbox, with: StagedOctets(pattern(90, seed: 9)))
        #expect(outcome.uid == UID(3))
        await expectCode(.noSuchMessage) {
            _ = try await quarantine.replace(UID(1), in: inbox, with: StagedOctets([1]))
        }
        for _ in 0..<2 {
            let snapshot = try await account.snapshot(of: .inbox)
            let new = try #require(snapshot.messages.last)
            #expect(snapshot.messages.map(\.uid.rawValue) == [2, 3])
            #expect(new.flags(keywords: snapshot.keywords) == flags)
            #expect(new.thread == old.thread && new.email != old.email)
            #expect(new.internalDate == old.internalDate)
            #expect(try await account.whole(new) == pattern(90, seed: 9))
            #expect(try await harness.quarantine().quarantined().map(\.id.uid) == [UID(1)])
            try await harness.reopen()
            account = try await harness.account()
        }
        await harness.close()
    }

    @Test("Copies of one damaged message fill one place in quarantine", arguments: Engine.allCases)
    func copies(engine: Engine) async throws {
        let harness = try await StoreHarness(engine)
        let account = try await harness.account()
        try await account.put(pattern(10))
        let inbox = try await account.status(of: .inbox).id
        await harness.noteDamage(try await account.snapshot(of: .inbox).messages[0])
        for _ in 0..<3 {
            _ = try await account.transfer(UIDSet([1...1]), from: inbox, to: .inbox, removingSource: false)
        }
        _ = try await account.expunge(UIDSet([2...4]), in: inbox, onlyDeleted: false)
        _ = try await account.expunge(UIDSet([1...1]), in: inbox, onlyDeleted: false)
        #expect(try await harness.quarantine().quarantined().count == 1)
        #expect(try await account.uids().isEmpty)
        await harness.close()
    }

    @Test("An operator quarantines, restores under a new UID, and deletes for good", arguments: Engine.allCases)
    func operating(engine: Engine) async throws {
        let harness = try await StoreHarness(engine)
        var account = try await harness.account()
        for index in 0..<3 {
            try await account.put(pattern(100, seed: UInt8(index + 1)), flags: FlagSet(keywords: [keyword("k")]))
        }
        let before = try await account.snapshot(of: .inbox).messages
        let inbox = try await account.status(of: .inbox).id
        var quarantine = try await harness.quarantine()
        #expect(try await quarantine.quarantine(UIDSet([1...2, 9...9]), in: inbox).vanished.description == "1:2")
        #expect(try await account.uids() == [3])
        try await harness.reopen()
        quarantine = try await harness.quarantine()
        account = try await harness.account()
        let ids = try await quarantine.quarantined().map(\.id)
        let restored = try await quarantine.restore(ids[0], to: nil)
        #expect(restored.uid == UID(4) && restored.mailbox == inbox)
        let operators = quarantine
        await expectCode(.noSuchMessage) { _ = try await operators.restore(ids[0], to: nil) }
        await expectCode(.noSuchMailbox) { _ = try await operators.restore(ids[1], to: name("nowhere")) }
        #expect(try await quarantine.deleteQuarantined(ids) == [ids[1]])
        await expectCode(.noSuchMessage) { _ = try await operators.readQuarantined(ids[1], 0..<1) }
        for _ in 0..<2 {
            let snapshot = try await account.snapshot(of: .inbox)
            let back = try #require(snapshot.messages.last)
            #expect(snapshot.messages.map(\.uid.rawValue) == [3, 4])
            #expect(back.email == before[0].email && back.flags(keywords: snapshot.keywords).keywords == [keyword("k")])
            #expect(try await account.whole(back) == pattern(100, seed: 1))
            #expect(try await harness.quarantine().quarantined().isEmpty)
            try await harness.reopen()
            account = try await harness.account()
        }
        await harness.close()
    }

    @Test(
        "Of an account that the store has nothing of, there is no quarantine, and none is made",
        arguments: Engine.allCases
    )
    func strangers(engine: Engine) async throws {
        let harness = try await StoreHarness(engine)
        await expectCode(.noSuchMailbox) { _ = try await harness.quarantine(99) }
        try await harness.account(5).put([1])
        try await harness.store.remove(AccountID(5))
        await expectCode(.noSuchMailbox) { _ = try await harness.quarantine(5) }
        try await harness.store.remove(AccountID(77))
        await harness.close()
    }

    @Test("A session that still holds an account that was removed changes nothing", arguments: Engine.allCases)
    func removedUnderASession(engine: Engine) async throws {
        let harness = try await StoreHarness(engine)
        let account = try await harness.account(5)
        try await account.put([1])
        try await harness.store.remove(AccountID(5))
        await expectCode(.unavailable) { try await account.put([1]) }
        await expectCode(.unavailable) { _ = try await account.create(name("x"), specialUse: []) }
        await expectCode(.noSuchMailbox) { _ = try await account.snapshot(of: .inbox) }
        #expect(try await harness.account(5).uids().isEmpty)
        await harness.close()
    }

    @Test("New accounts get the folders that are set, those that are there keep theirs", arguments: Engine.allCases)
    func specialFolders(engine: Engine) async throws {
        let harness = try await StoreHarness(engine)
        _ = try await harness.account(1)
        harness.settings.replace(
            with: SettingsSnapshot(texts: ["store/special-folders": "Papierkorb=Trash, Entwürfe=drafts, Notes"])
        )
        for _ in 0..<2 {
            #expect(try await harness.account(1).mailboxes().count == 6)
            let list = try await harness.account(2).mailboxes()
            #expect(list.map(\.name.text) == ["Entwürfe", "INBOX", "Notes", "Papierkorb"])
            #expect(list.map { $0.specialUse.first } == [.drafts, nil, nil, .trash])
            #expect(list.allSatisfy { $0.isSubscribed })
            try await harness.reopen()
        }
        await harness.close()
    }
}
