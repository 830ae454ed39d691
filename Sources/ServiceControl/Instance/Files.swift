// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import Glibc

/// Small files of an instance, read and written whole.
package enum Files {
    /// The content, at most `maximum` octets; `nil` when it cannot be read or is longer.
    package static func read(_ path: String, maximum: Int = 1 << 20) -> [UInt8]? {
        let fd = unsafe open(path, O_RDONLY | O_CLOEXEC)
        guard fd >= 0 else { return nil }
        defer { close(fd) }
        var bytes: [UInt8] = []
        var piece = [UInt8](repeating: 0, count: 65_536)
        while true {
            let count = unsafe Glibc.read(fd, &piece, piece.count)
            guard count >= 0, bytes.count + max(count, 0) <= maximum else { return nil }
            if count == 0 { return bytes }
            bytes.append(contentsOf: piece[..<count])
        }
    }

    /// Replaces the file in one step: readers see the old content or the new one.
    ///
    /// Synced.
    package static func replace(_ path: String, with bytes: [UInt8], mode: UInt32 = 0o600) throws(InstanceError) {
        let temporary = "\(path).\(getpid()).new"
        let fd = unsafe open(temporary, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, mode)
        guard fd >= 0 else { throw .file(path, errno) }
        let written = unsafe write(fd, bytes, bytes.count)
        let synced = fsync(fd)
        close(fd)
        guard written == bytes.count, synced == 0, unsafe rename(temporary, path) == 0 else {
            let code = errno
            unsafe unlink(temporary)
            throw .file(path, code)
        }
    }

    /// What is in a folder, in no order, without names that begin with a dot; nothing when it cannot be read.
    static func names(in folder: String) -> [String] {
        guard let listing = unsafe opendir(folder) else { return [] }
        defer { unsafe closedir(listing) }
        var found: [String] = []
        while let entry = unsafe readdir(listing) {
            let name = unsafe withUnsafePointer(to: &entry.pointee.d_name) {
                unsafe String(cString: UnsafeRawPointer($0).assumingMemoryBound(to: CChar.self))
            }
            if !name.hasPrefix(".") { found.append(name) }
        }
        return found
    }

    package static func exists(_ path: String) -> Bool { unsafe access(path, F_OK) == 0 }
}

extension InstanceError {
    static func file(_ path: String, _ code: Int32) -> InstanceError {
        InstanceError("cannot write \(path): \(unsafe String(cString: strerror(code)))", exitCode: 73)
    }
}
