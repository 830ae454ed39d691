// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import Glibc
package import MailStore
internal import Runtime

/// Takes a backup, file by file, in order.
///
/// An error of a sink ends the backup.
package protocol BackupSink: Sendable {
    /// Said once, before the first file: so many octets are to come, but for the lists at the end.
    func announce(octets: UInt64) async throws
    /// A file begins, with its path below the backup's folder: so many octets follow.
    func begin(_ path: String, octets: UInt64) async throws
    func write(_ octets: [UInt8]) async throws
}

/// A file that is read from its start, piece by piece, and summed.
///
/// All calls block.
package final class SummedFile: @unchecked Sendable {
    // Safe to hand over: its one user waits for each call to end before it makes the next.
    private let path: String
    private let descriptor: Int32
    private let hasher = SHA256Hasher()

    /// Throws `.unavailable` when it cannot be opened.
    package init(_ path: String) throws(MailStoreError) {
        self.path = path
        descriptor = unsafe open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw FileCopy.failure("open", path) }
    }

    deinit { close(descriptor) }

    /// The next `size` octets.
    ///
    /// Throws `.damaged` when there are fewer, or the disk cannot read them.
    package func next(_ size: Int) throws(MailStoreError) -> [UInt8] {
        var failed: Int32 = 0
        let bytes = unsafe [UInt8](unsafeUninitializedCapacity: size) { buffer, filled in
            while filled < size, let base = buffer.baseAddress {
                let result = unsafe read(descriptor, base + filled, size - filled)
                if result < 0, errno == EINTR { continue }
                guard result > 0 else {
                    failed = result < 0 ? errno : 0
                    return
                }
                filled += result
            }
        }
        guard bytes.count == size else {
            throw MailStoreError(.damaged, "a file cannot be read", detail: "\(path): short, errno \(failed)")
        }
        hasher.add(bytes)
        return bytes
    }

    /// Octets of the whole file.
    package var size: UInt64 {
        var status = stat()
        return unsafe fstat(descriptor, &status) == 0 ? UInt64(max(0, status.st_size)) : 0
    }

    /// The SHA-256 of what was read; to be asked for once.
    package func sum() -> [UInt8] { hasher.finish() }
}
