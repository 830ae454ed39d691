// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import Events
internal import Locking
internal import MailTypes
internal import Runtime
internal import SearchIndex

/// Makes the search texts of all accounts of a store, one account after the other, behind everything else: what it
/// does is off the way of deliveries, and resting most of the time unless somebody searches.
actor TextKeeper {
    /// Of the time, how much it works when nobody waits: one part in four.
    private static let workTime = Duration.milliseconds(10)
    private static let restTime = Duration.milliseconds(30)
    /// Sidecars stay in memory up to so many messages in all; 24 octets each.
    private static let maximumLoaded = 2_000_000
    /// So many messages are looked up at a time, so that what an account needs for it is bounded: 6 MB.
    private static let maximumPlanned = 32_768

    nonisolated let loop: EventLoop
    private var queue: [AccountStore] = []
    private var hurried: Set<AccountID> = []
    private var isWorking = false
    private var isWorkingOn: AccountStore?
    private var isClosed = false
    private var waiting: [Turn<Void>] = []
    /// Sidecars in memory, used last at the end.
    private var loaded: [Loaded] = []

    private struct Loaded {
        weak var texts: AccountTexts?
    }

    nonisolated var unownedExecutor: UnownedSerialExecutor { unsafe loop.asUnownedSerialExecutor() }

    init(loop: EventLoop) { self.loop = loop }

    /// Asks for an account's texts to be brought up to date; `soon` when a search would have been faster with them.
    ///
    /// From any thread.
    nonisolated func want(_ store: AccountStore, soon: Bool) {
        loop.execute { self.assumeIsolated { $0.add(store, soon) } }
    }

    private func add(_ store: AccountStore, _ soon: Bool) {
        guard !isClosed else { return }
        if soon { hurried.insert(store.id) }
        if !queue.contains(where: { $0 === store }) { queue.append(store) }
        guard !isWorking else { return }
        isWorking = true
        Task { await work() }
    }

    /// Ends the work where it is, and waits for that.
    func close() async {
        isClosed = true
        while isWorking { await Turn.wait { waiting.append($0) } }
    }

    /// As `want`, and waits until it is done.
    func bringUpToDateSoon(_ store: AccountStore) async {
        add(store, true)
        while isWorking, isWorkingOn === store || queue.contains(where: { $0 === store }) {
            await Turn.wait { waiting.append($0) }
        }
    }

    private func work() async {
        while !isClosed, !queue.isEmpty {
            let store = queue.removeFirst()
            isWorkingOn = store
            await bringUpToDate(store)
            isWorkingOn = nil
            hurried.remove(store.id)
            wake()
        }
        queue = []
        isWorking = false
        wake()
    }

    private func wake() {
        let woken = waiting
        waiting = []
        for waiter in woken { waiter.resume() }
    }

    private func bringUpToDate(_ store: AccountStore) async {
        guard let texts = store.texts, store.services.settings.withLock({ $0.keepsTexts }), let work = texts.take()
        else {
            return
        }
        keepLoaded(texts)
        do {
            var plan = await plan(work, of: store, texts)
            while try await add(plan.missing, of: store, texts) > 0, plan.isPartial, !isClosed {
                plan = await self.plan(work, of: store, texts)
            }
            if plan.isMostlyDead { try await rewrite(texts, plan.live) }
            if !work.isWhole, texts.sidecar.loaded?.isMostlyListedTwice ?? false {
                texts.wantWhole()
                queue.append(store)
            }
        } catch let error as MailStoreError {
            texts.failed()
            store.services.events.record(
                .searchTextNotWritten,
                ["store.account": .count(store.id.rawValue), "store.detail": .string(error.detail)]
            )
        } catch {
            texts.failed()
            store.services.events.record(.searchTextNotWritten, ["store.account": .count(store.id.rawValue)])
        }
    }

    private struct Plan: Sendable {
        /// Ascending by key.
        var missing: [MessageEntry] = []
        /// More are missing.
        var isPartial = false
        var live: [TextKey] = []
        var isMostlyDead = false
    }

    /// What is missing of which messages.
    private func plan(_ work: AccountTexts.Work, of store: AccountStore, _ texts: AccountTexts) async -> Plan {
        let mailboxes = work.isWhole ? await store.liveMessages() : [MessageTable(work.messages)]
        let unreadable = texts.unreadable
        return await textThread.run {
            let state = texts.sidecar.load()
            var byKey: [TextKey: MessageEntry] = [:]
            for message in mailboxes.joined() where byKey.count < Self.maximumPlanned {
                let key = message.textKey
                guard !state.contains(key), !unreadable.contains(key) else { continue }
                byKey[key] = message
            }
            var plan = Plan(missing: byKey.sorted { $0.key < $1.key }.map(\.value))
            plan.isPartial = byKey.count == Self.maximumPlanned
            guard work.isWhole, !plan.isPartial else { return plan }
            plan.live = Self.distinct(mailboxes.joined().lazy.map(\.textKey))
            let live = state.count(of: plan.live)
            plan.isMostlyDead = state.listed >= 512 && live * 2 < state.listed
            return plan
        }
    }

    /// Ascending, each once.
    private static func distinct(_ keys: some Sequence<TextKey>) -> [TextKey] {
        var distinct: [TextKey] = []
        for key in keys.sorted() where distinct.last != key { distinct.append(key) }
        return distinct
    }

    /// Makes texts, and says of how many messages.
    private func add(_ missing: [MessageEntry], of store: AccountStore, _ texts: AccountTexts) async throws -> Int {
        guard !missing.isEmpty else { return 0 }
        var added = 0
        let sidecar = texts.sidecar
        var block = await textThread.run { sidecar.smallTail() } ?? TextBlock()
        var begun = ContinuousClock.now
        let source = LogSource(store: store, reportsDamage: false)
        for message in missing {
            if isClosed || texts.isRemoved { break }
            if let text = try await source.text(of: message) {
                block.add(message.textKey, text)
                added += 1
            } else {
                texts.setUnreadable(message.textKey)
            }
            if block.isFull {
                try await textThread.run { [block] in try sidecar.append(block) }
                block = TextBlock()
            }
            if ContinuousClock.now - begun > Self.workTime {
                if !hurried.contains(store.id) { await rest() }
                begun = .now
            }
        }
        guard !texts.isRemoved, !block.isEmpty else { return added }
        try await textThread.run { [block] in try sidecar.append(block) }
        return added
    }

    private func rest() async {
        do {
            try await loop.sleep(for: Self.restTime)
        } catch {
            // The process is going down; what was made so far is kept.
            isClosed = true
        }
    }

    /// Leaves out the texts of messages that are gone.
    private func rewrite(_ texts: AccountTexts, _ live: [TextKey]) async throws {
        let sidecar = texts.sidecar
        try await textThread.run {
            let live = Set(live)
            try sidecar.rewrite(where: { live.contains($0) }, pause: { !texts.isRemoved })
        }
    }

    /// Notes that a sidecar is in memory, and lets those go that were used longest ago when there are too many.
    private func keepLoaded(_ texts: AccountTexts) {
        loaded.removeAll { $0.texts == nil || $0.texts === texts }
        loaded.append(Loaded(texts: texts))
        var count = loaded.reduce(0) { $0 + ($1.texts?.sidecar.loaded?.count ?? 0) }
        while count > Self.maximumLoaded, loaded.count > 1 {
            let oldest = loaded.removeFirst()
            count -= oldest.texts?.sidecar.loaded?.count ?? 0
            oldest.texts?.sidecar.unload()
        }
    }
}
