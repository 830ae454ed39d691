// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import Events
internal import Glibc
internal import Journal

/// A queue folder that this process has made its own and read.
struct OpenedQueue: Sendable {
    let lock: FolderLock
    let journal: Journal
    var state = QueueState()
    /// Records that nothing can be made of, or messages that may be.
    private(set) var damaged: [RecordPosition] = []
    /// Messages of the last commit before a death that are not whole: nobody was told that they are here.
    private(set) var torn = 0

    /// Blocks for as long as reading takes.
    init(_ directory: String, options: JournalOptions, limits: QueueLimits) throws(QueueError) {
        do throws(JournalError) {
            try Directories.make(directory)
            lock = try FolderLock(directory)
            journal = try Journal.open(directory, identity: try Self.identity(directory), options: options)
        } catch .system(EWOULDBLOCK, "flock") {
            throw .busy
        } catch {
            throw QueueError(error)
        }
        state.limits = limits
        do throws(JournalError) { try replay() } catch { throw QueueError(error) }
    }

    /// Records carry the identity, so that it needs no file of its own.
    private static func identity(_ directory: String) throws(JournalError) -> JournalIdentity {
        if let found = Journal.identity(in: directory) { return found }
        guard !Journal.hasRecords(in: directory) else { throw .foreign }
        return .random()
    }

    private mutating func replay() throws(JournalError) {
        let doubtful = Set(journal.recovery.doubtful)
        var state = state
        var (damaged, torn) = (damaged, torn)
        try journal.replayAll(after: nil) { item in
            switch item {
            case .damaged(let position): damaged.append(position)
            case .record(let entry):
                guard let record = QueueRecord.decode(kind: entry.kind, entry.metadata, isReplay: true) else {
                    return damaged.append(entry.position)
                }
                if case .message = record, doubtful.contains(entry.position) {
                    torn += 1
                    return
                }
                state.apply(
                    record,
                    at: entry.position,
                    preamble: entry.body.preamble,
                    size: entry.body.length
                )
            }
        }
        (self.state, self.damaged, self.torn) = (state, damaged, torn)
    }
}
