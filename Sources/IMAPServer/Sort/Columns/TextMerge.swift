// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import MessageFormat

/// Puts texts in order that are not in memory together: runs of them are put in order and forgotten, and then merged, for
/// which they are read once more, a few of each run at a time.
struct TextMerge: Sendable {
    /// The rows whose texts are to be read next.
    struct Wanted: Sendable {
        fileprivate var run: Int
        /// As their texts come one after the other.
        fileprivate var order: [Int32]
        /// Ascending, which is how they are read.
        var rows: [Int32] { order.sorted() }
    }

    private struct Run {
        /// Its rows as their texts come one after the other.
        var order: [Int32]
        /// How many of them have their ranks.
        var done = 0
        /// Of the next ones, the last one first.
        var keys: [CollationKey] = []
    }

    private var runs: [Run] = []
    /// Runs of which nothing is in memory, and which are not at their ends.
    private var bare: [Int] = []
    /// The others that are not at their ends, as a heap: the next text of the first one comes before all others'.
    private var heads: [Int] = []
    /// Of each row the octets of its text.
    private var sizes: [UInt16] = []
    private var replies: [Bool] = []
    private var ranks: [Int32] = []
    private var (rank, last) = (Int32(0), CollationKey.empty)

    /// More are not read of a run at a time.
    private static let maximumRows = 4096

    /// Rows that have their ranks.
    var done: Int { runs.reduce(0) { $0 + $1.done } }

    /// Once there is nothing more to read.
    var texts: CollatedTexts { CollatedTexts(ranks: ranks, replies: replies) }

    /// Adds the next rows, as a run.
    mutating func add(_ keys: TextKeys) {
        let first = ranks.count
        sizes += keys.keys.map { UInt16(clamping: $0.octets.count) }
        replies += keys.replies
        ranks += repeatElement(0, count: keys.count)
        let order = keys.keys.indices.sorted { keys.keys[$0] < keys.keys[$1] }
        bare.append(runs.count)
        runs.append(Run(order: order.map { Int32(clamping: first + $0) }))
    }

    /// Goes on until more must be read; `nil` when every row has its rank.
    ///
    /// - Parameter maximum: octets that may be in memory; of each run one text is, if need be.
    mutating func next(_ maximum: Int) -> Wanted? {
        while bare.isEmpty, let run = heads.first { take(run) }
        guard let number = bare.last else { return nil }
        let run = runs[number]
        var (end, octets) = (run.done, 0)
        repeat {
            octets += Int(sizes[Int(run.order[end])]) + TextKeys.overhead
            end += 1
        } while end < min(run.order.count, run.done + Self.maximumRows) && octets < maximum / runs.count
        return Wanted(run: number, order: Array(run.order[run.done..<end]))
    }

    /// What was read of `wanted`, in the order of its rows: all of them.
    mutating func give(_ keys: TextKeys, _ wanted: Wanted) {
        let places = wanted.order.indices.sorted { wanted.order[$0] < wanted.order[$1] }
        var given = [CollationKey](repeating: .empty, count: places.count)
        for (key, place) in zip(keys.keys, places) { given[places.count - 1 - place] = key }
        runs[wanted.run].keys = given
        bare.removeAll { $0 == wanted.run }
        heads.append(wanted.run)
        var place = heads.count - 1
        while place > 0, precedes(heads[place], heads[(place - 1) / 2]) {
            heads.swapAt(place, (place - 1) / 2)
            place = (place - 1) / 2
        }
    }

    /// Gives the next row of the run that comes first its rank.
    private mutating func take(_ number: Int) {
        let row = Int(runs[number].order[runs[number].done])
        let key = runs[number].keys.removeLast()
        if key != last { (rank, last) = (rank + 1, key) }
        ranks[row] = rank
        runs[number].done += 1
        if runs[number].keys.isEmpty {
            heads.swapAt(0, heads.count - 1)
            heads.removeLast()
            if runs[number].done < runs[number].order.count { bare.append(number) }
        }
        sink()
    }

    /// Puts the first of the heap where it belongs.
    private mutating func sink() {
        var place = 0
        while true {
            var least = place
            for child in (2 * place + 1)...(2 * place + 2) where child < heads.count {
                if precedes(heads[child], heads[least]) { least = child }
            }
            guard least != place else { return }
            heads.swapAt(place, least)
            place = least
        }
    }

    private func precedes(_ first: Int, _ second: Int) -> Bool {
        guard let a = runs[first].keys.last, let b = runs[second].keys.last else { return false }
        return a < b
    }
}
