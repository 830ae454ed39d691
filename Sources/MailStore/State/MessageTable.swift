// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

/// The messages of a mailbox by ascending UID, as a value that is cheap to keep.
///
/// Kept in leaves of at most 256 messages. Whoever holds an earlier value (a session's view, a snapshot under way, a
/// search) shares the leaves that have not changed since: a change while others hold one copies a leaf and the list of
/// leaves, never all messages, so that what a delivery costs does not hang on how many messages lie in the mailbox and
/// how many sessions look at it.
package struct MessageTable: Sendable {
    /// 24 KiB: what the first change after a snapshot copies.
    static let maximumLeaf = 256

    /// None is empty, none is longer than `maximumLeaf`.
    private var leaves: [MessageLeaf] = []
    /// For each leaf, how many messages there are up to its end.
    private var ends: [Int] = []

    package init() {}

    package init(_ entries: some Sequence<MessageEntry>) {
        for entry in entries { append(entry) }
    }

    package mutating func append(_ entry: MessageEntry) {
        if let last = leaves.indices.last, leaves[last].count < Self.maximumLeaf {
            leaves[last].insert(entry, at: leaves[last].count)
            ends[last] += 1
        } else {
            leaves.append(MessageLeaf([entry]))
            ends.append((ends.last ?? 0) + 1)
        }
    }

    /// O(leaves).
    ///
    /// - Precondition: `place` is at most `count`.
    package mutating func insert(_ entry: MessageEntry, at place: Int) {
        guard place < count else { return append(entry) }
        let (leaf, offset) = locate(place)
        leaves[leaf].insert(entry, at: offset)
        if leaves[leaf].count > Self.maximumLeaf {
            let rest = leaves[leaf].split()
            leaves.insert(rest, at: leaf + 1)
        }
        renumber(from: leaf)
    }

    /// Takes messages out, which costs their leaves and the list of leaves.
    ///
    /// - Precondition: `places` ascend and are there.
    package mutating func remove(at places: [Int]) {
        guard let first = places.first else { return }
        let firstLeaf = locate(first).leaf
        var rest = places[...]
        var leaf = firstLeaf
        while let next = rest.first {
            if ends[leaf] <= next { leaf = locate(next).leaf }
            let start = ends[leaf] - leaves[leaf].count
            let own = rest.prefix { $0 < ends[leaf] }
            rest = rest.dropFirst(own.count)
            leaves[leaf].remove(at: own, startingAt: start)
        }
        leaves.removeAll { $0.count == 0 }
        renumber(from: firstLeaf)
        // Leaves that many deletions left nearly empty are joined; each time it pays for itself.
        if leaves.count > 4 + 4 * count / Self.maximumLeaf { self = MessageTable(self) }
    }

    private mutating func renumber(from leaf: Int) {
        ends.removeLast(ends.count - Swift.min(leaf, ends.count))
        for index in ends.count..<leaves.count { ends.append((ends.last ?? 0) + leaves[index].count) }
    }

    /// Place of the first message that has not `\Seen`, which every SELECT tells.
    ///
    /// O(leaves).
    package var firstUnseen: Int? {
        guard let leaf = leaves.firstIndex(where: { $0.unseen > 0 }) else { return nil }
        return leaves[leaf].firstUnseen.map { ends[leaf] - leaves[leaf].count + $0 }
    }

    /// The leaf of a place, and where in it.
    private func locate(_ place: Int) -> (leaf: Int, offset: Int) {
        // No leaf is longer than the maximum, so that it cannot be before this one; mostly it is this one.
        var low = place / Self.maximumLeaf
        if ends[low] <= place {
            var high = ends.count - 1
            low += 1
            while low < high {
                let middle = (low + high) / 2
                if ends[middle] <= place { low = middle + 1 } else { high = middle }
            }
        }
        return (low, place - (ends[low] - leaves[low].count))
    }
}

extension MessageTable: RandomAccessCollection, MutableCollection {
    package var startIndex: Int { 0 }
    package var endIndex: Int { ends.last ?? 0 }

    package subscript(place: Int) -> MessageEntry {
        get {
            let (leaf, offset) = locate(place)
            return leaves[leaf][offset]
        }
        _modify {
            let (leaf, offset) = locate(place)
            yield &leaves[leaf][offset]
        }
    }

    package func makeIterator() -> Iterator { Iterator(leaves) }

    /// From the first message to the last, a leaf at a time.
    package struct Iterator: IteratorProtocol {
        private let leaves: [MessageLeaf]
        private var leaf: [MessageEntry] = []
        private var offset = 0
        private var nextLeaf = 0

        fileprivate init(_ leaves: [MessageLeaf]) { self.leaves = leaves }

        package mutating func next() -> MessageEntry? {
            if offset == leaf.count {
                guard nextLeaf < leaves.count else { return nil }
                (leaf, offset) = (leaves[nextLeaf].entries, 0)
                nextLeaf += 1
            }
            defer { offset += 1 }
            return leaf[offset]
        }
    }
}

extension MessageTable: ExpressibleByArrayLiteral {
    package init(arrayLiteral elements: MessageEntry...) { self.init(elements) }
}

extension MessageTable: Hashable {
    /// The same messages in the same order, however they are divided into leaves.
    package static func == (left: MessageTable, right: MessageTable) -> Bool {
        left.count == right.count && left.elementsEqual(right)
    }

    package func hash(into hasher: inout Hasher) {
        hasher.combine(count)
        for entry in self { hasher.combine(entry) }
    }
}
