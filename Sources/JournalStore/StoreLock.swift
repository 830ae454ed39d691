// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import Glibc
internal import Locking
internal import MailStore

/// Keeps other processes off a store folder.
///
/// The kernel lets go of it when the process ends, however it ends.
final class StoreLock: Sendable {
    private let descriptor: Lock<Int32>

    /// Waits up to two seconds for an owner that is ending.
    ///
    /// Blocks.
    init(_ directory: String) throws(MailStoreError) {
        let file = unsafe open(directory + "/lock", O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
        guard file >= 0 else {
            throw MailStoreError(
                .unavailable,
                "the store folder cannot be used",
                detail: "open of lock: errno \(errno)"
            )
        }
        var tries = 100
        while flock(file, LOCK_EX | LOCK_NB) != 0 {
            tries -= 1
            guard errno == EWOULDBLOCK || errno == EINTR, tries > 0 else {
                close(file)
                throw MailStoreError(.busy, "another process uses the store", detail: "flock of \(directory)/lock")
            }
            usleep(20_000)
        }
        descriptor = Lock(file)
    }

    deinit { release() }

    func release() {
        let file = descriptor.withLock { file in
            defer { file = -1 }
            return file
        }
        if file >= 0 { close(file) }
    }
}
