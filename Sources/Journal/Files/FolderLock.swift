// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import Glibc
internal import Locking

/// Keeps other processes off a folder of journals.
///
/// The kernel lets go of it when the process ends, however it ends.
package final class FolderLock: Sendable {
    private let descriptor: Lock<Int32>

    /// Waits up to two seconds for an owner that is ending.
    ///
    /// Throws `.system` with EWOULDBLOCK when it does not end. Blocks.
    package init(_ directory: String) throws(JournalError) {
        let file = unsafe open(directory + "/lock", O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
        guard file >= 0 else { throw .last("open") }
        var tries = 100
        while flock(file, LOCK_EX | LOCK_NB) != 0 {
            tries -= 1
            let number = errno
            guard number == EWOULDBLOCK || number == EINTR, tries > 0 else {
                close(file)
                throw .system(errno: number, call: "flock")
            }
            usleep(20_000)
        }
        descriptor = Lock(file)
    }

    deinit { release() }

    package func release() {
        let file = descriptor.withLock { file in
            defer { file = -1 }
            return file
        }
        if file >= 0 { close(file) }
    }
}
