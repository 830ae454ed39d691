// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

package import MailTypes

/// UIDs that were expunged, by the mod-sequence at which they were (RFC 7162 §3.2.10).
///
/// Exact for a week, unless more than `maximumEntries` expunges were made in it. What is older is joined under the later
/// mod-sequence once there are `keptEntries`, which may name a UID again to one who knows already, and never hides one.
package struct VanishedLog: Sendable, Hashable {
    /// So many entries stay as they are, however old.
    package static let keptEntries = 4096
    package static let maximumEntries = 16_384

    package struct Entry: Sendable, Hashable {
        package var modSeq: ModSeq
        package var uids: UIDSet
        /// Since 1970; 0 when it is not known.
        package var seconds: Int64

        package init(modSeq: ModSeq, uids: UIDSet, seconds: Int64 = 0) {
            self.modSeq = modSeq
            self.uids = uids
            self.seconds = seconds
        }
    }

    /// By ascending mod-sequence.
    package private(set) var entries: [Entry] = []
    /// From this mod-sequence on, every expunge is remembered with its own.
    package private(set) var exactSince = ModSeq.zero

    package init(entries: [Entry] = [], exactSince: ModSeq = .zero) {
        self.entries = entries
        self.exactSince = exactSince
    }

    mutating func add(_ uids: UIDSet, at modSeq: ModSeq, seconds: Int64 = 0) {
        entries.append(Entry(modSeq: max(modSeq, entries.last?.modSeq ?? .zero), uids: uids, seconds: seconds))
        guard entries.count > Self.keptEntries else { return }
        let half = Self.keptEntries / 2
        let isOld = entries[half - 1].seconds < seconds &- ArrivalLog.memorySeconds || seconds == 0
        if isOld { join(half) } else if entries.count > Self.maximumEntries { join(Self.maximumEntries / 2) }
    }

    private mutating func join(_ count: Int) {
        let last = entries[count - 1]
        let joined = UIDSet(entries[..<count].flatMap(\.uids.ranges))
        entries.replaceSubrange(..<count, with: [Entry(modSeq: last.modSeq, uids: joined, seconds: last.seconds)])
        exactSince = last.modSeq
    }

    /// O(entries).
    func contains(_ uid: UID) -> Bool { entries.contains { $0.uids.contains(uid) } }

    func since(_ modSeq: ModSeq) -> UIDSet {
        var (low, high) = (0, entries.count)
        while low < high {
            let middle = (low + high) / 2
            if entries[middle].modSeq <= modSeq { low = middle + 1 } else { high = middle }
        }
        return UIDSet(entries[low...].flatMap(\.uids.ranges))
    }
}
