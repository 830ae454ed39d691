// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import Glibc

/// A file without a name, for octets that are too many for memory; gone when the last reference is.
///
/// Written by one thread, then shared and only read.
final class TemporaryFile: Sendable {
    /// What a crash between making the file and unlinking it may leave behind ends so.
    static let suffix = ".spill"
    let descriptor: Int32

    init(in directory: String) throws(JournalError) {
        let path = "\(directory)/\(UInt64.random(in: .min ... .max))\(Self.suffix)"
        descriptor = unsafe open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { throw .last("open") }
        unsafe unlink(path)
    }

    deinit { close(descriptor) }

    func write(_ bytes: [UInt8], at offset: UInt64) throws(JournalError) {
        var done = 0
        while done < bytes.count {
            let result = unsafe bytes.withUnsafeBytes { buffer in
                unsafe buffer.baseAddress.map { base in
                    unsafe pwrite(descriptor, base + done, buffer.count - done, off_t(clamping: offset + UInt64(done)))
                } ?? 0
            }
            if result < 0, errno == EINTR { continue }
            guard result >= 0 else { throw .last("pwrite") }
            guard result > 0 else { throw .full(errno: ENOSPC) }
            done += result
        }
    }
}
