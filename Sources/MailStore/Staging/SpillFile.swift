// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import Glibc

/// A file without a name, for the octets of one large message: it is gone when its last user is, also after a kill.
final class SpillFile: Sendable {
    let descriptor: Int32

    init(in directory: String) throws(MailStoreError) {
        let path = "\(directory)/message-\(UInt64.random(in: .min ... .max))"
        descriptor = unsafe open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { throw Self.failure("open") }
        unsafe unlink(path)
    }

    deinit { close(descriptor) }

    func write(_ bytes: [UInt8]) throws(MailStoreError) {
        var failure: MailStoreError?
        unsafe bytes.withUnsafeBytes { buffer in
            var done = 0
            while done < buffer.count, let base = buffer.baseAddress {
                let result = unsafe Glibc.write(descriptor, base + done, buffer.count - done)
                if result < 0, errno == EINTR { continue }
                guard result > 0 else {
                    failure = Self.failure("write")
                    return
                }
                done += result
            }
        }
        if let failure { throw failure }
    }

    /// The file in memory, page by page as it is looked at, for the time of the call; `nil` when it cannot be had.
    func withBytes<Result>(_ count: UInt64, _ body: (RawSpan) -> Result) -> Result? {
        guard let length = Int(exactly: count), length > 0,
            let base = unsafe mmap(nil, length, PROT_READ, MAP_PRIVATE, descriptor, 0), unsafe base != MAP_FAILED
        else { return nil }
        defer { unsafe munmap(base, length) }
        return body(unsafe RawSpan(_unsafeStart: base, byteCount: length))
    }

    private static func failure(_ call: String) -> MailStoreError {
        let number = errno
        let isFull = number == ENOSPC || number == EDQUOT || number == EFBIG
        return MailStoreError(
            isFull ? .storageFull : .unavailable,
            isFull ? "the disk is full" : "the message cannot be kept",
            detail: "\(call) of a spill file: errno \(number)"
        )
    }
}
