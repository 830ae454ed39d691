// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import Events
internal import Locking
internal import MailTypes
package import MessageFormat
internal import Runtime
internal import SearchIndex

extension AccountStore {
    /// Looks through the kept texts first, then reads those messages that have none yet, and sees to it that they get
    /// one.
    package nonisolated func search(
        _ messages: MessageTable,
        at places: [Int],
        for search: TextSearch,
        while isWanted: () -> Bool
    ) async throws(MailStoreError) -> [Int] {
        let direct = DirectSearch(source: LogSource(store: self, reportsDamage: true), search: search)
        guard let texts, services.settings.withLock({ $0.keepsTexts }) else {
            return try await direct.run(messages, at: places, while: isWanted)
        }
        let (matches, rest) = await searchTexts(texts, messages, places, search, isWanted)
        guard isWanted(), !rest.isEmpty else { return matches }
        let more = try await direct.run(messages, at: rest, while: isWanted)
        return more.isEmpty ? matches : (matches + more).sorted()
    }

    private nonisolated func searchTexts(
        _ texts: AccountTexts,
        _ messages: MessageTable,
        _ places: [Int],
        _ search: TextSearch,
        _ isWanted: () -> Bool
    ) async -> (matches: [Int], rest: [Int]) {
        let known = places.filter { messages.indices.contains($0) }
        let run = await searchPool.run {
            SidecarSearch(texts.sidecar, search, known) { messages[$0].textKey }
        }
        while await !searchPool.run({ run.step() }) {
            guard isWanted() else { return ([], []) }
        }
        if run.damaged > 0 {
            services.events.record(
                .searchTextDamaged,
                ["store.account": .count(id.rawValue), "store.blocks": .count(run.damaged)]
            )
            texts.wantWhole()
        }
        let (matches, rest) = await searchPool.run { run.result }
        if !rest.isEmpty { services.texts.want(self, soon: true) }
        return (matches, rest)
    }

    /// Every message of every mailbox.
    func liveMessages() -> [MessageTable] { state.mailboxes.values.map(\.messages) }

    /// Makes the search texts that are missing, and waits until they are there; with `anew`, of all messages.
    package nonisolated func makeTexts(anew: Bool) async {
        guard let texts else { return }
        if anew { await searchPool.run { texts.sidecar.remove() } }
        texts.wantWhole()
        await services.texts.bringUpToDateSoon(self)
    }
}
