// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

package import MessageFormat
internal import Runtime

/// Threads for searching, apart from those that deliveries and reading wait for; two, so that many searches at once
/// take turns and leave the event loops their share.
let searchPool = BlockingPool(name: "search", threads: 2)

/// Searches messages by reading them: what every other way of searching must agree with.
struct DirectSearch<Source: MessageSource> {
    let source: Source
    let search: TextSearch

    /// Those of `places` that match.
    func run(
        _ messages: MessageTable,
        at places: [Int],
        while isWanted: () -> Bool
    ) async throws(MailStoreError) -> [Int] {
        var matches: [Int] = []
        for place in places where messages.indices.contains(place) {
            guard isWanted() else { break }
            if try await holds(for: messages[place], place, isWanted) { matches.append(place) }
        }
        return matches
    }

    /// False for what was expunged meanwhile and cannot be read any more.
    private func holds(
        for message: MessageEntry,
        _ place: Int,
        _ isWanted: () -> Bool
    ) async throws(MailStoreError) -> Bool {
        if let known = search.query.value(at: place, { _ in nil }) { return known }
        do throws(MailStoreError) {
            guard message.size > Source.pieceOctets else { return try await holdsForSmall(message, place) }
            return try await holdsForLarge(message, place, isWanted)
        } catch {
            guard error.code == .noSuchMessage else { throw error }
            return false
        }
    }

    private func holdsForSmall(_ message: MessageEntry, _ place: Int) async throws(MailStoreError) -> Bool {
        let cached = try await source.cachedStructure(of: message)
        let octets = try await source.whole(of: message, message.size)
        return await searchPool.run { [search] in
            var look = MessageSearch(search.terms, in: MessageStructure(cached, of: octets.bytes))
            for stretch in octets.whole(from: 0) { look.take(stretch.bytes, at: stretch.offset) }
            let found = look.finish()
            return search.query.value(at: place) { found[$0] } ?? false
        }
    }

    private func holdsForLarge(
        _ message: MessageEntry,
        _ place: Int,
        _ isWanted: () -> Bool
    ) async throws(MailStoreError) -> Bool {
        let structure = try await source.structure(of: message)
        var look = MessageSearch(search.terms, in: structure)
        while isWanted() {
            let results = look.results
            if let value = search.query.value(at: place, { results[$0] }) { return value }
            guard let wanted = look.wanted?.clamped(to: 0..<message.size), !wanted.isEmpty else {
                let found = look.finish()
                return search.query.value(at: place) { found[$0] } ?? false
            }
            let range = Source.stretch(from: wanted, of: message)
            var octets = try await source.octets(of: message, range)
            octets.fit(range)
            look = await searchPool.run { [look, octets] in
                var look = look
                for stretch in octets.whole(from: range.lowerBound) { look.take(stretch.bytes, at: stretch.offset) }
                look.take([], at: range.upperBound)
                return look
            }
        }
        return false
    }
}

extension MessageStructure {
    /// As it was cached at delivery, or parsed again.
    init(_ cached: [UInt8]?, of message: [UInt8]) {
        if let cached, let summary = MessageSummary.decode(cached), summary.structure.size == UInt64(message.count) {
            self = summary.structure
        } else {
            self.init(parsing: message)
        }
    }
}

extension MailAccount {
    /// Reads every message: for accounts that keep no texts.
    package func search(
        _ messages: MessageTable,
        at places: [Int],
        for search: TextSearch,
        while isWanted: () -> Bool
    ) async throws(MailStoreError) -> [Int] {
        try await DirectSearch(source: AccountSource(account: self), search: search)
            .run(messages, at: places, while: isWanted)
    }
}
