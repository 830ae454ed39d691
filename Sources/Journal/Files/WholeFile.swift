// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import Glibc

/// Small files that are read and replaced as a whole.
package enum WholeFile {
    /// The file's octets; `nil` when it is missing, unreadable, or larger than `maximum`.
    ///
    /// Blocks.
    package static func contents(_ path: String, maximum: Int = 1 << 32) -> [UInt8]? {
        let descriptor = unsafe open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { return nil }
        defer { close(descriptor) }
        var status = stat()
        guard unsafe fstat(descriptor, &status) == 0, let size = Int(exactly: status.st_size), size <= maximum else {
            return nil
        }
        var isWhole = true
        let bytes = unsafe [UInt8](unsafeUninitializedCapacity: size) { buffer, filled in
            while filled < size, let base = buffer.baseAddress {
                let result = unsafe Glibc.read(descriptor, base + filled, size - filled)
                if result < 0, errno == EINTR { continue }
                guard result > 0 else { break }
                filled += result
            }
            isWhole = filled == size
        }
        return isWhole ? bytes : nil
    }

    /// The first octets of a file; `nil` when it has fewer or cannot be read.
    ///
    /// Blocks.
    package static func head(_ path: String, _ count: Int) -> [UInt8]? {
        let descriptor = unsafe open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { return nil }
        let file = SegmentFile(number: 0, descriptor: descriptor)
        guard let octets = try? file.read(count, at: 0), octets.count == count else { return nil }
        return octets
    }

    /// Puts a new file in the place of `path`, or leaves the old one as it is.
    ///
    /// With `durable`, the new one is on disk when this returns; without, a power cut may leave either, or a damaged
    /// one. `temporary` is where it is written first. Blocks.
    @discardableResult
    package static func replace(
        _ path: String,
        with bytes: [UInt8],
        by temporary: String? = nil,
        durable: Bool = false
    ) -> Bool {
        let temporary = temporary ?? path + ".new"
        let descriptor = unsafe open(temporary, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { return false }
        let isWritten = writeAll(bytes, to: descriptor) && (!durable || fsync(descriptor) == 0)
        close(descriptor)
        guard isWritten, unsafe rename(temporary, path) == 0 else {
            unsafe unlink(temporary)
            return false
        }
        guard durable, let slash = path.lastIndex(of: "/") else { return true }
        return (try? Directories.sync(String(path[..<slash]))) != nil
    }

    /// False when not all of it could be written.
    static func writeAll(_ bytes: [UInt8], to descriptor: Int32) -> Bool {
        unsafe bytes.withUnsafeBytes { buffer in
            var done = 0
            while done < buffer.count {
                guard let base = buffer.baseAddress else { return true }
                let result = unsafe write(descriptor, base + done, buffer.count - done)
                if result < 0, errno == EINTR { continue }
                guard result > 0 else { return false }
                done += result
            }
            return true
        }
    }
}
