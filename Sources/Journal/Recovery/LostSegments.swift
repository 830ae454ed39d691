// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import Glibc

// Segments whose whole file is gone, though nobody removed them.

extension SegmentTable {
    /// So many are made again at one start.
    private static let mostRestored = 1 << 10

    /// Segments that are not there and were not removed, by the last record that tells which were; none where there is no
    /// such record, as in a journal that an earlier release left.
    ///
    /// - Parameter head: where that record is, by the headers that were read.
    func missing(by head: RecordPosition?) -> [ClosedRange<UInt32>] {
        let absent = RemovedSegments(absentFrom: numbers)
        guard !absent.ranges.isEmpty, let removed = lastRemoved(head) else { return [] }
        // A file under a number far ahead was not written by this journal.
        return removed.missing(from: absent).filter { $0.count <= EndBounds.largestJump }
    }

    private func lastRemoved(_ head: RecordPosition?) -> RemovedSegments? {
        if let head, let found = removed(at: head) { return found }
        // Each segment begins with what was removed until then.
        for number in numbers.reversed() {
            let first = RecordPosition(segment: number, offset: 0)
            guard let seal = try? record(at: first)?.header else { continue }
            if let found = removed(at: first) ?? removed(at: RecordPosition(segment: number, offset: seal.end)) {
                return found
            }
        }
        return nil
    }

    private func removed(at position: RecordPosition) -> RemovedSegments? {
        guard let found = try? record(at: position), found.header.kind == RecordKind.removed else { return nil }
        return found.metadata.map { RemovedSegments($0) }
    }

    /// Makes files of zeros for segments that are missing, as long as they were: so their records have a place, sidecars
    /// that are left count again, and whatever refers to them finds that they are lost.
    ///
    /// Returns what is lost. Where a file cannot be made, its number stays known as missing. Blocks.
    func restore(_ missing: [ClosedRange<UInt32>], options: JournalOptions) -> [JournalRecovery.Damage] {
        var lost: [JournalRecovery.Damage] = []
        var failed: [ClosedRange<UInt32>] = []
        for range in missing {
            for number in range {
                guard lost.count < Self.mostRestored,
                    let file = try? SegmentFile.createUnsynced(number, in: directory)
                else {
                    failed.append(number...range.upperBound)
                    break
                }
                add(file)
                lost.append(JournalRecovery.Damage(segment: number, octets: 0..<lengthen(file, options)))
            }
        }
        // A name that is not on disk yet is missing again after a power cut.
        try? Directories.sync(directory)
        setMissing(failed)
        return lost
    }

    /// Makes the file as long as the segment was, by the next one or the sidecar, or else as one usually is.
    private func lengthen(_ file: SegmentFile, _ options: JournalOptions) -> UInt64 {
        let sidecar = SegmentIndex.knownEnd(of: file.number, in: directory, identity)
        let end = min(sealedEnd(of: file.number) ?? sidecar ?? options.usualOctets, largestOctets)
        _ = file.lengthen(to: end, faults: options.faults)
        return end
    }
}
