// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import IMAPWire
internal import MailStore
internal import MailTypes

/// Puts messages in order by numbers: their entries', and those of columns.
struct SortOrder: Sendable {
    let criteria: [SortCriterion]
    /// With a column for each field that the criteria ask for.
    let columns: [MessageColumn]
    let messages: MessageTable

    private struct Keyed {
        var key: Int64
        var number: Int
    }

    /// `found`, places in `messages`, in the order of the criteria; what is equal stays in that of the mailbox (RFC 5256
    /// §3).
    func order(_ found: [Int]) -> [Int] {
        let places = found.filter { messages.indices.contains($0) }
        let keys = criteria.map { self.keys($0, places) }
        guard let first = keys.first else { return places }
        let rest = keys.dropFirst()
        var order = first.indices.map { Keyed(key: first[$0], number: $0) }
        order.sort { a, b in
            if a.key != b.key { return a.key < b.key }
            for key in rest where key[a.number] != key[b.number] { return key[a.number] < key[b.number] }
            return places[a.number] < places[b.number]
        }
        return order.map { places[$0.number] }
    }

    /// For each message the number by which it comes sooner or later.
    private func keys(_ criterion: SortCriterion, _ places: [Int]) -> [Int64] {
        let keys = self.keys(criterion.key, places)
        // Complements are in the other order, and even the least number has one.
        return criterion.isReverse ? keys.map { ~$0 } : keys
    }

    private func keys(_ key: SortCriterion.Key, _ places: [Int]) -> [Int64] {
        switch key {
        case .arrival: return places.map { messages[$0].internalSeconds }
        case .size: return places.map { Int64(clamping: messages[$0].size) }
        case .date, .subject, .from, .to, .cc, .displayFrom, .displayTo:
            let field = ColumnField(key)
            guard let column = columns.first(where: { $0.field == field }) else { return places.map { _ in 0 } }
            let rows = column.rows(of: places.lazy.map { messages[$0].uid })
            guard field == .sent else { return rows.map { Int64(column.rank($0)) } }
            return zip(places, rows).map { messages[$0].sentSeconds(column.date($1)) }
        }
    }
}
