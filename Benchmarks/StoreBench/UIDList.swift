// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

import Glibc

/// A file of lines `UID :name` beside a Maildir, behind a lock file, as servers keep it; it is not synced.
enum UIDList {
    static func add(_ name: String, in box: String) throws {
        let lock = "\(box)/uidlist.lock"
        try take(lock)
        defer { unsafe unlink(lock) }
        let descriptor = unsafe open("\(box)/uidlist", O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { throw FileError() }
        defer { close(descriptor) }
        let line = Array("\(try lastUID(descriptor) + 1) :\(name)\n".utf8)
        guard unsafe write(descriptor, line, line.count) == line.count else { throw FileError() }
    }

    /// Whoever makes the file has the lock; the others try again.
    private static func take(_ lock: String) throws {
        while true {
            let descriptor = unsafe open(lock, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
            if descriptor >= 0 {
                close(descriptor)
                return
            }
            guard errno == EEXIST else { throw FileError() }
            usleep(500)
        }
    }

    /// Other processes may have added lines: it is read from the end of the file.
    private static func lastUID(_ descriptor: Int32) throws -> Int {
        let end = lseek(descriptor, 0, SEEK_END)
        var tail = [UInt8](repeating: 0, count: 256)
        let count = unsafe pread(descriptor, &tail, tail.count, max(0, end - 256))
        guard count >= 0 else { throw FileError() }
        guard let line = tail[..<count].split(separator: 10).last else { return 0 }
        return Int(String(decoding: line.prefix { $0 != 32 }, as: UTF8.self)) ?? 0
    }
}
