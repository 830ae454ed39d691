// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import Glibc

/// How the log is kept.
package struct EventLogOptions: Sendable, Equatable {
    /// The size at which the file is put aside, in octets.
    package var maximumOctets: Int64 = 16 << 20
    /// How many files that were put aside are kept.
    package var filesKept = 8
    package var level: EventLevel = .information
    /// Whether systemd's journal gets the events too, where it runs.
    package var usesJournal = true
    /// Where the journal listens.
    package var journalPath = "/run/systemd/journal/socket"
    /// Whether they are shown on standard error too, for a server in the foreground.
    package var echoes = false

    package init() {}
}

/// `events.jsonl` in one of its lives: from its making until it is put aside.
final class EventLogFile: Sendable {
    let descriptor: Int32
    private let device: dev_t
    private let inode: ino_t

    private init(descriptor: Int32, status: stat) {
        self.descriptor = descriptor
        device = status.st_dev
        inode = status.st_ino
    }

    deinit { close(descriptor) }

    /// Opens or makes the file; `nil` when that cannot be.
    ///
    /// Run by root, the file belongs to who owns the folder.
    static func open(_ path: String, folder: String) -> EventLogFile? {
        let fd = unsafe Glibc.open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK, 0o640)
        guard fd >= 0 else { return nil }
        var owner = stat()
        if geteuid() == 0, unsafe stat(folder, &owner) == 0 { fchown(fd, owner.st_uid, owner.st_gid) }
        var status = stat()
        guard unsafe fstat(fd, &status) == 0, status.st_mode & S_IFMT == S_IFREG else {
            close(fd)
            return nil
        }
        return EventLogFile(descriptor: fd, status: status)
    }

    /// The file to write to from now on: this one, or its successor when it is full or was put aside by another
    /// process.
    func successor(at path: String, folder: String, options: EventLogOptions) -> EventLogFile? {
        guard let size = size(ifStillAt: path) else { return Self.open(path, folder: folder) }
        guard size >= options.maximumOctets else { return self }
        return putAside(path, folder: folder, options: options) ? Self.open(path, folder: folder) : self
    }

    /// `nil` when another file, or none, has the name now.
    private func size(ifStillAt path: String) -> Int64? {
        var status = stat()
        guard unsafe lstat(path, &status) == 0, status.st_dev == device, status.st_ino == inode else { return nil }
        return Int64(status.st_size)
    }

    /// `events.jsonl` becomes `events.jsonl.1`, and so on.
    ///
    /// One process does it; the lock tells the others.
    private func putAside(_ path: String, folder: String, options: EventLogOptions) -> Bool {
        let lock = unsafe Glibc.open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard lock >= 0 else { return false }
        defer { close(lock) }
        guard flock(lock, LOCK_EX | LOCK_NB) == 0 else { return false }
        guard let size = size(ifStillAt: path), size >= options.maximumOctets else { return true }
        for number in stride(from: max(1, options.filesKept), to: 1, by: -1) {
            unsafe rename("\(path).\(number - 1)", "\(path).\(number)")
        }
        guard options.filesKept > 0 else { return unsafe unlink(path) == 0 }
        return unsafe rename(path, "\(path).1") == 0
    }
}
