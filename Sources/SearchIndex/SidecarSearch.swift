// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import CLinux
package import MessageFormat

/// One search over a sidecar, done in slices, so that no thread is held for long.
///
/// Safe to share because it is used by one slice after the other, never by two at a time; what it needs of the sidecar
/// is a value.
package final class SidecarSearch: @unchecked Sendable {
    /// A message to be looked at: its place in the caller's list, and where its text is.
    private struct Candidate {
        var block: UInt32
        var ordinal: UInt32
        var index: Int
    }

    /// What was done, for figures.
    package struct Effort: Sendable {
        package var blocks = 0
        package var filtersPassed = 0
        package var framesRead = 0
    }

    private let sidecar: TextSidecar
    private let search: TextSearch
    private let state: SidecarState
    private let files: SidecarFiles?
    /// Terms by what it costs to look for them: those in headers only come first.
    private let order: [Int]
    /// What the caller wants to know of: places in its list.
    private let wanted: [Int]
    private let key: (Int) -> TextKey
    private var placed = 0
    private var isPlaced = false
    private var hint = 0
    private var candidates: [Candidate] = []
    private var next = 0
    private var matches: [Int] = []
    private var leftOver: [Int] = []
    package private(set) var effort = Effort()
    /// Blocks that were found damaged.
    package private(set) var damaged = 0

    /// `key` names the message at each place of the caller's list that is to be looked at.
    ///
    /// Blocks.
    package init(
        _ sidecar: TextSidecar,
        _ search: TextSearch,
        _ indices: [Int],
        key: @escaping @Sendable (Int) -> TextKey
    ) {
        self.sidecar = sidecar
        self.search = search
        self.key = key
        wanted = indices
        state = sidecar.load()
        let opened = state.count > 0 ? SidecarFiles.open(sidecar.place) : nil
        files = opened.flatMap { [state] in $0.generation == state.generation ? $0 : nil }
        order = search.terms.indices.sorted {
            TextScan.regions(of: search.terms[$0].scope).last == .head
                && TextScan.regions(of: search.terms[$1].scope).last != .head
        }
        guard files != nil else {
            (leftOver, placed) = (indices, indices.count)
            return
        }
        candidates.reserveCapacity(indices.count)
    }

    /// Of the caller's list: those that match, and those of which nothing is known here, both ascending.
    ///
    /// Complete when `step` has answered true.
    package var result: (matches: [Int], leftOver: [Int]) { (matches.sorted(), leftOver.sorted()) }

    /// Finds out where the texts are.
    ///
    /// False when it was not done in time.
    private func place(until end: Int64) -> Bool {
        while placed < wanted.count {
            for index in wanted[placed..<min(placed + 4096, wanted.count)] {
                let (found, isThere) = state.find(key(index), near: hint)
                hint = found + 1
                guard isThere, state.places[found] != .message else {
                    leftOver.append(index)
                    continue
                }
                let place = state.places[found]
                candidates.append(Candidate(block: UInt32(place.block), ordinal: UInt32(place.ordinal), index: index))
            }
            placed = min(placed + 4096, wanted.count)
            guard placed < wanted.count else { break }
            if CLinux_monotonic_time() > end { return false }
        }
        let isOrdered = zip(candidates, candidates.dropFirst()).allSatisfy { $0.block <= $1.block }
        if !isOrdered { candidates.sort { $0.block < $1.block } }
        return true
    }

    /// Goes on for about `nanoseconds` and one block; true when the search is complete.
    ///
    /// Blocks.
    package func step(nanoseconds: Int64 = 20_000_000) -> Bool {
        let end = CLinux_monotonic_time() + nanoseconds
        guard isPlaced || place(until: end) else { return false }
        isPlaced = true
        while next < candidates.count {
            var last = next
            while last < candidates.count, candidates[last].block == candidates[next].block { last += 1 }
            look(at: candidates[next..<last])
            next = last
            if CLinux_monotonic_time() > end { break }
        }
        return next >= candidates.count
    }

    private func look(at some: ArraySlice<Candidate>) {
        guard let first = some.first, let files else { return }
        effort.blocks += 1
        let number = Int(first.block)
        let info = state.blocks[number]
        var work = BlockWork(search, info, files)
        guard let known = work.filter() else { return giveUp(some, info, number) }
        if !isOpen(some, known) { return take(some, known) }
        effort.filtersPassed += 1
        for term in order where known[term] == nil {
            guard work.scan(term) else { return giveUp(some, info, number) }
            if !isOpen(some, work) { break }
        }
        effort.framesRead += work.framesRead
        for candidate in some where value(candidate, work) == true { matches.append(candidate.index) }
    }

    /// The block is damaged: its messages are read themselves, and their texts are made again.
    private func giveUp(_ some: ArraySlice<Candidate>, _ info: BlockInfo, _ number: Int) {
        leftOver += some.map(\.index)
        damaged += 1
        sidecar.drop(info, at: number, generation: state.generation)
    }

    private func isOpen(_ some: ArraySlice<Candidate>, _ known: [Bool?]) -> Bool {
        some.contains { search.query.value(at: $0.index) { known[$0] } == nil }
    }

    private func take(_ some: ArraySlice<Candidate>, _ known: [Bool?]) {
        for candidate in some where search.query.value(at: candidate.index, { known[$0] }) == true {
            matches.append(candidate.index)
        }
    }

    private func isOpen(_ some: ArraySlice<Candidate>, _ work: BlockWork) -> Bool {
        some.contains { value($0, work) == nil }
    }

    private func value(_ candidate: Candidate, _ work: BlockWork) -> Bool? {
        search.query.value(at: candidate.index) { work.isFound($0, Int(candidate.ordinal)) }
    }
}

