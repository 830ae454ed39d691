// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import ByteTools
internal import CLinux
internal import Glibc
internal import Locking

/// How the tracking log is kept.
package struct TrackingOptions: Sendable, Equatable {
    package var isOn = true
    /// How long entries are kept, in seconds.
    package var keptSeconds: Int64 = 30 * 86_400
    /// Octets of all files together, of all processes.
    package var maximumOctets: Int64 = 1 << 30

    package init() {}
}

/// The tracking log of one process, `DATA/log/tracking/DAY-PROCESS.N.jsonl`: steps in the life of messages, a JSON
/// object in each line.
///
/// What is tracked is kept in memory until somebody calls `flush`, several times a second, on a thread that may block.
/// Mail never waits for it: when the disk does not keep up, entries are dropped and counted. A process that dies takes
/// with it what it had not written; its successor says so in the log.
package final class TrackingLog: TrackingSink {
    /// Entries that wait to be written, at most.
    static let maximumWaiting = 20_000

    private struct State {
        var options: TrackingOptions
        var waiting: [TrackingEntry] = []
        var dropped: Int64 = 0
    }

    package let folder: String
    private let process: String
    private let state: Lock<State>
    /// Held across writing, which only `flush` and `close` do.
    private let file: Lock<TrackingFile>

    /// Touches no file before the first `flush`.
    package init(folder: String, process: String, options: TrackingOptions = TrackingOptions()) {
        self.folder = folder
        self.process = process
        state = Lock(State(options: options))
        file = Lock(TrackingFile(folder: folder, process: process))
    }

    package var isOn: Bool { state.withLock { $0.options.isOn } }

    /// Puts other options in force; from any thread.
    package func replace(options: TrackingOptions) { state.withLock { $0.options = options } }

    package func track(_ entry: TrackingEntry) {
        var entry = entry
        entry.time = CLinux_realtime()
        entry.process = process
        let finished = entry
        state.withLock { state in
            guard state.options.isOn else { return }
            guard state.waiting.count < Self.maximumWaiting else { return state.dropped += 1 }
            state.waiting.append(finished)
        }
    }

    /// Writes what waits, begins new files and deletes old ones.
    ///
    /// Returns how many entries were lost since the last call. Blocks.
    @discardableResult
    package func flush() -> Int64 {
        let (entries, options, dropped) = take()
        return file.withLock { file in
            let lost = dropped + file.write(entries, dropped: dropped)
            file.tidy(options)
            return lost
        }
    }

    /// Writes what waits, and that nothing more comes: whoever opens the log next knows that nothing is missing.
    package func close() {
        let (entries, _, dropped) = take()
        file.withLock { file in
            _ = file.write(entries, dropped: dropped)
            file.end()
        }
    }

    private func take() -> ([TrackingEntry], TrackingOptions, Int64) {
        state.withLock { state in
            defer { (state.waiting, state.dropped) = ([], 0) }
            return (state.waiting, state.options, state.dropped)
        }
    }
}
