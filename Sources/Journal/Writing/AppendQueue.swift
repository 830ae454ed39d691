// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import Glibc

/// What waits for the writer thread, which sleeps here while nothing does.
@safe
final class AppendQueue: @unchecked Sendable {
    typealias Completion = @Sendable (Result<[RecordPosition], JournalError>) -> Void
    typealias Sealing = @Sendable (Result<Void, JournalError>) -> Void

    struct Entry {
        var append: PreparedAppend
        var completion: Completion
    }

    enum Work {
        case batch([Entry])
        /// The active segment is to be left.
        case seal([Sealing])
        case close(inOrder: Bool, @Sendable () -> Void)
    }

    // Safe to share: everything below is read and written under `mutex`; `condition` is only used with it.
    private let mutex = UnsafeMutablePointer<pthread_mutex_t>.allocate(capacity: 1)
    private let condition = UnsafeMutablePointer<pthread_cond_t>.allocate(capacity: 1)
    private var waiting: [Entry] = []
    private var next = 0
    private var sealing: [Sealing] = []
    private var closing: (inOrder: Bool, done: @Sendable () -> Void)?
    private var isClosed = false
    private var isWriterAsleep = false

    init() {
        unsafe mutex.initialize(to: pthread_mutex_t())
        unsafe condition.initialize(to: pthread_cond_t())
        unsafe pthread_mutex_init(mutex, nil)
        unsafe pthread_cond_init(condition, nil)
    }

    deinit {
        unsafe pthread_cond_destroy(condition)
        unsafe pthread_mutex_destroy(mutex)
        unsafe condition.deallocate()
        unsafe mutex.deallocate()
    }

    /// False when the queue is closed; the completion is then not called.
    func add(_ entry: Entry) -> Bool {
        unsafe pthread_mutex_lock(mutex)
        defer { unsafe pthread_mutex_unlock(mutex) }
        guard !isClosed else { return false }
        waiting.append(entry)
        if isWriterAsleep { unsafe pthread_cond_signal(condition) }
        return true
    }

    /// False when the queue is closed; the completion is then not called.
    func seal(_ completion: @escaping Sealing) -> Bool {
        unsafe pthread_mutex_lock(mutex)
        defer { unsafe pthread_mutex_unlock(mutex) }
        guard !isClosed else { return false }
        sealing.append(completion)
        if isWriterAsleep { unsafe pthread_cond_signal(condition) }
        return true
    }

    /// False when it was closed before.
    func close(inOrder: Bool, _ done: @escaping @Sendable () -> Void) -> Bool {
        unsafe pthread_mutex_lock(mutex)
        defer { unsafe pthread_mutex_unlock(mutex) }
        guard !isClosed else { return false }
        (isClosed, closing) = (true, (inOrder, done))
        unsafe pthread_cond_signal(condition)
        return true
    }

    /// How many appends wait.
    private var count: Int {
        unsafe pthread_mutex_lock(mutex)
        defer { unsafe pthread_mutex_unlock(mutex) }
        return waiting.count - next
    }

    /// Gives others a moment to join the next batch, where the batch before had several.
    ///
    /// A sync costs the same for one as for many. At most 0.3 ms, and none for who writes alone.
    func gather(_ expected: Int) {
        guard expected > 3 else { return }
        for _ in 0..<3 where count < expected { usleep(100) }
    }

    /// Waits for work.
    ///
    /// A batch holds at least one append, and further ones up to `limit` octets; one with a body in a file comes alone.
    func take(limit: UInt64) -> Work {
        unsafe pthread_mutex_lock(mutex)
        defer { unsafe pthread_mutex_unlock(mutex) }
        while next == waiting.count || !sealing.isEmpty {
            if !sealing.isEmpty {
                defer { sealing = [] }
                return .seal(sealing)
            }
            if let closing { return .close(inOrder: closing.inOrder, closing.done) }
            isWriterAsleep = true
            unsafe pthread_cond_wait(condition, mutex)
            isWriterAsleep = false
        }
        let first = next
        var octets: UInt64 = 0
        while next < waiting.count {
            let append = waiting[next].append
            let isAlone = append.isStreamed && next > first
            guard next == first || (octets &+ append.length <= limit && !isAlone) else { break }
            octets &+= append.length
            next += 1
            if append.isStreamed { break }
        }
        let batch = Array(waiting[first..<next])
        if next == waiting.count {
            waiting.removeAll(keepingCapacity: waiting.capacity < 4096)
            next = 0
        } else if next > 1024 {
            waiting.removeFirst(next)
            next = 0
        }
        return .batch(batch)
    }
}
