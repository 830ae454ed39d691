// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import Glibc
internal import Locking

/// Which segments there are, and those that are open for reading: the ones used last, up to a bound.
final class SegmentTable: Sendable {
    private struct State {
        /// Ascending.
        var numbers: [UInt32]
        /// Segments that are lost, and of which no file could be made.
        var missing: [ClosedRange<UInt32>] = []
        /// Segments that are about to be removed.
        var going: Set<UInt32> = []
        /// No record tells of all that were removed: only the file does.
        var owesRemoved = false
        /// Where a segment ends though its file goes on: what follows was never acknowledged.
        var ends: [UInt32: UInt64] = [:]
        /// The segment that is written to, and how much of it is on disk.
        var active: (number: UInt32, end: UInt64)?
        var open: [UInt32: (file: SegmentFile, used: UInt64)] = [:]
        var clock: UInt64 = 0

        func contains(_ number: UInt32) -> Bool {
            let place = place(of: number)
            return place < numbers.count && numbers[place] == number
        }

        /// Where the first that is not less stands.
        func place(of number: UInt32) -> Int {
            var (low, high) = (0, numbers.count)
            while low < high {
                let middle = (low + high) / 2
                if numbers[middle] < number { low = middle + 1 } else { high = middle }
            }
            return low
        }
    }

    static let maximumOpen = 128
    let directory: String
    let identity: JournalIdentity
    /// No segment is larger, whatever anything says.
    let largestOctets: UInt64
    private let state: Lock<State>

    /// Without an identity no record can be read.
    init(
        directory: String,
        identity: JournalIdentity = JournalIdentity(high: 0, low: 0),
        options: JournalOptions = JournalOptions()
    ) throws(JournalError) {
        self.directory = directory
        self.identity = identity
        largestOctets = options.largestSegment(in: directory)
        let numbers = try Directories.entries(directory).compactMap(SegmentFile.number(of:)).sorted()
        state = Lock(State(numbers: numbers))
    }

    var numbers: [UInt32] { state.withLock { $0.numbers } }

    var octetsOnDisk: UInt64 {
        numbers.reduce(0) { $0 &+ ((try? file($1).size()) ?? 0) }
    }

    /// Whether there is a segment of this number.
    func contains(_ number: UInt32) -> Bool { state.withLock { $0.contains(number) } }

    /// The next `count` segments behind one, which need not be there itself.
    func numbers(after number: UInt32, most count: Int) -> ArraySlice<UInt32> {
        guard number < .max else { return [] }
        return state.withLock { $0.numbers[$0.place(of: number + 1)...].prefix(count) }
    }

    /// Segments that are never written to again.
    ///
    /// The last one is never among them, so that its number is remembered by its name.
    var sealed: ArraySlice<UInt32> { numbers.dropLast() }

    /// Makes known how far the segment that is written to is on disk.
    func setDurable(_ end: UInt64, of number: UInt32) { state.withLock { $0.active = (number, end) } }

    /// Where the records of a segment end, in a file of `size` octets: beyond it where the end is lost.
    func recordsEnd(of number: UInt32, size: UInt64) -> UInt64 {
        state.withLock { state in
            if let end = state.ends[number], end <= largestOctets { return end }
            let active = state.active.flatMap { $0.number == number ? $0.end : nil }
            return min(size, active ?? size)
        }
    }

    /// Forgets a segment whose file was deleted.
    func remove(_ number: UInt32) {
        state.withLock { state in
            state.numbers.removeAll { $0 == number }
            state.going.remove(number)
            state.ends[number] = nil
            state.open[number] = nil
        }
    }

    func setEnd(_ end: UInt64, of number: UInt32) { state.withLock { $0.ends[number] = end } }
    func end(of number: UInt32) -> UInt64? { state.withLock { $0.ends[number] } }

    /// Of segments that are not there, which are lost and not removed.
    func setMissing(_ ranges: [ClosedRange<UInt32>]) { state.withLock { $0.missing = ranges } }

    /// Whether a segment is about to be removed.
    func setGoing(_ number: UInt32, _ isGoing: Bool) {
        state.withLock { state in
            if isGoing { state.going.insert(number) } else { state.going.remove(number) }
        }
    }

    /// Whether the next commit has to tell which segments were removed.
    var owesRemoved: Bool {
        get { state.withLock { $0.owesRemoved } }
        set { state.withLock { $0.owesRemoved = newValue } }
    }

    /// Segments before the last one that were removed, or are about to be.
    var removed: RemovedSegments {
        state.withLock { state in
            RemovedSegments(absentFrom: state.numbers.filter { !state.going.contains($0) }, besides: state.missing)
        }
    }

    func add(_ file: SegmentFile) {
        state.withLock { state in
            let place = state.numbers.lastIndex { $0 < file.number }.map { $0 + 1 } ?? 0
            state.numbers.insert(file.number, at: place)
            state.clock += 1
            state.open[file.number] = (file, state.clock)
        }
    }

    /// The segment, opened when it is not.
    ///
    /// May block for the time of an `open`.
    func file(_ number: UInt32) throws(JournalError) -> SegmentFile {
        if let known = openFile(number) { return known }
        guard contains(number) else { throw .system(errno: ENOENT, call: "open") }
        let file = try SegmentFile.openForReading(number, in: directory)
        keep(file)
        return file
    }

    func keep(_ file: SegmentFile) {
        state.withLock { state in
            state.clock += 1
            guard state.contains(file.number) else { return }
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
