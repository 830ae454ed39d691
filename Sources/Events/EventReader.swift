// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import ByteTools
internal import CLinux
internal import Glibc

/// Reads the event log across the files that were put aside, oldest first.
///
/// Damaged lines are passed over. Blocking.
package struct EventReader: Sendable {
    private let folder: String

    package init(folder: String) { self.folder = folder }

    /// Calls `body` with each event that matches, until it answers `false`.
    package func read(_ filter: EventFilter, _ body: (EventEntry) -> Bool) {
        var files = openFiles(since: filter.since)
        for index in files.indices {
            guard files[index].readOn(filter, body) else { return }
        }
    }

    /// The last `count` events that match, oldest first; at most 100,000.
    package func last(_ count: Int, _ filter: EventFilter) -> [EventEntry] {
        var kept = LastEntries(count)
        read(filter) { entry in
            kept.add(entry)
            return true
        }
        return kept.entries
    }

    /// Whether there is a log at all.
    package var exists: Bool { unsafe access(path, F_OK) == 0 }

    /// Calls `body` with the events already there (only the last `count` of them, if given) and then with each new one
    /// as it is written, until `body` or `goesOn` answers `false`.
    ///
    /// `goesOn` is asked five times a second.
    package func follow(
        _ filter: EventFilter,
        showingLast count: Int? = nil,
        goesOn: () -> Bool = { true },
        _ body: (EventEntry) -> Bool
    ) {
        var files = openFiles(since: filter.since)
        guard readPast(&files, filter, count, body) else { return }
        var current = files.popLast()
        // A file that was put aside may still be written to by a process that has not noticed yet.
        var retiring: [(file: EventFile, polls: Int)] = []
        while goesOn() {
            if current?.isStill(at: path) != true {
                let newer = newerFiles(than: current, besides: retiring.map(\.file))
                if let next = newer.last {
                    retiring += ([current].compactMap(\.self) + newer.dropLast()).map { ($0, 15) }
                    current = next
                }
            }
            for index in retiring.indices {
                retiring[index].polls -= 1
                guard retiring[index].file.readOn(filter, body) else { return }
            }
            retiring.removeAll { $0.polls <= 0 }
            guard current?.readOn(filter, body) ?? true else { return }
            usleep(200_000)
        }
    }

    /// The files that came after the one that was read last, oldest first: more than one, when the log turns quickly.
    private func newerFiles(than current: EventFile?, besides known: [EventFile]) -> [EventFile] {
        let files = openFiles(since: nil)
        guard let current else { return files }
        let newer =
            files.firstIndex { $0.isSame(as: current) }.map { files[($0 + 1)...] }
            ?? files.filter { $0.lastChange >= current.lastChange }[...]
        return newer.filter { file in !known.contains { $0.isSame(as: file) } }
    }

    private func readPast(
        _ files: inout [EventFile],
        _ filter: EventFilter,
        _ count: Int?,
        _ body: (EventEntry) -> Bool
    ) -> Bool {
        var last = LastEntries(count ?? 0)
        for index in files.indices {
            let goesOn = files[index].readOn(filter) { entry in
                guard count != nil else { return body(entry) }
                last.add(entry)
                return true
            }
            guard goesOn else { return false }
        }
        return last.entries.allSatisfy(body)
    }

    private var path: String { "\(folder)/\(EventLog.fileName)" }

    /// Opened newest first, so that a file put aside meanwhile is met twice and not missed; the later is dropped.
    private func openFiles(since: Int64?) -> [EventFile] {
        var files: [EventFile] = []
        var gaps = 0
        for number in 0...1000 {
            guard let file = EventFile(number == 0 ? path : "\(path).\(number)") else {
                // While files are put aside, a name is missing for a moment.
                if number > 0 { gaps += 1 }
                if gaps > 1 { break }
                continue
            }
            if let since, file.lastChange < since, number > 0 { break }
            if !files.contains(where: { $0.isSame(as: file) }) { files.append(file) }
        }
        return files.reversed()
    }
}

/// The newest of many entries.
private struct LastEntries {
    private let count: Int
    private var kept: [EventEntry] = []

    init(_ count: Int) { self.count = max(0, min(count, 100_000)) }

    var entries: [EventEntry] { kept.suffix(count) }

    mutating func add(_ entry: EventEntry) {
        kept.append(entry)
        if kept.count > count * 2 + 16 { kept.removeFirst(kept.count - count) }
    }
}

/// One file of the log, read line by line from where it was left.
private struct EventFile {
    static let maximumLineOctets = 1 << 20

    private final class Descriptor {
        let number: Int32
        init(_ number: Int32) { self.number = number }
        deinit { if number >= 0 { close(number) } }
    }

    private let descriptor: Descriptor
    private var status = stat()
    private var partial: [UInt8] = []
    private var isSkipping = false

    init?(_ path: String) {
        descriptor = Descriptor(unsafe open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK))
        guard descriptor.number >= 0, unsafe fstat(descriptor.number, &status) == 0, status.st_mode & S_IFMT == S_IFREG
        else {
            return nil
        }
    }

    /// When the file was last written to, in nanoseconds since 1970.
    var lastChange: Int64 { CLinux_modification_time(descriptor.number) }

    func isSame(as other: EventFile) -> Bool {
        status.st_ino == other.status.st_ino && status.st_dev == other.status.st_dev
    }

    func isStill(at path: String) -> Bool {
        var now = stat()
        return unsafe stat(path, &now) == 0 && now.st_ino == status.st_ino && now.st_dev == status.st_dev
    }

    /// Reads to the end of what is there; `false` when `body` has had enough.
    mutating func readOn(_ filter: EventFilter, _ body: (EventEntry) -> Bool) -> Bool {
        let since = filter.since.map { Array(Timestamp.text(nanoseconds: $0).utf8) }
        var chunk = [UInt8](repeating: 0, count: 65_536)
        while true {
            let count = unsafe Glibc.read(descriptor.number, &chunk, chunk.count)
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { return true }
            var rest = chunk.prefix(count)
            while let end = rest.firstIndex(of: ASCII.lf) {
                let line = partial + rest[..<end]
                partial = []
                rest = rest[(end + 1)...]
                if isSkipping {
                    isSkipping = false
                } else if !Self.isBefore(since, line), let entry = EventEntry(line: line), filter.matches(entry) {
                    guard body(entry) else { return false }
                }
            }
            partial += rest
            if partial.count > Self.maximumLineOctets { (partial, isSkipping) = ([], true) }
        }
    }

    /// Whether a line is too old, by its text alone: reading JSON costs more.
    ///
    /// A torn line is not judged.
    private static func isBefore(_ since: [UInt8]?, _ line: [UInt8]) -> Bool {
        guard let since, line.starts(with: EventLine.start) else { return false }
        let moment = line.dropFirst(EventLine.start.count).prefix(since.count)
        return moment.last == UInt8(ascii: "Z") && moment.lexicographicallyPrecedes(since)
    }
}
