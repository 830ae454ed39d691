// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import Glibc

/// A call on a file that failed.
package struct FileFailure: Error, Equatable, CustomStringConvertible {
    package var path: String
    package var call: String
    package var errno: Int32

    package init(path: String, call: String, errno: Int32) {
        self.path = path
        self.call = call
        self.errno = errno
    }

    package var description: String { unsafe "\(path): \(call): \(String(cString: strerror(errno)))" }
}

/// Small files read and replaced as a whole, by blocking calls.
enum WholeFile {
    /// The octets of a file of at most `maximum`; `nil` when there is no file.
    static func read(_ path: String, maximum: Int) throws(FileFailure) -> [UInt8]? {
        let fd = unsafe open(path, O_RDONLY | O_CLOEXEC)
        guard fd >= 0 else {
            if errno == ENOENT { return nil }
            throw FileFailure(path: path, call: "open", errno: errno)
        }
        defer { close(fd) }
        var bytes: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 65_536)
        while true {
            let count = unsafe Glibc.read(fd, &chunk, chunk.count)
            if count < 0, errno == EINTR { continue }
            guard count >= 0 else { throw FileFailure(path: path, call: "read", errno: errno) }
            if count == 0 { return bytes }
            bytes += chunk.prefix(count)
            guard bytes.count <= maximum else { throw FileFailure(path: path, call: "read", errno: EFBIG) }
        }
    }

    /// Puts `bytes` in place of the file at `path`: after a crash there is the old file or the new one, whole.
    ///
    /// A symbolic link stays one. Run by root, the new file belongs to who owns its folder.
    static func replace(_ path: String, with bytes: [UInt8]) throws(FileFailure) {
        let target = resolved(path)
        let folder = parent(of: target)
        let temporary = "\(target).\(getpid()).new"
        var folderStatus = stat()
        guard unsafe stat(folder, &folderStatus) == 0 else {
            throw FileFailure(path: folder, call: "stat", errno: errno)
        }
        var oldStatus = stat()
        let mode = unsafe stat(target, &oldStatus) == 0 ? oldStatus.st_mode & 0o777 : 0o640
        do throws(FileFailure) {
            try create(temporary, bytes, mode: mode, owner: (folderStatus.st_uid, folderStatus.st_gid))
            guard unsafe rename(temporary, target) == 0 else {
                throw FileFailure(path: target, call: "rename", errno: errno)
            }
        } catch {
            unsafe unlink(temporary)
            throw error
        }
        try synchronize(folder)
    }

    /// Makes the folder if there is none; like `replace`, for its parent's owner.
    static func makeFolder(_ path: String) throws(FileFailure) {
        guard unsafe mkdir(path, 0o750) == 0 else {
            if errno == EEXIST { return }
            throw FileFailure(path: path, call: "mkdir", errno: errno)
        }
        var status = stat()
        guard geteuid() == 0, unsafe stat(parent(of: path), &status) == 0 else { return }
        unsafe chown(path, status.st_uid, status.st_gid)
    }

    /// Runs `body` while this process alone holds the lock of a folder.
    ///
    /// Waits up to `seconds` for it.
    static func withFolderLocked<R>(
        _ path: String,
        seconds: Int = 5,
        _ body: () throws(SettingsError) -> R
    ) throws(SettingsError) -> R {
        let fd = unsafe open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard fd >= 0 else { throw .file(FileFailure(path: path, call: "open", errno: errno)) }
        defer { close(fd) }
        var attempts = seconds * 50
        while flock(fd, LOCK_EX | LOCK_NB) != 0 {
            attempts -= 1
            guard errno == EINTR || (errno == EWOULDBLOCK && attempts > 0) else {
                throw .file(FileFailure(path: path, call: "flock", errno: errno))
            }
            usleep(20_000)
        }
        return try body()
    }

    /// The names in a folder; none when it cannot be read.
    static func names(in path: String) -> [String] {
        guard let folder = unsafe opendir(path) else { return [] }
        defer { unsafe closedir(folder) }
        var names: [String] = []
        while let entry = unsafe readdir(folder) {
            // d_name is a NUL-terminated array of 256 within the entry, valid until the next readdir.
            unsafe withUnsafePointer(to: &entry.pointee.d_name) { name in
                unsafe name.withMemoryRebound(to: CChar.self, capacity: 256) { text in
                    unsafe names.append(String(cString: text))
                }
            }
        }
        return names
    }

    private static func create(
        _ path: String,
        _ bytes: [UInt8],
        mode: mode_t,
        owner: (uid_t, gid_t)
    ) throws(FileFailure) {
        let fd = unsafe open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, mode)
        guard fd >= 0 else { throw FileFailure(path: path, call: "create", errno: errno) }
        defer { close(fd) }
        if geteuid() == 0 { fchown(fd, owner.0, owner.1) }
        fchmod(fd, mode)
        var written = 0
        while written < bytes.count {
            let count = unsafe bytes.withUnsafeBytes { buffer in
                unsafe write(fd, buffer.baseAddress.map { unsafe $0 + written }, buffer.count - written)
            }
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { throw FileFailure(path: path, call: "write", errno: errno) }
            written += count
        }
        guard fsync(fd) == 0 else { throw FileFailure(path: path, call: "fsync", errno: errno) }
    }

    private static func synchronize(_ folder: String) throws(FileFailure) {
        let fd = unsafe open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard fd >= 0 else { throw FileFailure(path: folder, call: "open", errno: errno) }
        defer { close(fd) }
        guard fsync(fd) == 0 else { throw FileFailure(path: folder, call: "fsync", errno: errno) }
    }

    private static func resolved(_ path: String) -> String {
        guard let real = unsafe realpath(path, nil) else { return path }
        defer { unsafe free(real) }
        return unsafe String(cString: real)
    }

    private static func parent(of path: String) -> String {
        guard let slash = path.lastIndex(of: "/") else { return "." }
        return slash == path.startIndex ? "/" : String(path[..<slash])
    }
}
