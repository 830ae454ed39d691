// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import Glibc
internal import Locking
internal import Runtime

/// Writes the sidecars of segments that were left, one after the other, on a thread of the blocking pool.
final class SegmentIndexer: Sendable {
    private struct State {
        var pending: [UInt32] = []
        var isRunning = false
        var isStopped = false
        var waiting: [@Sendable () -> Void] = []
    }

    private let segments: SegmentTable
    private let state = Lock(State())

    init(_ segments: SegmentTable) { self.segments = segments }

    /// The sidecar of a segment is to be written; never blocks.
    func add(_ number: UInt32) {
        let starts = state.withLock { state in
            guard !state.isStopped, !state.pending.contains(number) else { return false }
            state.pending.append(number)
            defer { state.isRunning = true }
            return !state.isRunning
        }
        if starts { BlockingPool.shared.submit { [self] in work() } }
    }

    /// As `add`, unless there is a sidecar of all of the segment.
    ///
    /// Blocks.
    func add(_ number: UInt32, endingAt end: UInt64) {
        if SegmentIndex.knownEnd(of: number, in: segments.directory, segments.identity) != end { add(number) }
    }

    /// Adds the sealed segments that have no sidecar, and deletes what belongs to no segment.
    ///
    /// Blocks.
    func addMissing() {
        guard let names = try? Directories.entries(segments.directory) else { return }
        let indexed = Set(names.compactMap(SegmentIndex.number(of:)))
        for name in names where name.hasSuffix(SegmentIndex.temporarySuffix) {
            unsafe unlink("\(segments.directory)/\(name)")
        }
        for number in indexed where !segments.contains(number) {
            unsafe unlink(SegmentIndex.path(number, in: segments.directory))
        }
        for number in segments.sealed where !indexed.contains(number) { add(number) }
    }

    private func work() {
        while let number = next() { _ = segments.writeIndex(of: number) }
    }

    private func next() -> UInt32? {
        let (number, waiting) = state.withLock { state -> (UInt32?, [@Sendable () -> Void]) in
            if state.isStopped { state.pending = [] }
            guard state.pending.isEmpty else { return (state.pending.removeFirst(), []) }
            state.isRunning = false
            defer { state.waiting = [] }
            return (nil, state.waiting)
        }
        for done in waiting { done() }
        return number
    }

    /// Waits until every sidecar that was asked for is written or has failed.
    func idle() async {
        await unsafe withUnsafeContinuation { (continuation: UnsafeContinuation<Void, Never>) in
            let isIdle = state.withLock { state in
                if state.isRunning { state.waiting.append { unsafe continuation.resume() } }
                return !state.isRunning
            }
            if isIdle { unsafe continuation.resume() }
        }
    }

    /// Begins no more, and waits for the one being written.
    func stop() async {
        state.withLock { $0.isStopped = true }
        await idle()
    }
}
