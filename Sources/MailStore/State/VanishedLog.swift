// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

package import MailTypes

/// UIDs that were expunged, by the mod-sequence at which they were (RFC 7162 §3.2.10).
///
/// Bounded: the oldest entries are joined under the later mod-sequence, which may name a UID again to one who knows
/// already, and never hides one.
package struct VanishedLog: Sendable, Hashable {
    package static let maximumEntries = 4096

    package struct Entry: Sendable, Hashable {
        package var modSeq: ModSeq
        package var uids: UIDSet

        package init(modSeq: ModSeq, uids: UIDSet) {
            self.modSeq = modSeq
            self.uids = uids
        }
    }

    /// By ascending mod-sequence.
    package private(set) var entries: [Entry] = []

    package init(entries: [Entry] = []) { self.entries = entries }

    mutating func add(_ uids: UIDSet, at modSeq: ModSeq) {
        entries.append(Entry(modSeq: max(modSeq, entries.last?.modSeq ?? .zero), uids: uids))
        guard entries.count > Self.maximumEntries else { return }
        let half = Self.maximumEntries / 2
        let joined = UIDSet(entries[..<half].flatMap(\.uids.ranges))
        entries.replaceSubrange(..<half, with: [Entry(modSeq: entries[half - 1].modSeq, uids: joined)])
    }

    func since(_ modSeq: ModSeq) -> UIDSet {
        var (low, high) = (0, entries.count)
        while low < high {
            let middle = (low + high) / 2
            if entries[middle].modSeq <= modSeq { low = middle + 1 } else { high = middle }
        }
        return UIDSet(entries[low...].flatMap(\.uids.ranges))
    }
}
