// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import Glibc

/// Holds an instance's data folder for one service control.
///
/// The kernel lets go of it when the process ends, however.
package struct InstanceLock: ~Copyable {
    private let fd: Int32

    /// Throws when another process holds the folder; the message names it.
    ///
    /// Writes this process's id into the file.
    package init(_ layout: InstanceLayout) throws(InstanceError) {
        fd = unsafe open(layout.processFile, O_RDWR | O_CREAT | O_CLOEXEC, 0o644)
        guard fd >= 0 else { throw .file(layout.processFile, errno) }
        guard flock(fd, LOCK_EX | LOCK_NB) == 0 else {
            let holder = Files.read(layout.processFile).map { String(decoding: $0, as: UTF8.self) } ?? ""
            close(fd)
            let name = holder.split(separator: "\n").first.map { " (process \($0))" } ?? ""
            throw InstanceError("Martlet already runs on \(layout.data)\(name).", exitCode: 75)
        }
        ftruncate(fd, 0)
        let text = Array("\(getpid())\n".utf8)
        _ = unsafe write(fd, text, text.count)
    }

    deinit { close(fd) }

    /// The process that holds the folder now; `nil` when none does.
    package static func holder(of layout: InstanceLayout) -> Int32? {
        let fd = unsafe open(layout.processFile, O_RDWR | O_CLOEXEC)
        guard fd >= 0 else { return nil }
        defer { close(fd) }
        guard flock(fd, LOCK_EX | LOCK_NB) != 0 else { return nil }
        return Files.read(layout.processFile)
            .flatMap { Int32(String(decoding: $0, as: UTF8.self).split(separator: "\n").first ?? "") }
    }
}
