// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import Glibc

// Segments whose whole file is gone, though nobody removed them.

extension SegmentTable {
    /// So many are made again at one start.
    private static let mostRestored = 1 << 10

    /// Segments that are not there, or have no octet, and were not removed, by the last record and the file that tell
    /// which were.
    ///
    /// Where neither tells, as in a journal that an earlier release left, all that are not there were: then the file says
    /// so from now on. A file that tells nothing is written again, and a record that does not tell what the file does is
    /// owed. Blocks.
    ///
    /// - Parameters:
    ///   - head: where that record is, by the headers that were read.
    ///   - known: how far the journal went, by what is derived from its records.
    func missing(by head: RecordPosition?, _ known: KnownEnd?) -> [ClosedRange<UInt32>] {
        let empty = emptied(known)
        let absent = RemovedSegments(absentFrom: numbers.filter { !empty.contains($0) })
        let kept = RemovedFile(directory, identity)
        let saved = kept.load()
        if saved != nil, absent.ranges.isEmpty { return [] }
        let recorded = lastRemoved(head)
        if saved == nil { kept.save(recorded ?? removed) }
        guard saved != nil || recorded != nil else { return [] }
        if let saved, recorded?.rest(of: saved).ranges.isEmpty != true { owesRemoved = true }
        var missing = absent
        for known in [saved, recorded] { missing = known?.rest(of: missing) ?? missing }
        // A file under a number far ahead was not written by this journal.
        return missing.ranges.filter { $0.count <= EndBounds.largestJump }
    }

    /// Sealed segments without an octet that had some.
    ///
    /// Behind the last records that there are or were, nothing says so: such a one was left when its first commit failed.
    private func emptied(_ known: KnownEnd?) -> Set<UInt32> {
        let newest = numbers.last { ((try? file($0).size()) ?? 0) > 0 } ?? 0
        let used = sealed.prefix { $0 < newest || $0 <= known?.segment ?? 0 }
        return Set(used.filter { (try? file($0).size()) == 0 && sealedEnd(of: $0) != 0 })
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
                guard lost.count < Self.mostRestored, let file = emptyFile(number) else {
                    failed.append(number...range.upperBound)
                    break
                }
                let octets = 0..<lengthen(file, options)
                let before = unknownTail(of: number - 1, options)
                lost.append(JournalRecovery.Damage(segment: number, octets: octets, following: before))
            }
        }
        // A name that is not on disk yet is missing again after a power cut.
        try? Directories.sync(directory)
        setMissing(failed)
        return lost
    }

    private func emptyFile(_ number: UInt32) -> SegmentFile? {
        if contains(number) { return try? SegmentFile.openForWriting(number, in: directory) }
        guard let file = try? SegmentFile.createUnsynced(number, in: directory) else { return nil }
        add(file)
        return file
    }

    /// Makes the file as long as the segment was, by the next one or the sidecar.
    ///
    /// Where nothing tells, as much is lost as a segment usually has, and the file stays empty: the next start does the
    /// same with it.
    private func lengthen(_ file: SegmentFile, _ options: JournalOptions) -> UInt64 {
        let sidecar = SegmentIndex.knownEnd(of: file.number, in: directory, identity)
        guard let end = sealedEnd(of: file.number) ?? sidecar, end <= largestOctets else {
            let usual = min(options.usualOctets, largestOctets)
            setEnd(usual, of: file.number)
            return usual
        }
        _ = file.lengthen(to: end, faults: options.faults)
        return end
    }

    /// How much more a segment may have had, where the next one would have told and is lost.
    private func unknownTail(of number: UInt32, _ options: JournalOptions) -> UInt64 {
        guard contains(number), let size = try? file(number).size(), size > 0, sealedEnd(of: number) == nil,
            SegmentIndex.knownEnd(of: number, in: directory, identity) == nil
        else { return 0 }
        return options.usualOctets - min(options.usualOctets, size)
    }

    /// What is lost of sealed segments that are one hole: files that a start has made, and did not come to tell of.
    ///
    /// Blocks.
    func hollow() -> [JournalRecovery.Damage] {
        sealed.compactMap { number in
            guard let file = try? file(number), let size = try? file.size(), size > 0, file.firstData(from: 0) == nil
            else { return nil }
            return JournalRecovery.Damage(segment: number, octets: 0..<size)
        }
    }
}
