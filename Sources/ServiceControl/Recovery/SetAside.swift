// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import ByteTools
internal import Locking

/// Items that were being worked on when a worker died, with how often.
///
/// At two deaths an item is set aside: whoever meets it treats it as opaque octets.
package struct SuspectList: Sendable, Hashable {
    /// Deaths at which an item is set aside.
    package static let threshold = 2
    /// Items kept; the oldest suspects go first.
    package static let capacity = 10_000

    private var deaths: [String: Int] = [:]
    private var order: [String] = []

    package init() {}

    /// Counts one death for each item; returns those that are set aside by it.
    package mutating func died(on items: [String]) -> [String] {
        var fresh: [String] = []
        for item in Set(items).sorted() {
            if deaths[item] == nil { order.append(item) }
            deaths[item, default: 0] += 1
            if deaths[item] == Self.threshold { fresh.append(item) }
        }
        while order.count > Self.capacity { deaths[order.removeFirst()] = nil }
        return fresh
    }

    package var setAside: Set<String> { Set(deaths.filter { $0.value >= Self.threshold }.keys) }

    /// Reads what `encoded` wrote; anything unreadable is an empty list.
    package init(encoded: [UInt8]) {
        for row in (try? JSONValue(parsing: encoded))?.array ?? [] {
            guard let item = row["item"]?.string, let count = row["deaths"]?.integer, (1...1_000_000).contains(count)
            else { continue }
            if deaths[item] == nil { order.append(item) }
            deaths[item] = Int(count)
        }
    }

    package var encoded: [UInt8] {
        JSONValue.array(order.map { ["item": .string($0), "deaths": .integer(Int64(deaths[$0] ?? 0))] }).encoded
    }
}

/// The items set aside, as a worker knows them.
package final class SetAsideItems: Sendable {
    private let items: Lock<Set<String>>

    package init(_ items: Set<String> = []) { self.items = Lock(items) }

    package func contains(_ item: String) -> Bool { items.withLock { $0.contains(item) } }

    func insert(_ more: [String]) { items.withLock { $0.formUnion(more) } }
}
