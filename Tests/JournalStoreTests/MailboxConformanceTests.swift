// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

import Locking
import MailStore
import MailTypes
import Testing

@Suite("Every engine: mailboxes")
struct MailboxConformanceTests {
    @Test("A new account has its INBOX and special-use mailboxes, subscribed", arguments: Engine.allCases)
    func initialMailboxes(engine: Engine) async throws {
        let harness = try await StoreHarness(engine)
        for _ in 0..<2 {
            let list = try await harness.account().mailboxes()
            #expect(list.map(\.name.text) == ["Archive", "Drafts", "INBOX", "Junk", "Sent", "Trash"])
            #expect(list.allSatisfy { $0.isSubscribed && $0.id != nil && !$0.hasChildren })
            #expect(list.map { $0.specialUse.first } == [.archive, .drafts, nil, .junk, .sent, .trash])
            try await harness.reopen()
        }
        await harness.close()
    }

    @Test(
        "Mailboxes are made with those above them, renamed with those below, deleted alone",
        arguments: Engine.allCases
    )
    func lifecycle(engine: Engine) async throws {
        let harness = try await StoreHarness(engine)
        var account = try await harness.account()
        _ = try await account.create(name("a/b/c"), specialUse: [])
        await expectCode(.mailboxExists) { _ = try await account.create(name("a/b"), specialUse: []) }
        await expectCode(.mailboxExists) { _ = try await account.create(.inbox, specialUse: []) }
        try await account.put([9], in: name("a/b/c"))
        let before = try await account.status(of: name("a/b/c"))
        try await account.rename(name("a/b"), to: name("x/y"))
        try await harness.reopen()
        account = try await harness.account()
        let after = try await account.status(of: name("x/y/c"))
        #expect(after.id == before.id && after.uidValidity == before.uidValidity && after.messages == 1)
        let names = try await account.mailboxes().map(\.name.text).filter { $0.hasPrefix("a") || $0.hasPrefix("x") }
        #expect(names == ["a", "x", "x/y", "x/y/c"])
        #expect(try await account.mailboxes().filter(\.hasChildren).map(\.name.text) == ["x", "x/y"])
        await expectCode(.mailboxExists) { try await account.rename(name("x/y"), to: name("a")) }
        await expectCode(.forbidden) { try await account.rename(name("x"), to: name("x/z")) }
        await expectCode(.noSuchMailbox) { try await account.rename(name("q"), to: name("r")) }
        try await account.delete(name("x/y"))
        await expectCode(.noSuchMailbox) { _ = try await account.status(of: name("x/y")) }
        #expect(try await account.status(of: name("x/y/c")).messages == 1)
        await expectCode(.forbidden) { try await account.delete(.inbox) }
        await expectCode(.noSuchMailbox) { try await account.delete(name("nothing")) }
        await harness.close()
    }

    @Test("A mailbox made again under an old name has another id and a greater UIDVALIDITY", arguments: Engine.allCases)
    func madeAgain(engine: Engine) async throws {
        let harness = try await StoreHarness(engine)
        var ids: Set<MailboxID> = []
        var last: UInt32 = 0
        for _ in 0..<3 {
            let account = try await harness.account()
            let id = try await account.create(name("again"), specialUse: [])
            #expect(ids.insert(id).inserted)
            let status = try await account.status(of: name("again"))
            #expect(status.uidValidity.rawValue > last)
            last = status.uidValidity.rawValue
            try await account.delete(name("again"))
            await expectCode(.noSuchMailbox) { _ = try await account.changes(in: id, since: .zero) }
            try await harness.reopen()
        }
        await harness.close()
    }

    @Test("Annotations stay with their mailbox, over renaming and opening again", arguments: Engine.allCases)
    func annotations(engine: Engine) async throws {
        let harness = try await StoreHarness(engine)
        var account = try await harness.account()
        _ = try await account.create(name("a"), specialUse: [])
        let first = [AnnotationChange("/private/x", [0, 255]), AnnotationChange("/shared/y", [])]
        try await account.annotate(name("a"), first)
        try await account.annotate(nil, [AnnotationChange("/private/z", [1])])
        try await account.annotate(.inbox, [AnnotationChange("/private/i", [2])])
        try await account.annotate(name("a"), [AnnotationChange("/shared/y", nil)])
        try await account.rename(name("a"), to: name("b"))
        try await account.rename(.inbox, to: name("old"))
        for _ in 0..<2 {
            #expect(try await account.annotations(of: name("b")) == ["/private/x": [0, 255]])
            #expect(try await account.annotations(of: nil) == ["/private/z": [1]])
            for each in [.inbox, name("old")] {
                #expect(try await account.annotations(of: each) == ["/private/i": [2]])
            }
            try await harness.reopen()
            account = try await harness.account()
        }
        await expectCode(.noSuchMailbox) { _ = try await account.annotations(of: name("a")) }
        let many = (0...AnnotationLimits.entries).map { AnnotationChange("/private/\($0)", [1]) }
        await expectCode(.limit) { try await account.annotate(name("b"), many) }
        let large = [UInt8](repeating: 1, count: AnnotationLimits.valueOctets + 1)
        await expectCode(.limit) { try await account.annotate(name("b"), [AnnotationChange("/private/l", large)]) }
        #expect(try await account.annotations(of: name("b")).count == 1)
        try await account.delete(name("b"))
        _ = try await account.create(name("b"), specialUse: [])
        #expect(try await account.annotations(of: name("b")).isEmpty)
        await harness.close()
    }

