// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import CLinux
internal import Glibc

/// What the system refused to do with a file.
struct FileError: Error, Sendable, CustomStringConvertible {
    let path: String
    let code: Int32

    static func last(_ path: String) -> FileError { FileError(path: path, code: errno) }

    var description: String { "\(path): \(unsafe String(cString: strerror(code)))" }
}

/// An open file or directory, closed when it goes.
///
/// All calls block.
final class BulkFile: Sendable {
    let path: String
    private let descriptor: Int32

    init(_ path: String, _ flags: Int32 = O_RDONLY, mode: mode_t = 0o600) throws(FileError) {
        self.path = path
        descriptor = unsafe open(path, flags | O_CLOEXEC, mode)
        guard descriptor >= 0 else { throw .last(path) }
    }

    deinit { close(descriptor) }

    /// Octets from `offset`, at most `count`; empty at the end of the file.
    func read(at offset: UInt64, _ count: Int) throws(FileError) -> [UInt8] {
        var failed = false
        let bytes = unsafe [UInt8](unsafeUninitializedCapacity: count) { buffer, filled in
            while true {
                let result = unsafe pread(descriptor, buffer.baseAddress, count, off_t(clamping: offset))
                if result < 0, errno == EINTR { continue }
                failed = result < 0
                filled = max(0, result)
                return
            }
        }
        guard !failed else { throw .last(path) }
        return bytes
    }

    func write(_ bytes: [UInt8]) throws(FileError) {
        var done = 0
        while done < bytes.count {
            let result = unsafe bytes.withUnsafeBytes { raw in
                unsafe Glibc.write(descriptor, raw.baseAddress.map { unsafe $0 + done }, raw.count - done)
            }
            if result < 0, errno == EINTR { continue }
            guard result > 0 else { throw .last(path) }
            done += result
        }
    }

    /// Size in octets and seconds since 1970 of the last change.
    var facts: (size: UInt64, modified: Int64, isRegular: Bool) {
        var status = stat()
        guard unsafe fstat(descriptor, &status) == 0 else { return (0, 0, false) }
        let modified = CLinux_modification_time(descriptor) / 1_000_000_000
        return (UInt64(max(0, status.st_size)), modified, status.st_mode & S_IFMT == S_IFREG)
    }

    /// Sets the time of the last change.
    func setModified(_ seconds: Int64) { _ = CLinux_set_modification_time(descriptor, seconds) }

    /// Has the whole file system of this file written to disk.
    func syncFileSystem() throws(FileError) {
        guard CLinux_sync_file_system(descriptor) == 0 else { throw .last(path) }
    }
}

/// Directories.
enum BulkFolder {
    enum Kind { case file, folder, other }

    /// Calls `visit` with the name of every entry but `.` and `..`; false when the directory cannot be read.
    @discardableResult
    static func visit(_ path: String, _ visit: ([UInt8]) -> Void) -> Bool {
        guard let folder = unsafe opendir(path) else { return false }
        defer { unsafe closedir(folder) }
        while let entry = unsafe readdir(folder) {
            let name = unsafe withUnsafePointer(to: &entry.pointee.d_name) { pointer in
                let octets = unsafe UnsafeRawPointer(pointer).assumingMemoryBound(to: UInt8.self)
                return unsafe Array(
                    UnsafeBufferPointer(
                        start: octets,
                        count: strlen(UnsafeRawPointer(octets).assumingMemoryBound(to: CChar.self))
                    )
                )
            }
            if name != [0x2E], name != [0x2E, 0x2E] { visit(name) }
        }
        return true
    }

    /// Names in ascending order.
    static func names(_ path: String) -> [[UInt8]] {
        var names: [[UInt8]] = []
        visit(path) { names.append($0) }
        return names.sorted { $0.lexicographicallyPrecedes($1) }
    }

    static func kind(_ path: String) -> Kind? {
        var status = stat()
        guard unsafe stat(path, &status) == 0 else { return nil }
        switch status.st_mode & S_IFMT {
        case S_IFREG: return .file
        case S_IFDIR: return .folder
        default: return .other
        }
    }

    static func size(_ path: String) -> UInt64 {
        var status = stat()
        return unsafe stat(path, &status) == 0 ? UInt64(max(0, status.st_size)) : 0
    }

    /// Makes a folder; one that is there is good.
    static func make(_ path: String) throws(FileError) {
        guard unsafe mkdir(path, 0o700) != 0, errno != EEXIST else { return }
        throw .last(path)
    }

    static func rename(_ path: String, to target: String) throws(FileError) {
        guard unsafe Glibc.rename(path, target) == 0 else { throw .last(target) }
    }

    /// Removes a folder with all that is in it; what is not there is good.
    static func removeTree(_ path: String) {
        for name in names(path) {
            let inner = path + "/" + String(decoding: name, as: UTF8.self)
            if unsafe unlink(inner) != 0 { removeTree(inner) }
        }
        unsafe rmdir(path)
    }

    /// Gives a folder, and all that is in it, to the owner of another.
    static func give(_ path: String, toOwnerOf other: String) {
        var status = stat()
        guard geteuid() == 0, unsafe stat(other, &status) == 0 else { return }
        for name in names(path) { give(path + "/" + String(decoding: name, as: UTF8.self), toOwnerOf: other) }
        unsafe lchown(path, status.st_uid, status.st_gid)
    }

    static func remove(_ path: String) { _ = unsafe unlink(path) }

    /// The content of a small file; `nil` when it cannot be read or is larger than `maximum`.
    static func read(_ path: String, maximum: Int = 64 << 20) -> [UInt8]? {
        guard let file = try? BulkFile(path), file.facts.size <= UInt64(maximum) else { return nil }
        var bytes: [UInt8] = []
        while let piece = try? file.read(at: UInt64(bytes.count), 1 << 20), !piece.isEmpty { bytes += piece }
        return bytes
    }
}
