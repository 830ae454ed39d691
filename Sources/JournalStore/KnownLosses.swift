// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

package import Journal
package import MailStore

/// What is known to be lost of one shard.
package struct ShardLosses: Sendable {
    /// As many as a fence names.
    package static let maximum = 4096
    /// In segments that are there, ascending.
    package private(set) var all: [LostOctets]
    /// Octets that this start was the first to miss, with those that may have followed them, and those that the start
    /// before did not come to have accounts pass over.
    package private(set) var octetsFound: UInt64 = 0

    /// - Parameter known: what the last fence names.
    init(_ shard: Journal, before known: [LostOctets]) {
        self.init(shard.recovery.damage, before: known, in: Set(shard.segmentNumbers))
    }

    package init(_ damage: [JournalRecovery.Damage], before known: [LostOctets], in segments: Set<UInt32>) {
        let before = known.filter { segments.contains($0.segment) }.joined(to: .max)
        octetsFound = known.filter(\.isOwed).reduce(0) { $0.addingSaturated($1.length) }
        var found: [LostOctets] = []
        for damage in damage where !before.cover(damage) {
            found.append(LostOctets(segment: damage.segment, octets: damage.octets))
            let length = damage.octets.upperBound - damage.octets.lowerBound
            octetsFound = octetsFound.addingSaturated(length).addingSaturated(damage.following)
        }
        all = (before + found).joined(to: Self.maximum)
    }
}

/// The losses of all shards, as this start found them.
struct KnownLosses: Sendable {
    private let shards: [ShardLosses]

    init(_ shards: [ShardLosses]) { self.shards = shards }

    func all(_ shard: Int) -> [LostOctets] { shards[shard].all }
    func octetsFound(_ shard: Int) -> UInt64 { shards[shard].octetsFound }
}

extension LostOctets {
    /// In no segment: so many octets were found to be lost, and accounts have yet to pass over what was in them.
    init(owing octets: UInt64) { self.init(segment: 0, octets: 0..<min(octets, UInt64(Int64.max))) }

    fileprivate var isOwed: Bool { segment == 0 }
    fileprivate var length: UInt64 { octets.upperBound - octets.lowerBound }
}

extension [LostOctets] {
    /// The same in ascending order, none of them touching another, and `most` at most: where there are more, those that
    /// are nearest to each other become one with what is between; what is in most segments too many is dropped, the
    /// oldest first.
    fileprivate func joined(to most: Int) -> [LostOctets] {
        let apart = joined { $0 <= 0 }
        guard apart.count > most else { return apart }
        let gaps = zip(apart, apart.dropFirst()).compactMap { $0.gap(before: $1) }.sorted()
        guard let widest = gaps.prefix(apart.count - most).last else { return apart.suffix(most) }
        return apart.joined { $0 <= widest }.suffix(most)
    }

    private func joined(where isNear: (UInt64) -> Bool) -> [LostOctets] {
        var joined: [LostOctets] = []
        for next in sorted(by: { ($0.segment, $0.octets.lowerBound) < ($1.segment, $1.octets.lowerBound) }) {
            if let last = joined.last, let gap = last.gap(before: next), isNear(gap) {
                let end = Swift.max(last.octets.upperBound, next.octets.upperBound)
                joined[joined.count - 1].octets = last.octets.lowerBound..<end
            } else {
                joined.append(next)
            }
        }
        return joined
    }

    /// Whether damage is in one of them; they are ascending and apart.
    fileprivate func cover(_ damage: JournalRecovery.Damage) -> Bool {
        var (low, high) = (0, count)
        while low < high {
            let middle = (low + high) / 2
            let (place, wanted) = (self[middle].octets.lowerBound, damage.octets.lowerBound)
            if (self[middle].segment, place) > (damage.segment, wanted) { high = middle } else { low = middle + 1 }
        }
        guard low > 0, self[low - 1].segment == damage.segment else { return false }
        return self[low - 1].octets.upperBound >= damage.octets.upperBound
    }
}

extension LostOctets {
    /// Octets between this and a later one of the same segment.
    fileprivate func gap(before next: LostOctets) -> UInt64? {
        guard segment == next.segment else { return nil }
        return next.octets.lowerBound > octets.upperBound ? next.octets.lowerBound - octets.upperBound : 0
    }
}

extension UInt64 {
    fileprivate func addingSaturated(_ other: UInt64) -> UInt64 {
        let (sum, overflow) = addingReportingOverflow(other)
        return overflow ? .max : sum
    }
}