    @Test(
        "Rights of others stay with their mailbox, pass to those made below it, and go with it",
        arguments: Engine.allCases
    )
    func accessLists(engine: Engine) async throws {
        let harness = try await StoreHarness(engine)
        var account = try await harness.account()
        let (anyone, bob) = (
            try #require(AccessIdentifier("anyone")), try #require(AccessIdentifier("-bob@example.test"))
        )
        _ = try await account.create(name("a"), specialUse: [])
        try await account.changeAccess(to: name("a"), of: anyone, AccessChange(.replace, [.lookup, .read]))
        try await account.changeAccess(to: name("a"), of: anyone, AccessChange(.add, [.administer]))
        try await account.changeAccess(to: name("a"), of: anyone, AccessChange(.remove, [.read]))
        try await account.changeAccess(to: name("a"), of: bob, AccessChange(.add, .all))
        let list: AccessList = [anyone: [.lookup, .administer], bob: .all]
        try await account.changeAccess(to: .inbox, of: bob, AccessChange(.replace, .all))
        try await account.changeAccess(to: .inbox, of: bob, AccessChange(.replace, []))
        _ = try await account.create(name("a/b/c"), specialUse: [])
        try await account.rename(name("a"), to: name("z/a"))
        try await account.rename(.inbox, to: name("z/a/old"))
        for _ in 0..<2 {
            for each in ["z/a", "z/a/b", "z/a/b/c", "z/a/old"] {
                #expect(try await account.accessList(of: name(each)) == list, "\(each)")
            }
            #expect(try await account.accessList(of: name("z")).isEmpty)
            #expect(try await account.accessLists().count == 4)
            try await harness.reopen()
            account = try await harness.account()
        }
        try await account.delete(name("z/a/b/c"))
        _ = try await account.create(name("c"), specialUse: [])
        #expect(try await account.accessList(of: name("c")).isEmpty)
        await expectCode(.noSuchMailbox) { _ = try await account.accessList(of: name("z/a/b/c")) }
        await expectCode(.noSuchMailbox) {
            try await account.changeAccess(to: name("none"), of: bob, AccessChange(.add, .all))
        }
        for number in 0..<AccessLimits.entries {
            let other = try #require(AccessIdentifier("user\(number)@example.test"))
            try await account.changeAccess(to: name("c"), of: other, AccessChange(.add, .lookup))
        }
        await expectCode(.limit) { try await account.changeAccess(to: name("c"), of: bob, AccessChange(.add, .all)) }
        await harness.close()
    }

    @Test("Renaming INBOX copies annotations only as far as there may be so many", arguments: Engine.allCases)
    func copiedAnnotations(engine: Engine) async throws {
        let harness = try await StoreHarness(engine)
        let account = try await harness.account()
        let value = [UInt8](repeating: 1, count: AnnotationLimits.valueOctets)
        let all = (0..<AnnotationLimits.entries).map { AnnotationChange("/private/\($0)", value) }
        try await account.annotate(.inbox, all)
        // One such mailbox more than there is room for.
        let most = AnnotationLimits.accountOctets / (AnnotationLimits.entries * AnnotationLimits.valueOctets)
        for number in 1..<most { try await account.rename(.inbox, to: name("old\(number)")) }
        await expectCode(.limit) { try await account.rename(.inbox, to: name("last")) }
        await expectCode(.noSuchMailbox) { _ = try await account.annotations(of: name("last")) }
        #expect(try await account.annotations(of: .inbox).count == AnnotationLimits.entries)
        await harness.close()
    }

