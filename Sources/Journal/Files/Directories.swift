// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import Glibc

/// Folders of the journal.
package enum Directories {
    /// Makes a folder and those above it that are missing; they are readable by their owner only.
    package static func make(_ path: String) throws(JournalError) {
        guard unsafe mkdir(path, 0o700) != 0 else { return try syncParent(of: path) }
        switch errno {
        case EEXIST: return
        case ENOENT:
            guard let slash = path.lastIndex(of: "/"), slash != path.startIndex else {
                throw .system(errno: ENOENT, call: "mkdir")
            }
            try make(String(path[..<slash]))
            guard unsafe mkdir(path, 0o700) == 0 || errno == EEXIST else { throw .last("mkdir") }
            try syncParent(of: path)
        default: throw .last("mkdir")
        }
    }

    /// Makes the names in a folder durable.
    package static func sync(_ path: String) throws(JournalError) {
        let descriptor = unsafe open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard descriptor >= 0 else { throw .last("open") }
        defer { close(descriptor) }
        guard fsync(descriptor) == 0 else { throw .last("fsync") }
    }

    private static func syncParent(of path: String) throws(JournalError) {
        guard let slash = path.lastIndex(of: "/") else { return try sync(".") }
        try sync(slash == path.startIndex ? "/" : String(path[..<slash]))
    }

    /// Names of the entries of a folder, without `.` and `..`, in no order.
    package static func entries(_ path: String) throws(JournalError) -> [String] {
        guard let stream = unsafe opendir(path) else { throw .last("opendir") }
        defer { unsafe closedir(stream) }
        var names: [String] = []
        while let entry = unsafe readdir(stream) {
            let name = unsafe withUnsafePointer(to: &entry.pointee.d_name) { pointer in
                unsafe pointer.withMemoryRebound(to: CChar.self, capacity: 256) { unsafe String(cString: $0) }
            }
            if name != ".", name != ".." { names.append(name) }
        }
        return names
    }
}

extension JournalError {
    /// From `errno`, which must not have been touched since the call.
    static func last(_ call: String) -> JournalError { from(errno, call) }

    static func from(_ number: Int32, _ call: String) -> JournalError {
        switch number {
        case ENOSPC, EDQUOT, EFBIG: .full(errno: number)
        default: .system(errno: number, call: call)
        }
    }
}
