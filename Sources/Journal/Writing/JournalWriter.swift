// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import Glibc
internal import Locking
internal import Runtime

/// The queue to the writer thread, and what the thread makes known.
final class JournalWriter: Sendable {
    let queue = AppendQueue()
    /// The last durable record of every stream.
    let heads: Lock<[UInt64: RecordPosition]>
    private let directory: String
    private let identity: JournalIdentity
    private let options: JournalOptions
    private let segments: SegmentTable
    private let indexer: SegmentIndexer
    private let tail: JournalTail

    init(
        directory: String,
        identity: JournalIdentity,
        options: JournalOptions,
        segments: SegmentTable,
        indexer: SegmentIndexer,
        heads: [UInt64: RecordPosition],
        tail: JournalTail
    ) {
        self.directory = directory
        self.identity = identity
        self.options = options
        self.segments = segments
        self.indexer = indexer
        self.heads = Lock(heads)
        self.tail = tail
    }

    func start() {
        Threads.start(name: "journal") { [self] in
            var log = SegmentWriter(
                directory: directory,
                identity: identity,
                options: options,
                segments: segments,
                indexer: indexer,
                heads: heads,
                tail: tail
            )
            serve(&log)
        }
    }

    func submit(_ append: PreparedAppend, completion: @escaping AppendQueue.Completion) {
        guard queue.add(AppendQueue.Entry(append: append, completion: completion)) else {
            return completion(.failure(.closed))
        }
    }

    func seal(_ completion: @escaping AppendQueue.Sealing) {
        if !queue.seal(completion) { completion(.failure(.closed)) }
    }

    func close(inOrder: Bool, _ done: @escaping @Sendable () -> Void) {
        if !queue.close(inOrder: inOrder, done) { done() }
    }

    private func serve(_ log: inout SegmentWriter) {
        var last = 0
        while true {
            queue.gather(last)
            last = 0
            switch queue.take(limit: UInt64(clamping: options.batchOctets)) {
            case .batch(let entries):
                last = entries.count
                commit(entries, to: &log)
            case .seal(let completions):
                let outcome = Result { () throws(JournalError) in try log.seal() }
                for completion in completions { completion(outcome) }
            case .close(let inOrder, let done):
                if inOrder { log.finish() }
                return done()
            }
        }
    }

    /// Commits a batch.
    ///
    /// When there is no room for all of it, the records without bodies (flags, expunge) get a second chance by
    /// themselves.
    private func commit(_ entries: [AppendQueue.Entry], to log: inout SegmentWriter) {
        var entries = entries
        if entries.contains(where: { $0.append.needsRoom }), !log.hasRoom {
            entries = refuseBodies(of: entries, with: .full(errno: ENOSPC))
        }
        guard !entries.isEmpty else { return }
        do throws(JournalError) {
            return complete(entries, with: try log.commit(entries.map(\.append)))
        } catch {
            guard case .full = error else { return fail(entries, with: error) }
            entries = refuseBodies(of: entries, with: error)
            guard !entries.isEmpty else { return }
            do throws(JournalError) {
                complete(entries, with: try log.commit(entries.map(\.append)))
            } catch {
                fail(entries, with: error)
            }
        }
    }

    private func refuseBodies(of entries: [AppendQueue.Entry], with error: JournalError) -> [AppendQueue.Entry] {
        fail(entries.filter { $0.append.needsRoom }, with: error)
        return entries.filter { !$0.append.needsRoom }
    }

    private func complete(_ entries: [AppendQueue.Entry], with positions: [[RecordPosition]]) {
        for (entry, places) in zip(entries, positions) { entry.completion(.success(places)) }
    }

    private func fail(_ entries: [AppendQueue.Entry], with error: JournalError) {
        for entry in entries { entry.completion(.failure(error)) }
    }
}
