// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import ByteTools
internal import CLinux
internal import Glibc

/// A log of one process of which each day (UTC) has files of its own, `DAY-PROCESS.N.SUFFIX`.
///
/// Every call may block.
struct DailyFile: Sendable {
    /// A file is followed by the next one at this size, or at midnight.
    static let maximumOctets: Int64 = 16 << 20

    let folder: String
    let process: String
    let suffix: String
    /// What stands first in each file.
    private let heading: [UInt8]
    private var descriptor: Int32 = -1
    private var name = ""
    private var size: Int64 = 0
    private var nextTidy: Int64 = 0

    init(folder: String, process: String, suffix: String, heading: [UInt8] = []) {
        (self.folder, self.process, self.suffix, self.heading) = (folder, process, suffix, heading)
    }

    var isOpen: Bool { descriptor >= 0 }

    mutating func close() {
        if isOpen { Glibc.close(descriptor) }
        descriptor = -1
    }

    /// Appends whole lines.
    ///
    /// False when not all of it could be written: then none of it is there.
    @discardableResult
    mutating func append(_ bytes: [UInt8]) -> Bool {
        guard open() else { return false }
        let written = unsafe bytes.withUnsafeBytes { buffer in
            var done = 0
            while done < buffer.count, let base = buffer.baseAddress {
                let count = unsafe Glibc.write(descriptor, base + done, buffer.count - done)
                if count < 0, errno == EINTR { continue }
                guard count > 0 else { break }
                done += count
            }
            return done
        }
        guard written == bytes.count else {
            // What was cut must not run into what follows.
            ftruncate(descriptor, off_t(size))
            return false
        }
        size += Int64(written)
        return true
    }

    /// The day's file, or the next one when that is full or was deleted.
    private mutating func open() -> Bool {
        let day = String(Timestamp.text(nanoseconds: CLinux_realtime()).prefix(10))
        if isOpen, size < Self.maximumOctets, name.hasPrefix(day), isLinked { return true }
        close()
        unsafe mkdir(folder, 0o750)
        let own = DailyFiles.list(folder, suffix).filter { $0.name.process == process && $0.name.day == day }
        var number = own.last?.name.number ?? 1
        if let last = own.last, last.octets >= Self.maximumOctets { number += 1 }
        name = DailyFiles.Name(day: day, process: process, number: number).text(suffix)
        let path = "\(folder)/\(name)"
        descriptor = unsafe Glibc.open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0o640)
        guard isOpen else { return false }
        var owner = stat()
        if geteuid() == 0, unsafe stat(folder, &owner) == 0 { fchown(descriptor, owner.st_uid, owner.st_gid) }
        size = Int64(lseek(descriptor, 0, SEEK_END))
        // Whoever died in the middle of a line.
        let first = size == 0 ? heading : Self.endsWithLine(path) ? [] : [ASCII.lf]
        let written = unsafe Glibc.write(descriptor, first, first.count)
        size += Int64(max(0, written))
        return true
    }

    private var isLinked: Bool {
        var status = stat()
        return unsafe fstat(descriptor, &status) == 0 && status.st_nlink > 0
    }

    private static func endsWithLine(_ path: String) -> Bool {
        let descriptor = unsafe Glibc.open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW)
        guard descriptor >= 0 else { return true }
        defer { Glibc.close(descriptor) }
        var last: UInt8 = 0
        return unsafe pread(descriptor, &last, 1, lseek(descriptor, 0, SEEK_END) - 1) == 1 && last == ASCII.lf
    }

    /// Deletes what is too old or too much, once a minute: every process does it for all.
    mutating func tidy(keeping seconds: Int64, maximumOctets: Int64) {
        let now = CLinux_realtime()
        guard now >= nextTidy else { return }
        nextTidy = now + 60_000_000_000
        let files = DailyFiles.list(folder, suffix)
        let (age, overflow) = seconds.multipliedReportingOverflow(by: 1_000_000_000)
        var total = files.reduce(Int64(0)) { $0 + $1.octets }
        for file in files where file.name.text(suffix) != name {
            let path = "\(folder)/\(file.name.text(suffix))"
            let changed = unsafe CLinux_modification_time_at(path)
            let isOld = !overflow && changed < now - age
            guard isOld || total > maximumOctets else { continue }
            unsafe unlink(path)
            total -= file.octets
        }
    }
}

/// The files of such logs.
enum DailyFiles {
    struct Name: Hashable {
        /// `2026-11-21`.
        var day: String
        var process: String
        var number: Int

        func text(_ suffix: String) -> String { "\(day)-\(process).\(number).\(suffix)" }

        init(day: String, process: String, number: Int) {
            (self.day, self.process, self.number) = (day, process, number)
        }

        init?(_ name: String, _ suffix: String) {
            let parts = name.split(separator: ".", omittingEmptySubsequences: false)
            guard parts.count == 3, let number = Int(parts[1]), number > 0, parts[0].utf8.count > 11 else { return nil }
            self.init(day: String(parts[0].prefix(10)), process: String(parts[0].dropFirst(11)), number: number)
            guard text(suffix) == name else { return nil }
        }
    }

    struct File: Hashable {
        var name: Name
        var octets: Int64
    }

    /// By day and number, the oldest first.
    static func list(_ folder: String, _ suffix: String) -> [File] {
        guard let directory = unsafe opendir(folder) else { return [] }
        defer { unsafe closedir(directory) }
        var files: [File] = []
        while let entry = unsafe readdir(directory) {
            let text = unsafe withUnsafePointer(to: &entry.pointee.d_name) { pointer in
                unsafe pointer.withMemoryRebound(to: CChar.self, capacity: 256) { unsafe String(cString: $0) }
            }
            guard let name = Name(text, suffix) else { continue }
            var status = stat()
            guard unsafe lstat("\(folder)/\(text)", &status) == 0, status.st_mode & S_IFMT == S_IFREG else { continue }
            files.append(File(name: name, octets: Int64(status.st_size)))
        }
        return files.sorted {
            ($0.name.day, $0.name.number, $0.name.process) < ($1.name.day, $1.name.number, $1.name.process)
        }
    }
}