/// What is found out of one block, step by step, reading no more than is needed.
private struct BlockWork {
    private let search: TextSearch
    private let info: BlockInfo
    private let files: SidecarFiles
    private var known: [Bool?]
    /// For each term that was looked for, which messages have it.
    private var found: [[Bool]?]
    private var ends: [[Int]]?
    private var texts: [[UInt8]?] = [nil, nil]
    private(set) var framesRead = 0

    init(_ search: TextSearch, _ info: BlockInfo, _ files: SidecarFiles) {
        self.search = search
        self.info = info
        self.files = files
        known = search.terms.map { _ in nil }
        found = search.terms.map { _ in nil }
    }

    /// What the filters tell of each term: false for all messages of the block, or nothing.
    ///
    /// `nil` when the block is damaged.
    mutating func filter() -> [Bool?]? {
        var filters: [Int: GramFilter] = [:]
        for (number, term) in search.terms.enumerated() {
            let pattern = TextScan.pattern(of: term)
            guard !pattern.isEmpty else {
                known[number] = true
                continue
            }
            guard let width = GramFilter.width(for: pattern.count) else { continue }
            var passes = false
            for region in TextScan.regions(of: term.scope) where !passes {
                let index = BlockInfo.filterIndex(region, width)
                guard let filter = filters[index] ?? files.filter(info, region, width) else { return nil }
                filters[index] = filter
                passes = info.frames[region.rawValue].octets > 0 && filter.passes(pattern)
            }
            if !passes { known[number] = false }
        }
        return known
    }

    /// Looks for a term in the texts.
    ///
    /// False when the block is damaged.
    mutating func scan(_ term: Int) -> Bool {
        guard let ends = self.ends ?? readEnds() else { return false }
        self.ends = ends
        var hits = [Bool](repeating: false, count: Int(info.count))
        for region in TextScan.regions(of: search.terms[term].scope) {
            guard let text = texts[region.rawValue] ?? read(region), text.count >= ends[region.rawValue].last ?? 0
            else {
                return false
            }
            TextScan.scan(text, ends[region.rawValue], for: search.terms[term], &hits)
        }
        found[term] = hits
        return true
    }

    func isFound(_ term: Int, _ ordinal: Int) -> Bool? {
        if let known = known[term] { return known }
        guard let hits = found[term] else { return nil }
        return ordinal < hits.count && hits[ordinal]
    }

    private mutating func read(_ region: TextRegion) -> [UInt8]? {
        framesRead += 1
        let text = files.text(info, region)
        texts[region.rawValue] = text
        return text
    }

    private func readEnds() -> [[Int]]? {
        guard let list = files.list(info) else { return nil }
        var sums = [0, 0]
        var ends: [[Int]] = [[], []]
        for entry in list.entries {
            sums[0] += entry.headOctets
            sums[1] += entry.bodyOctets
            ends[0].append(sums[0])
            ends[1].append(sums[1])
        }
        return ends
    }
}
