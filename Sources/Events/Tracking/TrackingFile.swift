// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import ByteTools
internal import CLinux
internal import Glibc

/// The file that a process writes its tracking log to, and those before it.
///
/// Every call may block.
struct TrackingFile: Sendable {
    static let suffix = "jsonl"
    private var file: DailyFile
    /// Looked for what the process before this one left.
    private var hasBegun = false
    /// Entries that could not be written since the last that could.
    private var unwritten: Int64 = 0

    init(folder: String, process: String) {
        file = DailyFile(folder: folder, process: process, suffix: Self.suffix)
    }

    /// Writes entries; how many of them could not be.
    mutating func write(_ entries: [TrackingEntry], dropped: Int64) -> Int64 {
        begin()
        unwritten += dropped
        guard !entries.isEmpty || unwritten > 0 else { return 0 }
        var bytes: [UInt8] = []
        if unwritten > 0 { bytes += gap("missing", "\(unwritten) entries could not be written").lines() }
        for entry in entries { bytes += entry.lines() }
        guard file.append(bytes) else {
            unwritten += Int64(entries.count)
            return Int64(entries.count)
        }
        unwritten = 0
        return 0
    }

    /// The last line of a process that ends in order.
    mutating func end() {
        guard file.isOpen else { return }
        file.append(gap("closed", "").lines())
        file.close()
    }

    mutating func tidy(_ options: TrackingOptions) {
        file.tidy(keeping: options.keptSeconds, maximumOctets: options.maximumOctets)
    }

    /// Says that the process before this one ended without a last word, if it did.
    private mutating func begin() {
        guard !hasBegun else { return }
        hasBegun = true
        let known = DailyFiles.list(file.folder, Self.suffix)
        guard let last = known.last(where: { $0.name.process == file.process }) else { return }
        let path = "\(file.folder)/\(last.name.text(Self.suffix))"
        guard !Self.endsInOrder(path) else { return }
        var entry = gap("missing", "the process ended without warning; what it did in its last moments may be missing")
        entry.details["last-written"] = Timestamp.text(nanoseconds: unsafe CLinux_modification_time_at(path))
        file.append(entry.lines())
    }

    private func gap(_ outcome: String, _ text: String) -> TrackingEntry {
        var entry = TrackingEntry(.gap, outcome, trace: "")
        (entry.time, entry.process, entry.reply) = (CLinux_realtime(), file.process, text)
        return entry
    }

    private static func endsInOrder(_ path: String) -> Bool {
        let descriptor = unsafe open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW)
        guard descriptor >= 0 else { return true }
        defer { Glibc.close(descriptor) }
        let end = lseek(descriptor, 0, SEEK_END)
        guard end > 0 else { return true }
        var tail = [UInt8](repeating: 0, count: 512)
        let count = unsafe pread(descriptor, &tail, tail.count, max(0, end - 512))
        guard count > 0, tail[count - 1] == ASCII.lf else { return false }
        let line = tail[..<(count - 1)].split(separator: ASCII.lf).last ?? []
        return TrackingEntry(line: line).map { $0.stage == .gap && $0.outcome == "closed" } ?? false
    }
}
