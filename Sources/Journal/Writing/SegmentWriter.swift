// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import ByteTools
internal import Glibc
internal import Locking

/// Where the journal goes on after recovery.
struct JournalTail: Sendable {
    /// The last segment and where its valid records end; `nil` when there is none.
    var last: (number: UInt32, end: UInt64)?
    /// The last record.
    var lastRecord: RecordPosition?
    /// Segments that the next new record has to name the ends of.
    var owedSeal = SegmentSeal()
    /// What the next commit has to say is in doubt.
    var inDoubt = DoubtNote()
}

/// The writer thread's own: writes commits to the last segment, one sync each.
struct SegmentWriter {
    private let directory: String
    private let identity: JournalIdentity
    private let options: JournalOptions
    private let segments: SegmentTable
    private let indexer: SegmentIndexer
    private let heads: Lock<[UInt64: RecordPosition]>
    private let gather = WriteGather()
    private var checkpoint: HeadsCheckpoint

    private var file: SegmentFile?
    private var nextNumber: UInt32
    /// Where the next commit goes.
    private var offset: UInt64
    private var owedSeal: SegmentSeal
    private var owedDoubt: DoubtNote
    /// A start from a checkpoint would not see what is in doubt, and neither would one after an end in order.
    private var isInDoubt: Bool
    private var lastRecord: RecordPosition?
    /// The segment has more than the record that it begins with.
    private var hasRecords: Bool

    init(
        directory: String,
        identity: JournalIdentity,
        options: JournalOptions,
        segments: SegmentTable,
        indexer: SegmentIndexer,
        heads: Lock<[UInt64: RecordPosition]>,
        tail: JournalTail
    ) {
        self.directory = directory
        self.identity = identity
        self.options = options
        self.segments = segments
        self.indexer = indexer
        self.heads = heads
        checkpoint = HeadsCheckpoint(directory: directory, identity: identity)
        nextNumber = (segments.numbers.max() ?? 0) + 1
        offset = tail.last?.end ?? 0
        owedSeal = tail.owedSeal
        owedDoubt = tail.inDoubt
        isInDoubt = !tail.inDoubt.positions.isEmpty
        lastRecord = tail.lastRecord
        let last = tail.lastRecord
        hasRecords = last.map { $0.segment == tail.last?.number && ($0.offset > 0 || $0.segment == 1) } ?? false
        guard let last = tail.last else { return }
        // A full one was left, and its sidecar is written: it stays as that has it.
        let isFull = last.end >= options.segmentOctets
        file = isFull ? nil : try? SegmentFile.openForWriting(last.number, in: directory)
        segments.setDurable(last.end, of: last.number)
        if file == nil { owedSeal.ends.append(SegmentSeal.End(segment: last.number, offset: last.end)) }
    }

    /// Whether the file system has more room than is to be kept free.
    var hasRoom: Bool {
        var status = statvfs()
        guard unsafe statvfs(directory, &status) == 0 else { return true }
        let (octets, overflow) = UInt64(status.f_bavail).multipliedReportingOverflow(by: UInt64(status.f_frsize))
        return overflow || octets > options.reservedOctets
    }

    /// Writes and syncs appends as one commit; all or none.
    ///
    /// Returns the positions of each append's records.
    mutating func commit(_ appends: [PreparedAppend]) throws(JournalError) -> [[RecordPosition]] {
        let file = try currentFile()
        var batch = CommitBatch(identity: identity, segment: file.number, start: offset)
        // Of one segment alone none can be missing.
        let tellsRemoved = batch.segment > 1 && (offset == 0 || segments.owesRemoved && hasRoom)
        addOwn(to: &batch, tellsRemoved ? segments.removed : nil, besides: batch.smallOctets(of: appends))
        heads.withLock { heads in batch.place(appends, after: heads) }
        do throws(JournalError) {
            try batch.write(appends, with: gather, to: file, segments: segments, faults: options.faults)
        } catch {
            takeBack(file)
            throw error
        }
        try sync(file)
        lengthen(owedSeal)
        (owedSeal, owedDoubt) = (SegmentSeal(), DoubtNote())
        if tellsRemoved { segments.owesRemoved = false }
        if isInDoubt { isInDoubt = !appends.contains { $0.records.contains { $0.kind == RecordKind.doubt } } }
        offset = batch.end
        lastRecord = batch.last ?? lastRecord
        hasRecords = hasRecords || !appends.isEmpty
        segments.setDurable(offset, of: file.number)
        heads.withLock { heads in heads.merge(batch.heads) { $1 } }
        if offset >= options.segmentOctets { leave(file, endingAt: offset) }
        return batch.positions
    }

