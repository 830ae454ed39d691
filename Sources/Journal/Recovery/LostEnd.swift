// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import Glibc

extension RecordPosition {
    /// No header is beyond this: numbers that come from disk are held against it before anything is worked out of them.
    static let largestOffset: UInt64 = 1 << 56
}

extension SegmentFile {
    /// Makes the file as long as it was: zeros stand for what is lost, and every record keeps its place.
    ///
    /// False when the file system does not take it: then the file stays as it is.
    func lengthen(to end: UInt64, faults: JournalFaults?) -> Bool {
        guard let size = try? size() else { return false }
        guard size < end else { return true }
        return faults?.lengthen() ?? 0 == 0 && ftruncate(descriptor, off_t(clamping: end)) == 0
    }
}

extension SegmentTable {
    /// Where the file of the last segment is gone, an empty one takes its place.
    ///
    /// When a later one is there, it was removed because nothing in it was needed. Blocks.
    func restoreLast(_ known: KnownEnd) throws(JournalError) {
        guard known.segment > numbers.last ?? 0 else { return }
        add(try SegmentFile.create(known.segment, in: directory))
    }

    /// Where the last segment was full, and is cut, its sidecar knows where it ended, and what began there.
    ///
    /// Blocks.
    func takeEnd(_ known: KnownEnd) {
        guard known.isExact, known.segment == numbers.last, let size = try? file(known.segment).size(),
            size < known.octets, sidecarEnd(of: known.segment) == known.octets
        else { return }
        setEnd(known.octets, of: known.segment)
    }

    /// Makes sealed segments that were cut as long as they were, so that their sidecars count again; what is lost.
    ///
    /// Blocks; reads the first record of every segment.
    func restoreLengths(faults: JournalFaults?) -> [JournalRecovery.Damage] {
        var lost: [JournalRecovery.Damage] = []
        for number in sealed {
            var status = stat()
            guard unsafe stat(SegmentFile.path(number, in: directory), &status) == 0 else { continue }
            let size = UInt64(clamping: status.st_size)
            guard let end = sealedEnd(of: number) ?? sidecarEnd(of: number), end > size else { continue }
            // Where it cannot be, what is lost lies beyond the end of the file.
            _ = (try? SegmentFile.openForWriting(number, in: directory))?.lengthen(to: end, faults: faults)
            // Made of a file that was shorter, it is of no use, and is made anew.
            if sidecarEnd(of: number) != end { unsafe unlink(SegmentIndex.path(number, in: directory)) }
            lost.append(JournalRecovery.Damage(segment: number, octets: size..<end))
        }
        return lost
    }

    /// Whether a segment that cannot be made as long as it was went on to this place.
    func isBeyondFile(_ position: RecordPosition) -> Bool {
        guard let size = try? fileIfThere(position.segment)?.size(), position.offset >= size else { return false }
        return sealedEnd(of: position.segment).map { position.offset < $0 } ?? false
    }

    /// Where a segment ended when it was left, by what a later one says; `nil` when none does, or says what cannot be.
    ///
    /// Blocks.
    func sealedEnd(of number: UInt32) -> UInt64? {
        guard let end = end(of: number) ?? endInSeal(of: number), end <= largestOctets else { return nil }
        return end
    }

    private func sidecarEnd(of number: UInt32) -> UInt64? {
        guard let end = SegmentIndex.knownEnd(of: number, in: directory, identity), end <= largestOctets else {
            return nil
        }
        return end
    }

    private func endInSeal(of number: UInt32) -> UInt64? {
        for later in numbers(after: number, most: SegmentSeal.maximumEnds) {
            guard let found = try? record(at: RecordPosition(segment: later, offset: 0)),
                found.header.kind == RecordKind.seal, let metadata = found.metadata
            else { continue }
            if let end = SegmentSeal(metadata).ends.first(where: { $0.segment == number }) { return end.offset }
        }
        return nil
    }
}

/// What is where a record of a stream began.
package enum RecordTrace: Sendable {
    /// A record of the stream, whole or not.
    case there
    /// Octets of which no record can be read, and which are never written again.
    case lost
    /// Something else, or nothing.
    case other
}

extension Journal {
    /// What is where a record of a stream began.
    ///
    /// Blocks; reads the headers of the segment when there is none at this place.
    package func trace(of stream: UInt64, at position: RecordPosition) -> RecordTrace {
        guard position.offset <= segments.largestOctets else { return .other }
        if let found = try? segments.record(at: position) { return found.header.stream == stream ? .there : .other }
        guard var walk = try? segments.walk(position.segment) else { return .other }
        while let item = try? walk.next() {
            if case .damage(let range) = item, range.contains(position.offset) { return .lost }
        }
        return segments.isBeyondFile(position) ? .lost : .other
    }
}
