// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import ByteTools
internal import Glibc
internal import Journal
internal import MailStore
internal import Runtime

/// Copies or reads whole files in pieces, and sums them.
///
/// Blocks; ends early when the run is cancelled.
struct FileCopy {
    private static let pieceOctets = 1 << 20
    let run: UpkeepRun
    /// Told of octets as they are read.
    let advance: (UInt64) -> Void

    /// Copies the first `count` octets of a file to a new one, on disk when this returns.
    ///
    /// Returns their SHA-256. Throws when there are fewer.
    func copy(_ source: String, to target: String, count: UInt64) throws -> [UInt8] {
        let output = unsafe open(target, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
        guard output >= 0 else { throw Self.failure("open", target) }
        defer { close(output) }
        let digest = try read(source, count: count) { bytes in try Self.write(bytes, to: output, target) }
        guard fsync(output) == 0 else { throw Self.failure("fsync", target) }
        return digest
    }

    /// Makes a file, in the place of one that is there, on disk when this returns.
    func write(_ bytes: [UInt8], to target: String) throws {
        let output = unsafe open(target, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o600)
        guard output >= 0 else { throw Self.failure("open", target) }
        defer { close(output) }
        try Self.write(bytes, to: output, target)
        guard fsync(output) == 0 else { throw Self.failure("fsync", target) }
    }

    /// The SHA-256 of the first `count` octets of a file.
    func digest(_ path: String, count: UInt64) throws -> [UInt8] { try read(path, count: count) { _ in } }

    private func read(_ path: String, count: UInt64, _ visit: ([UInt8]) throws -> Void) throws -> [UInt8] {
        let file = try SummedFile(path)
        var done: UInt64 = 0
        while done < count {
            try run.checkCancelled()
            let bytes = try file.next(Int(min(UInt64(Self.pieceOctets), count - done)))
            try visit(bytes)
            done += UInt64(bytes.count)
            advance(UInt64(bytes.count))
            run.pace(UInt64(bytes.count))
        }
        return file.sum()
    }

    private static func write(_ bytes: [UInt8], to output: Int32, _ path: String) throws {
        var failed = false
        unsafe bytes.withUnsafeBytes { buffer in
            var done = 0
            while done < buffer.count, let base = buffer.baseAddress {
                let result = unsafe Glibc.write(output, base + done, buffer.count - done)
                if result < 0, errno == EINTR { continue }
                guard result > 0 else {
                    failed = true
                    return
                }
                done += result
            }
        }
        if failed { throw failure("write", path) }
    }

    static func failure(_ call: String, _ path: String) -> MailStoreError {
        let number = errno
        let isFull = number == ENOSPC || number == EDQUOT
        return MailStoreError(
            isFull ? .storageFull : .unavailable,
            isFull ? "the disk is full" : "a file cannot be written or read",
            detail: "\(call) of \(path): errno \(number)"
        )
    }
}
