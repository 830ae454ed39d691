// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import Journal
internal import MailStore

/// What is known to be lost of one shard.
struct ShardLosses: Sendable {
    /// As many as a fence names.
    static let maximum = 4096
    /// In segments that are there; those found last are the last.
    var all: [LostOctets]
    /// Octets that this start was the first to miss, with those that may have followed them.
    var octetsFound: UInt64 = 0

    /// - Parameter known: what the last fence names.
    init(_ shard: Journal, before known: [LostOctets]) {
        let present = Set(shard.segmentNumbers)
        all = known.filter { present.contains($0.segment) }
        for damage in shard.recovery.damage where !all.contains(where: { $0.covers(damage) }) {
            all.append(LostOctets(segment: damage.segment, octets: damage.octets))
            for octets in [UInt64(damage.octets.count), damage.following] {
                octetsFound = min(octetsFound, .max - octets) + octets
            }
        }
        all = all.suffix(Self.maximum)
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
    fileprivate func covers(_ damage: JournalRecovery.Damage) -> Bool {
        segment == damage.segment && octets.lowerBound <= damage.octets.lowerBound
            && octets.upperBound >= damage.octets.upperBound
    }
}
