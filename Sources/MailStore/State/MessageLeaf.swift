// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import MailTypes

/// Messages of a `MessageTable` that lie behind each other, and how many of them have not `\Seen`.
struct MessageLeaf {
    private(set) var entries: [MessageEntry]
    private(set) var unseen: Int

    init(_ entries: [MessageEntry]) {
        self.entries = entries
        unseen = entries.count(where: \.isUnseen)
    }

    var count: Int { entries.count }
    var firstUnseen: Int? { entries.firstIndex(where: \.isUnseen) }

    subscript(offset: Int) -> MessageEntry {
        get { entries[offset] }
        _modify {
            let wasUnseen = entries[offset].isUnseen
            defer { unseen += (entries[offset].isUnseen ? 1 : 0) - (wasUnseen ? 1 : 0) }
            yield &entries[offset]
        }
    }

    mutating func insert(_ entry: MessageEntry, at offset: Int) {
        entries.insert(entry, at: offset)
        if entry.isUnseen { unseen += 1 }
    }

    /// Leaves the first half, and gives the other.
    mutating func split() -> MessageLeaf {
        let rest = MessageLeaf(Array(entries[(entries.count / 2)...]))
        entries.removeLast(rest.count)
        unseen -= rest.unseen
        return rest
    }

    /// Takes out what lies at `places` of a table in which this one begins at `start`.
    mutating func remove(at places: ArraySlice<Int>, startingAt start: Int) {
        var kept = 0
        var gone = places
        for offset in entries.indices {
            if gone.first == start + offset {
                gone = gone.dropFirst()
                if entries[offset].isUnseen { unseen -= 1 }
            } else {
                if kept != offset { entries[kept] = entries[offset] }
                kept += 1
            }
        }
        entries.removeLast(entries.count - kept)
    }
}

extension MessageEntry {
    fileprivate var isUnseen: Bool { !systemFlags.contains(.seen) }
}
