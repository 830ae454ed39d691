// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import Glibc
internal import Locking

/// A segment that is never written to again, except by being deleted.
package struct SegmentSummary: Sendable, Hashable {
    package var number: UInt32
    /// Octets on disk.
    package var octets: UInt64

    package init(number: UInt32, octets: UInt64) {
        self.number = number
        self.octets = octets
    }
}

extension Journal {
    /// The segments that are never written to again, ascending.
    ///
    /// Blocks for the time of an `open` each, where they are not open.
    package var sealedSegments: [SegmentSummary] {
        segments.sealed.compactMap { number in
            (try? segments.file(number).size()).map { SegmentSummary(number: number, octets: $0) }
        }
    }

    /// The segment that is written to: the last one; 1 in an empty journal.
    package var activeSegment: UInt32 { segments.numbers.last ?? 1 }

    /// Leaves the active segment for a new one, so that it becomes sealed, when it has records.
    ///
    /// Appends that were answered before are in the sealed one. When it throws, the segment may have been left all the
    /// same; it counts as sealed once the next append has begun a new one.
    package func seal() async throws(JournalError) {
        let outcome = await unsafe withUnsafeContinuation { continuation in
            writer.seal { unsafe continuation.resume(returning: $0) }
        }
        try outcome.get()
    }

    /// Deletes a sealed segment for good; does nothing when it is not there.
    ///
    /// A record says so first, for a segment that is gone without one counts as lost. Who has it open goes on reading;
    /// reading from it later throws `.lost`. The caller has copied what is still needed and holds no address into it; the
    /// last record of a stream may go only when no other segment has records of that stream, or when recovery would take
    /// one of those for the last. Throws `.system(EBUSY)` for the active segment, `.closed` for a journal that is. Blocks
    /// until the writer has that record on disk; it syncs the folder.
    package func remove(segment number: UInt32) throws(JournalError) {
        guard segments.contains(number) else { return }
        guard segments.sealed.contains(number) else { throw .system(errno: EBUSY, call: "unlink") }
        try settleEnds(namedBy: number)
        segments.setGoing(number, true)
        do throws(JournalError) {
            try noteRemoval()
            let isGone = unsafe unlink(SegmentFile.path(number, in: directory)) == 0 || errno == ENOENT
            guard isGone else { throw .last("unlink") }
        } catch {
            segments.setGoing(number, false)
            throw error
        }
        segments.remove(number)
        unsafe unlink(SegmentIndex.path(number, in: directory))
        try Directories.sync(directory)
    }

    /// One after the other, so that the last record and the file have all of them.
    ///
    /// Where the disk is full even for a record, the file `removed` has its room already, and the record is owed.
    private func noteRemoval() throws(JournalError) {
        try removals.withLock { _ throws(JournalError) in
            let (file, removed) = (RemovedFile(directory, identity), segments.removed)
            do throws(JournalError) {
                let append = AwaitedAppend()
                let record = JournalRecord(kind: RecordKind.removed, stream: 0, metadata: removed.encode())
                submit([record]) { append.set($0) }
                _ = try append.wait().get()
                file.save(removed)
            } catch {
                guard case .full = error, file.save(removed, durable: true) else { throw error }
                segments.owesRemoved = true
            }
        }
    }

    /// What tells another folder with copies of all segments which are not there since they were removed: the file
    /// `removed`, made anew.
    package var removedFile: (name: String, octets: [UInt8]) {
        (RemovedFile.name, RemovedFile(directory, identity).encode(segments.removed))
    }

    /// Makes files end where a segment's first record says that those segments do, before that record goes.
    ///
    /// What follows the end of one would be taken for records again; what is missing before it would not be known to be
    /// lost.
    private func settleEnds(namedBy number: UInt32) throws(JournalError) {
        let first = RecordPosition(segment: number, offset: 0)
        guard let entry = try segments.record(at: first), entry.header.kind == RecordKind.seal,
            let metadata = entry.metadata
        else { return }
        for end in SegmentSeal(metadata).ends where end.segment < number && segments.contains(end.segment) {
            let file = try SegmentFile.openForWriting(end.segment, in: directory)
            if try file.size() > end.offset {
                guard ftruncate(file.descriptor, off_t(clamping: end.offset)) == 0 else { throw .last("ftruncate") }
            } else if end.offset <= segments.largestOctets {
                _ = file.lengthen(to: end.offset, faults: options.faults)
            }
            guard fsync(file.descriptor) == 0 else { throw .last("fsync") }
        }
    }
}
