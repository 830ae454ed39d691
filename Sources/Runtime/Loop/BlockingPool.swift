// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import CUV
internal import Glibc
internal import Locking

/// A few threads for calls that block (disk, SQLite, password hashing), so that no event loop ever does.
///
/// `run` suspends the caller, runs the closure on a thread of the pool, and resumes the caller on its own executor.
@safe
package final class BlockingPool: @unchecked Sendable {
    // Safe to share: `state` is guarded by `mutex`; the condition is only used with it.
    private let mutex = UnsafeMutablePointer<pthread_mutex_t>.allocate(capacity: 1)
    private let condition = UnsafeMutablePointer<pthread_cond_t>.allocate(capacity: 1)
    private var work: [@Sendable () -> Void] = []
    private var next = 0
    private var idle = 0
    private var started = 0
    private let limit: Int
    private let name: String
    private let startThread: @Sendable (String, @escaping @Sendable () -> Void) -> Bool

    /// For short blocking calls of all parts: 8 threads, started when needed.
    package static let shared = BlockingPool(name: "blocking", threads: 8)

    /// - Parameters:
    ///   - threads: most at a time, 1 or more.
    ///   - startThread: for tests: false means that the system has no thread.
    package init(
        name: String,
        threads: Int,
        startThread: @escaping @Sendable (String, @escaping @Sendable () -> Void) -> Bool = Threads.tryStart
    ) {
        self.name = name
        self.startThread = startThread
        limit = max(1, threads)
        unsafe mutex.initialize(to: pthread_mutex_t())
        unsafe condition.initialize(to: pthread_cond_t())
        unsafe pthread_mutex_init(mutex, nil)
        unsafe pthread_cond_init(condition, nil)
    }

    /// Closures waiting for a thread.
    package var waiting: Int {
        unsafe pthread_mutex_lock(mutex)
        defer { unsafe pthread_mutex_unlock(mutex) }
        return work.count - next
    }

    package func run<Success: Sendable>(
        _ body: @escaping @Sendable () throws -> Success
    ) async throws -> Success {
        try await unsafe withUnsafeThrowingContinuation { (continuation: UnsafeContinuation<Success, any Error>) in
            submit { unsafe continuation.resume(with: Result(catching: body)) }
        }
    }

    /// As `run`, for closures that do not throw.
    package func run<Success: Sendable>(_ body: @escaping @Sendable () -> Success) async -> Success {
        await unsafe withUnsafeContinuation { (continuation: UnsafeContinuation<Success, Never>) in
            submit { unsafe continuation.resume(returning: body()) }
        }
    }

    /// Runs `body` on a thread of the pool, without waiting for it.
    package func submit(_ body: @escaping @Sendable () -> Void) {
        unsafe pthread_mutex_lock(mutex)
        work.append(body)
        let starts = work.count - next > idle && started < limit
        if starts { started += 1 }
        unsafe pthread_cond_signal(condition)
        unsafe pthread_mutex_unlock(mutex)
        if starts, !startThread(name, { self.serve() }) { goOnWithFewer() }
    }

    /// The system has no thread to give: those there are do the work; without any the caller takes a thread's place
    /// until nothing is left, so that a pool of one thread stays one.
    private func goOnWithFewer() {
        unsafe pthread_mutex_lock(mutex)
        if started == 1 {
            while next < work.count {
                let body = work[next]
                next += 1
                unsafe pthread_mutex_unlock(mutex)
                body()
                unsafe pthread_mutex_lock(mutex)
            }
            (work, next) = ([], 0)
        }
        started -= 1
        unsafe pthread_mutex_unlock(mutex)
    }

    private func serve() {
        while true { take()() }
    }

    private func take() -> @Sendable () -> Void {
        unsafe pthread_mutex_lock(mutex)
        defer { unsafe pthread_mutex_unlock(mutex) }
        idle += 1
        while next == work.count { unsafe pthread_cond_wait(condition, mutex) }
        idle -= 1
        let body = work[next]
        next += 1
        if next == work.count || next > 1024 {
            work.removeFirst(next)
            next = 0
        }
        return body
    }
}
