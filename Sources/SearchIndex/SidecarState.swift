// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

/// What a sidecar has, in memory: about 24 octets for each message, and 200 for each block.
///
/// A value: a search goes on with the one it began with.
package struct SidecarState: Sendable {
    /// 0 when there are no files.
    package internal(set) var generation: UInt64 = 0
    /// Ascending, none twice.
    var keys: [TextKey] = []
    var places: [TextPlace] = []
    var blocks: [BlockInfo] = []
    var indexEnd = SidecarHead.octets
    var dataEnd = SidecarHead.octets
    /// Entries in all directories, of messages that are gone or were listed again as well.
    package internal(set) var listed = 0

    package init() {}

    package var count: Int { keys.count }
    /// Octets of text that are kept, compressed, and of directories with filters.
    package var dataOctets: UInt64 { dataEnd }
    package var indexOctets: UInt64 { indexEnd }
    package var textOctets: UInt64 { blocks.reduce(0) { $0 + $1.textOctets } }
    package var blockCount: Int { blocks.count }

    /// Where a key is or would be, looked for near `hint` first.
    func find(_ key: TextKey, near hint: Int = 0) -> (index: Int, isThere: Bool) {
        if hint < keys.count, keys[hint] == key { return (hint, true) }
        var (low, high) = (0, keys.count)
        if let last = keys.last, last < key { low = high }
        while low < high {
            let middle = (low + high) / 2
            if keys[middle] < key { low = middle + 1 } else { high = middle }
        }
        return (low, low < keys.count && keys[low] == key)
    }

    /// More than half of what is listed was listed again, or is gone: writing it anew is worth while.
    package var isMostlyListedTwice: Bool { listed >= 512 && keys.count * 2 < listed }

    package func contains(_ key: TextKey) -> Bool { find(key).isThere }

    /// Keys that are not there, of some in any order; none twice, ascending.
    package func missing(_ wanted: [TextKey]) -> [TextKey] {
        var missing: [TextKey] = []
        var hint = 0
        for key in Self.ascending(wanted) where missing.last != key {
            let (index, isThere) = find(key, near: hint)
            hint = index + 1
            if !isThere { missing.append(key) }
        }
        return missing
    }

    /// How many of some keys are there.
    package func count(of wanted: [TextKey]) -> Int {
        var (count, hint) = (0, 0)
        var last: TextKey?
        for key in Self.ascending(wanted) where key != last {
            last = key
            let (index, isThere) = find(key, near: hint)
            hint = index + 1
            if isThere { count += 1 }
        }
        return count
    }

    private static func ascending(_ keys: [TextKey]) -> [TextKey] {
        zip(keys, keys.dropFirst()).allSatisfy({ $0 <= $1 }) ? keys : keys.sorted()
    }

    /// Whether it is at this place that a message's text counts.
    func isAt(_ place: TextPlace, _ key: TextKey) -> Bool {
        let (index, isThere) = find(key)
        return isThere && places[index] == place
    }

    // MARK: Changing

    /// Takes in a block; of a message that was there before, its text counts.
    mutating func add(_ list: BlockList) {
        var info = list.info
        info.count = UInt32(list.entries.count)
        let block = blocks.count
        blocks.append(info)
        listed += list.entries.count
        let placed = list.entries.enumerated().map { ordinal, entry in
            (entry.key, entry.isTooLarge ? TextPlace.message : TextPlace(block: block, ordinal: ordinal))
        }
        merge(placed)
    }

    /// Forgets what lies in a block that was found damaged.
    mutating func drop(block: Int) {
        let kept = places.indices.filter { places[$0] == .message || places[$0].block != block }
        (keys, places) = (kept.map { keys[$0] }, kept.map { places[$0] })
    }

    /// Later ones win.
    private mutating func merge(_ placed: [(TextKey, TextPlace)]) {
        let isAscending = zip(placed, placed.dropFirst()).allSatisfy { $0.0 < $1.0 }
        if isAscending, let first = placed.first, keys.last.map({ $0 < first.0 }) ?? true {
            keys += placed.map(\.0)
            places += placed.map(\.1)
            return
        }
        let newer = Dictionary(placed, uniquingKeysWith: { $1 })
        let all = newer.sorted { $0.key < $1.key }
        var (merged, mergedPlaces): ([TextKey], [TextPlace]) = ([], [])
        merged.reserveCapacity(keys.count + all.count)
        mergedPlaces.reserveCapacity(keys.count + all.count)
        var next = 0
        for index in keys.indices {
            while next < all.count, all[next].key < keys[index] {
                merged.append(all[next].key)
                mergedPlaces.append(all[next].value)
                next += 1
            }
            guard newer[keys[index]] == nil else { continue }
            merged.append(keys[index])
            mergedPlaces.append(places[index])
        }
        for (key, place) in all[next...] {
            merged.append(key)
            mergedPlaces.append(place)
        }
        (keys, places) = (merged, mergedPlaces)
    }
}
