// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import ByteTools
internal import Glibc
internal import Locking
internal import Runtime

// A journal: checksummed, append-only segments in one folder, with one writer thread that commits in groups.
//
// Invariants of this module:
// - What `append` answered is on disk (fdatasync) and is found again by every later `open`.
// - Records lie in the order in which `append` was called; the records of one call lie together.
// - A damaged octet harms the record it is in and nothing else: reading and recovery never stop at damage, and no octet
//   on disk can trap.
// - A segment that was left is never written again, except by being deleted.
// - The journal knows nothing of mail: a record has a kind, a stream (an account, a queue item), metadata and a body.

/// One journal folder, open for appending and reading.
///
/// Thread-safe.
package final class Journal: Sendable {
    package let directory: String
    package let identity: JournalIdentity
    let options: JournalOptions
    let segments: SegmentTable
    let writer: JournalWriter
    let indexer: SegmentIndexer
    /// Held while a record and the file say what is removed, so that these come in their order.
    let removals = Lock(())

    /// What `open` found.
    package let recovery: JournalRecovery

    private init(
        directory: String,
        identity: JournalIdentity,
        options: JournalOptions,
        segments: SegmentTable,
        writer: JournalWriter,
        indexer: SegmentIndexer,
        recovery: JournalRecovery
    ) {
        self.directory = directory
        self.identity = identity
        self.options = options
        self.segments = segments
        self.writer = writer
        self.indexer = indexer
        self.recovery = recovery
    }

    /// Opens the journal in `directory` (made when missing), cuts a torn tail off, and starts the writer.
    ///
    /// `witness` is asked for records that the caller knows to have been on disk: what of the last of them is not there
    /// counts as lost, and its place is not written again. When checkpoints are gone or damaged, it is asked for `all` that
    /// it can find out, and else for what it knows at once. Blocks for as long as
    /// recovery takes: not for event loops. One process may have a journal open at a time; the caller sees to that.
    package static func open(
        _ directory: String,
        identity: JournalIdentity,
        options: JournalOptions = JournalOptions(),
        witness: (_ all: Bool) -> [RecordPosition] = { _ in [] }
    ) throws(JournalError) -> Journal {
        try Directories.make(directory)
        for name in try Directories.entries(directory) where name.hasSuffix(TemporaryFile.suffix) {
            unsafe unlink("\(directory)/\(name)")
        }
        let segments = try SegmentTable(directory: directory, identity: identity, options: options)
        var pass = RecoveryPass(segments: segments, identity: identity, directory: directory, options: options)
        let recovery = try pass.run(witness: witness)
        let indexer = SegmentIndexer(segments)
        let writer = JournalWriter(
            directory: directory,
            identity: identity,
            options: options,
            segments: segments,
            indexer: indexer,
            heads: pass.heads,
            tail: pass.tail
        )
        writer.start()
        indexer.addMissing()
        for number in pass.unindexed { indexer.add(number) }
        // A full one was left. Where the end is lost, a sidecar made now would pass for one of the whole segment.
        if let last = pass.tail.last, last.end >= options.segmentOctets { indexer.add(last.number, endingAt: last.end) }
        return Journal(
            directory: directory,
            identity: identity,
            options: options,
            segments: segments,
            writer: writer,
            indexer: indexer,
            recovery: recovery
        )
    }

    /// Appends records, all or none.
    ///
    /// The order of the calls is the order in the journal. Never blocks: `completion` is called with where they are
    /// once they are on disk, on the writer's thread, in the order of the calls.
    ///
    /// An append with a body to be copied or compressed takes its turn when that has been done, on a blocking thread;
    /// calls that come meanwhile may be before it. Where bodies are that may have been compressed, `entry(at:)` says.
    package func submit(
        _ records: [JournalRecord],
        compression: BodyCompression = .none,
        completion: @escaping @Sendable (Result<[RecordPosition], JournalError>) -> Void
    ) {
        if BodyPreparation.isNeeded(records, compression) {
            return BlockingPool.shared.submit { [self] in prepare(records, compression, completion) }
        }
        do throws(JournalError) {
            writer.submit(try PreparedAppend(records, limits: options), completion: completion)
        } catch {
            completion(.failure(error))
        }
    }

    private func prepare(
        _ records: [JournalRecord],
        _ compression: BodyCompression,
        _ completion: @escaping @Sendable (Result<[RecordPosition], JournalError>) -> Void
    ) {
        var preparation = BodyPreparation(
            directory: directory,
            segments: segments,
            options: options,
            compression: compression
        )
        do throws(JournalError) {
            writer.submit(try preparation.prepare(records), completion: completion)
        } catch {
            completion(.failure(error))
        }
    }

    /// As `submit`, for tasks that need no order among themselves.
    package func append(
        _ records: [JournalRecord],
        compression: BodyCompression = .none
    ) async throws(JournalError) -> [RecordPosition] {
        let outcome = await unsafe withUnsafeContinuation { continuation in
            submit(records, compression: compression) { unsafe continuation.resume(returning: $0) }
        }
        return try outcome.get()
    }

    /// Says that whoever uses the journal has dealt with what `recovery.doubtful` names, and that this is on disk: the
    /// next start does not name it again.
    package func settleDoubt() async throws(JournalError) {
        guard !recovery.doubtful.isEmpty else { return }
        _ = try await append([JournalRecord(kind: RecordKind.doubt, stream: 0, metadata: [])])
    }

    /// The last record of a stream that is on disk; `nil` when it was removed with its segment.
    package func head(of stream: UInt64) -> RecordPosition? {
        writer.heads.withLock { $0[stream] }.flatMap { segments.contains($0.segment) ? $0 : nil }
    }

    /// The last record of all streams; later ones are behind it.
    package var lastHead: RecordPosition? { writer.heads.withLock { $0.values.max() } }

    /// Every stream whose last record is there, in no order.
    package var streams: [UInt64] {
        let present = Set(segments.numbers)
        return writer.heads.withLock { heads in
            heads.compactMap {
                $0.key != RemovedSegments.stream && present.contains($0.value.segment) ? $0.key : nil
            }
        }
    }

    /// Octets of all segments on disk.
    package var octetsOnDisk: UInt64 { segments.octetsOnDisk }

    /// Commits what is waiting, marks the journal as cleanly closed and ends the writer.
    ///
    /// Not `inOrder`, it makes no mark and no checkpoint: the next start finds everything that this one did. Later appends
    /// throw `.closed`.
    package func close(inOrder: Bool = true) async {
        await unsafe withUnsafeContinuation { continuation in
            writer.close(inOrder: inOrder) { unsafe continuation.resume() }
        }
        await indexer.stop()
    }

    /// Waits until the sidecars of all segments that were left are written, or could not be.
    package func indexed() async { await indexer.idle() }
}
