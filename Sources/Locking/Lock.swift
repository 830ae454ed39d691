// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import Glibc

/// A value that several threads share for short moments, behind a POSIX mutex.
///
/// POSIX and not `Synchronization.Mutex`, because the thread sanitizer sees into the first and reports every use of
/// the second. Never held across I/O, parsing, or a call into another part.
@safe
public final class Lock<State>: @unchecked Sendable {
    // Safe to share: `state` is read and written only between lock and unlock of `mutex`, which never moves.
    private let mutex: UnsafeMutablePointer<pthread_mutex_t>
    @usableFromInline var state: State

    /// Takes the value over: only `withLock` reaches it from then on.
    public init(_ state: sending State) {
        self.state = state
        unsafe mutex = .allocate(capacity: 1)
        unsafe mutex.initialize(to: pthread_mutex_t())
        unsafe pthread_mutex_init(mutex, nil)
    }

    deinit {
        unsafe pthread_mutex_destroy(mutex)
        unsafe mutex.deallocate()
    }

    /// Runs `body` alone with the value.
    ///
    /// Not re-entrant. Inlinable, so that a closure's values need no boxes.
    @inlinable
    public func withLock<Result, Failure: Error>(
        _ body: (inout sending State) throws(Failure) -> sending Result
    ) throws(Failure) -> sending Result {
        lock()
        defer { unlock() }
        return try body(&state)
    }

    @usableFromInline func lock() { unsafe pthread_mutex_lock(mutex) }
    @usableFromInline func unlock() { unsafe pthread_mutex_unlock(mutex) }
}
