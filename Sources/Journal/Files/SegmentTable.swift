// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import Glibc
internal import Locking

/// Which segments there are, and those that are open for reading: the ones used last, up to a bound.
final class SegmentTable: Sendable {
    private struct State {
        var numbers: [UInt32]
        /// Where a segment ends though its file goes on: what follows was never acknowledged.
        var ends: [UInt32: UInt64] = [:]
        var open: [UInt32: (file: SegmentFile, used: UInt64)] = [:]
        var clock: UInt64 = 0
    }

    static let maximumOpen = 128
    let directory: String
    private let state: Lock<State>

    init(directory: String) throws(JournalError) {
        self.directory = directory
        let numbers = try Directories.entries(directory).compactMap(SegmentFile.number(of:)).sorted()
        state = Lock(State(numbers: numbers))
    }

    var numbers: [UInt32] { state.withLock { $0.numbers } }

    var octetsOnDisk: UInt64 {
        numbers.reduce(0) { $0 &+ ((try? file($1).size()) ?? 0) }
    }

    func setEnd(_ end: UInt64, of number: UInt32) { state.withLock { $0.ends[number] = end } }
    func end(of number: UInt32) -> UInt64? { state.withLock { $0.ends[number] } }

    func add(_ file: SegmentFile) {
        state.withLock { state in
            state.numbers.append(file.number)
            state.clock += 1
            state.open[file.number] = (file, state.clock)
        }
    }

    /// The segment, opened when it is not.
    ///
    /// May block for the time of an `open`.
    func file(_ number: UInt32) throws(JournalError) -> SegmentFile {
        if let known = openFile(number) { return known }
        let file = try SegmentFile.openForReading(number, in: directory)
        keep(file)
        return file
    }

    func keep(_ file: SegmentFile) {
        state.withLock { state in
            state.clock += 1
            state.open[file.number] = (file, state.clock)
            guard state.open.count > Self.maximumOpen else { return }
            let oldest = state.open.min { $0.value.used < $1.value.used }
            if let oldest { state.open[oldest.key] = nil }
        }
    }

    private func openFile(_ number: UInt32) -> SegmentFile? {
        state.withLock { state in
            state.clock += 1
            let now = state.clock
            state.open[number]?.used = now
            return state.open[number]?.file
        }
    }
}
