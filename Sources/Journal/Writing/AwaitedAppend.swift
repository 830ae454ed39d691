// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import Glibc

/// What became of an append, for a thread that may wait for it.
@safe
final class AwaitedAppend: @unchecked Sendable {
    // Safe to share: `outcome` is written once, before the semaphore is raised, and read once, after it was waited for.
    private let done = UnsafeMutablePointer<sem_t>.allocate(capacity: 1)
    private var outcome: Result<[RecordPosition], JournalError> = .failure(.closed)

    init() {
        unsafe done.initialize(to: sem_t())
        unsafe sem_init(done, 0, 0)
    }

    deinit {
        unsafe sem_destroy(done)
        unsafe done.deallocate()
    }

    /// To be called once.
    func set(_ outcome: Result<[RecordPosition], JournalError>) {
        self.outcome = outcome
        unsafe sem_post(done)
    }

    /// To be called once; blocks.
    func wait() -> Result<[RecordPosition], JournalError> {
        while unsafe sem_wait(done) != 0 {}
        return outcome
    }
}