    @Test(
        "The overview has every mailbox as it is, and whoever watches all is told of each change",
        arguments: Engine.allCases
    )
    func overview(engine: Engine) async throws {
        let harness = try await StoreHarness(engine)
        let account = try await harness.account()
        let told = Lock(0)
        let watch = account.watch(nil) { told.withLock { $0 += 1 } }
        var last = 0
        func change(_ body: () async throws -> Void) async throws {
            try await body()
            for _ in 0..<30_000 where told.withLock({ $0 }) == last { try await Task.sleep(for: .milliseconds(1)) }
            #expect(told.withLock { $0 } > last)
            last = told.withLock { $0 }
        }
        try await change { _ = try await account.create(name("a"), specialUse: []) }
        try await change { try await account.put([9, 8], in: name("a")) }
        try await change { try await account.annotate(name("a"), [AnnotationChange("/private/x", [1])]) }
        try await change { try await account.annotate(nil, [AnnotationChange("/private/y", [2])]) }
        try await change { try await account.setSubscribed(true, name("none")) }
        try await change { try await account.rename(name("a"), to: name("b")) }
        let overview = try await account.overview()
        let list = try await account.mailboxes()
        #expect(Set(overview.mailboxes.keys) == Set(list.compactMap(\.id)))
        #expect(overview.subscriptions == Set(list.filter(\.isSubscribed).map(\.name)))
        for (id, mailbox) in overview.mailboxes {
            let status = try await account.status(of: mailbox.name)
            #expect(mailbox.status == status && status.id == id)
        }
        let renamed = try #require(overview.mailboxes.values.first { $0.name.text == "b" })
        #expect(renamed.annotations == ["/private/x": [1]] && renamed.specialUse.isEmpty)
        #expect(renamed.status.messages == 1 && overview.annotations == ["/private/y": [2]])
        withExtendedLifetime(watch) {}
        await harness.close()
    }

    @Test("Renaming INBOX moves its messages and leaves it empty", arguments: Engine.allCases)
    func renameInbox(engine: Engine) async throws {
        let harness = try await StoreHarness(engine)
        let account = try await harness.account()
        _ = try await account.create(name("INBOX/below"), specialUse: [])
        for _ in 0..<3 { try await account.put([1, 2], flags: FlagSet(keywords: [keyword("k")])) }
        let before = try await account.status(of: .inbox)
        try await account.rename(.inbox, to: name("Old/2025"))
        for _ in 0..<2 {
            let account = try await harness.account()
            let inbox = try await account.status(of: .inbox)
            #expect(inbox.id == before.id && inbox.messages == 0 && inbox.uidNext == before.uidNext)
            let old = try await account.snapshot(of: name("Old/2025"))
            #expect(old.messages.map(\.uid.rawValue) == [1, 2, 3])
            #expect(old.messages.allSatisfy { $0.flags(keywords: old.keywords).keywords == [keyword("k")] })
            #expect(try await account.status(of: name("INBOX/below")).messages == 0)
            try await harness.reopen()
        }
        await harness.close()
    }

    @Test("Names without a mailbox can be subscribed, and are listed", arguments: Engine.allCases)
    func subscriptions(engine: Engine) async throws {
        let harness = try await StoreHarness(engine)
        try await harness.account().setSubscribed(true, name("nowhere"))
        try await harness.account().setSubscribed(false, name("Junk"))
        try await harness.reopen()
        let list = try await harness.account().mailboxes()
        let nowhere = try #require(list.first { $0.name == name("nowhere") })
        #expect(nowhere.id == nil && nowhere.isSubscribed)
        #expect(list.first { $0.name == name("Junk") }?.isSubscribed == false)
        await harness.close()
    }

    @Test("Accounts do not see one another, and one that was removed begins anew", arguments: Engine.allCases)
    func accounts(engine: Engine) async throws {
        let harness = try await StoreHarness(engine)
        for number in 1...5 as ClosedRange<UInt64> {
            try await harness.account(number).put(pattern(10, seed: UInt8(number)))
        }
        try await harness.store.remove(AccountID(3))
        for _ in 0..<2 {
            for number in 1...5 as ClosedRange<UInt64> {
                let inbox = try await harness.account(number).snapshot(of: .inbox)
                #expect(inbox.messages.count == (number == 3 ? 0 : 1))
                #expect(try await harness.account(number).mailboxes().count == 6)
            }
            try await harness.reopen()
        }
        await harness.close()
    }

    @Test("An account is opened once, however many ask for it", arguments: Engine.allCases)
    func oneOwner(engine: Engine) async throws {
        let harness = try await StoreHarness(engine)
        let owners = try await withThrowingTaskGroup(of: ObjectIdentifier.self) { group in
            for _ in 0..<30 { group.addTask { ObjectIdentifier(try await harness.account(4)) } }
            return try await group.reduce(into: Set()) { $0.insert($1) }
        }
        #expect(owners.count == 1)
        await harness.close()
    }
}
