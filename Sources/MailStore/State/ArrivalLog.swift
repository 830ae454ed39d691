// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import MailTypes

/// What UIDNEXT was at which mod-sequence, so that a view of the past can be rebuilt.
///
/// Exact for a week, unless more than `maximumEntries` messages came in it; then for the last three quarters of so many.
package struct ArrivalLog: Sendable, Hashable {
    package static let maximumEntries = 16_384
    /// How long a view can be rebuilt.
    package static let memorySeconds: Int64 = 7 * 86_400

    struct Entry: Sendable, Hashable {
        var modSeq: ModSeq
        /// After the arrival; at most 2^32.
        var uidNext: UInt64
        /// Since 1970.
        var seconds: Int64
    }

    /// By ascending mod-sequence.
    private(set) var entries: [Entry] = []
    /// What was forgotten last: from this mod-sequence on, what is answered is true.
    private(set) var floor = Entry(modSeq: .zero, uidNext: 1, seconds: 0)

    init() {}

    init(floor: Entry, entries: [Entry]) {
        self.floor = floor
        self.entries = entries
    }

    mutating func add(_ modSeq: ModSeq, uidNext: UInt64, seconds: Int64) {
        let entry = Entry(modSeq: max(modSeq, entries.last?.modSeq ?? floor.modSeq), uidNext: uidNext, seconds: seconds)
        if entries.last?.modSeq == entry.modSeq {
            entries[entries.count - 1] = entry
        } else {
            entries.append(entry)
        }
        let middle = entries.count / 2
        if entries.count >= 64, entries[middle].seconds < seconds &- Self.memorySeconds { forget(middle + 1) }
        if entries.count > Self.maximumEntries { forget(Self.maximumEntries / 4) }
    }

    private mutating func forget(_ count: Int) {
        floor = entries[count - 1]
        entries.removeFirst(count)
    }

    /// UIDNEXT as of a mod-sequence; `nil` when that is forgotten.
    func uidNext(at modSeq: ModSeq) -> UInt64? {
        guard modSeq >= floor.modSeq else { return nil }
        var (low, high) = (0, entries.count)
        while low < high {
            let middle = (low + high) / 2
            if entries[middle].modSeq <= modSeq { low = middle + 1 } else { high = middle }
        }
        return low > 0 ? entries[low - 1].uidNext : floor.uidNext
    }
}
