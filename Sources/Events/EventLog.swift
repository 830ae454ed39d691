// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import ByteTools
internal import CLinux
internal import Glibc
internal import Locking

/// The event log of an installation, `DATA/log/events.jsonl`: any number of processes append to it at once.
///
/// Each event is one `write` to a file opened for appending, so that lines of different processes never mix. A full
/// disk costs events, which are counted, and nothing else: `record` never fails and never waits for space.
package final class EventLog: EventSink {
    package static let fileName = "events.jsonl"
    /// After so many writes, or a second, it is looked whether the file is full or was put aside by another process.
    private static let writesBetweenChecks = 64

    /// Writes all of the octets or fewer; -1 on failure.
    package typealias Writing = @Sendable (_ descriptor: Int32, _ bytes: [UInt8]) -> Int

    private struct State {
        var options: EventLogOptions
        var file: EventLogFile?
        var journal: JournalSocket?
        var isChecking = false
        var writesUntilCheck = 0
        var nextCheck: Int64 = 0
        var dropped: Int64 = 0
    }

    private let folder: String
    private let path: String
    private let process: String
    private let pid = getpid()
    private let writing: Writing
    private let state: Lock<State>

    /// `process` is the name of the worker in every line.
    ///
    /// `writing` is another than the system's only in tests of failing disks. A folder that cannot be made or written
    /// costs events, no error.
    package init(
        folder: String,
        process: String,
        options: EventLogOptions = EventLogOptions(),
        writing: @escaping Writing = { descriptor, bytes in unsafe write(descriptor, bytes, bytes.count) }
    ) {
        self.folder = folder
        self.process = process
        self.writing = writing
        path = "\(folder)/\(Self.fileName)"
        unsafe mkdir(folder, 0o750)
        state = Lock(
            State(options: options, journal: options.usesJournal ? JournalSocket(path: options.journalPath) : nil)
        )
        checkFile()
    }

    /// Puts other options in force; from any thread.
    package func replace(options: EventLogOptions) {
        let journal = options.usesJournal ? JournalSocket(path: options.journalPath) : nil
        state.withLock { state in
            state.options = options
            state.journal = journal
            state.writesUntilCheck = 0
        }
    }

    /// How many events could not be written since the last one that could.
    package var dropped: Int64 { state.withLock { $0.dropped } }

    package func record(_ event: Event) {
        let (options, journal) = state.withLock { ($0.options, $0.journal) }
        guard event.definition.type.level <= options.level else { return }
        let line = EventLine(event, process: process, pid: pid).bytes
        journal?.send(event, process: process)
        if options.echoes, let entry = EventEntry(line: line) { echo(entry) }
        guard append(line) else {
            state.withLock { $0.dropped += 1 }
            return
        }
        reportDropped()
    }

    private func append(_ line: [UInt8]) -> Bool {
        let mustCheck = state.withLock { state in
            state.writesUntilCheck -= 1
            let isDue = state.writesUntilCheck < 0 || Self.now() >= state.nextCheck
            guard isDue, !state.isChecking else { return false }
            state.isChecking = true
            return true
        }
        if mustCheck { checkFile() }
        guard let file = state.withLock({ $0.file }) else { return false }
        var count = writing(file.descriptor, line)
        while count < 0, errno == EINTR { count = writing(file.descriptor, line) }
        // The rest of a line that was cut would not follow it: another process may have written by now. End it, so
        // that it spoils no other.
        if count > 0, count < line.count { _ = writing(file.descriptor, [ASCII.lf]) }
        return count == line.count
    }

    /// Only one thread at a time is here; the others go on with the file they have.
    private func checkFile() {
        let (current, options) = state.withLock { ($0.file, $0.options) }
        let next =
            if let current {
                current.successor(at: path, folder: folder, options: options)
            } else {
                EventLogFile.open(path, folder: folder)
            }
        state.withLock { state in
            state.file = next
            state.isChecking = false
            state.writesUntilCheck = Self.writesBetweenChecks
            state.nextCheck = Self.now() + 1_000_000_000
        }
    }

    private func reportDropped() {
        let count = state.withLock { state in
            let count = state.dropped
            state.dropped = 0
            return count
        }
        guard count > 0 else { return }
        EventRecorder(sink: self).record(.eventsDropped, ["events.count": .integer(count)])
    }

    private func echo(_ entry: EventEntry) {
        let bytes = Array((entry.line + "\n").utf8)
        _ = unsafe write(STDERR_FILENO, bytes, bytes.count)
    }

    private static func now() -> Int64 { CLinux_monotonic_time() }
}