    /// Makes segments as long as they were, now that it is on disk that they were so.
    private func lengthen(_ seal: SegmentSeal) {
        for end in seal.ends where end.offset <= segments.largestOctets {
            guard let size = try? segments.file(end.segment).size(), size < end.offset else { continue }
            let file = try? SegmentFile.openForWriting(end.segment, in: directory)
            _ = file?.lengthen(to: end.offset, faults: options.faults)
            indexer.add(end.segment, endingAt: end.offset)
        }
    }

    /// What a segment begins with, and what a start has to say.
    private func addOwn(to batch: inout CommitBatch, _ removed: RemovedSegments?, besides octets: Int) {
        gather.reset(small: octets + owedSeal.octets + owedDoubt.octets + (removed?.octets ?? 0))
        if !owedSeal.ends.isEmpty { batch.add(RecordKind.seal, owedSeal.encode(), to: gather) }
        if let removed { batch.add(RecordKind.removed, removed.encode(), to: gather) }
        if !owedDoubt.positions.isEmpty { batch.add(RecordKind.doubt, owedDoubt.encode(), to: gather) }
    }

    /// Leaves the segment and begins the next one, when there is anything in it.
    mutating func seal() throws(JournalError) {
        if let file {
            guard hasRecords else { return }
            leave(file, endingAt: offset)
        }
        guard !owedSeal.ends.isEmpty else { return }
        _ = try commit([])
    }

    /// Marks the journal as closed in order, unless something is still in doubt.
    mutating func finish() {
        guard !isInDoubt else { return }
        let mark = JournalRecord(kind: RecordKind.closed, stream: 0, metadata: [])
        guard let append = try? PreparedAppend([mark], limits: options), (try? commit([append])) != nil else { return }
        saveHeads()
    }

    private mutating func saveHeads() {
        guard let lastRecord, !isInDoubt else { return }
        let from =
            file.map { RecordPosition(segment: $0.number, offset: offset) }
            ?? RecordPosition(segment: lastRecord.segment + 1, offset: 0)
        checkpoint.save(heads.withLock { $0 }, last: lastRecord, upTo: from)
    }

    private mutating func currentFile() throws(JournalError) -> SegmentFile {
        if let file { return file }
        // One beyond is not seen by the next start.
        guard nextNumber <= SegmentFile.largestNumber else { throw .tooLarge }
        let fault = options.faults?.create() ?? 0
        guard fault == 0 else { throw .from(fault, "open") }
        let created: SegmentFile
        do throws(JournalError) {
            created = try SegmentFile.create(nextNumber, in: directory)
        } catch {
            // A number is used up by a file that is there, and by nothing else: refusals leave no gap.
            if unsafe access(SegmentFile.path(nextNumber, in: directory), F_OK) == 0 { nextNumber += 1 }
            throw error
        }
        nextNumber += 1
        segments.add(created)
        (file, offset, hasRecords) = (created, 0, false)
        segments.setDurable(0, of: created.number)
        return created
    }

    private mutating func leave(_ left: SegmentFile, endingAt end: UInt64) {
        owedSeal = SegmentSeal([SegmentSeal.End(segment: left.number, offset: end)])
        file = nil
        indexer.add(left.number)
        saveHeads()
    }

    /// Takes back what a failed write left behind.
    ///
    /// When even that fails the segment is left, ending where it was good.
    private mutating func takeBack(_ file: SegmentFile) {
        guard ftruncate(file.descriptor, off_t(clamping: offset)) != 0 else { return }
        abandon(file)
    }

    /// A failed sync is never tried again: the kernel has forgotten which pages it could not write.
    ///
    /// The segment is left, unless nothing was ever written to it that has to stay: emptied, it is as good as a new one.
    private mutating func sync(_ file: SegmentFile) throws(JournalError) {
        let fault = options.faults?.sync() ?? 0
        if fault == 0, fdatasync(file.descriptor) == 0 { return }
        let error = JournalError.from(fault == 0 ? errno : fault, "fdatasync")
        let isCut = ftruncate(file.descriptor, off_t(clamping: offset)) == 0
        if !isCut || offset > 0 { abandon(file) }
        throw error
    }

    private mutating func abandon(_ abandoned: SegmentFile) {
        owedSeal.ends.append(SegmentSeal.End(segment: abandoned.number, offset: offset))
        segments.setEnd(offset, of: abandoned.number)
        file = nil
        indexer.add(abandoned.number)
    }
}
