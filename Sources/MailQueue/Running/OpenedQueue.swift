// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import Events
internal import Glibc
internal import Journal
internal import Locking

/// A message of which not everything is there, and that nobody was promised.
struct TornMessage: Sendable, Hashable {
    var id: QueueID
    var recipients: Int

    init?(_ entry: JournalEntry) {
        guard case .message(let record) = QueueRecord.decode(kind: entry.kind, entry.metadata) else { return nil }
        (id, recipients) = (record.id, record.message.recipients.count)
    }

    /// Its end: the next start must not take it for a message that is damaged.
    var removal: ChangeRecord {
        var change = ChangeRecord(id)
        let gone = RecipientProgress(.removed)
        change.recipients = (0..<recipients).map { ChangeRecord.Recipient(index: $0, progress: gone) }
        return change
    }
}

/// A queue folder that this process has made its own and read.
struct OpenedQueue: Sendable {
    let lock: FolderLock
    let journal: Journal
    /// Until it is taken.
    private let state = Lock<QueueState?>(nil)
    /// Records that nothing can be made of, or messages that may be.
    private(set) var damaged: [RecordPosition] = []
    /// Messages of the last commit before a death that are not whole: nobody was told that they are here.
    private(set) var torn: [TornMessage] = []

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
        do throws(JournalError) { try replay(limits) } catch { throw QueueError(error) }
    }

    /// What the journal says, once: were it kept here as well, the first change would copy a million messages.
    func takeState() -> QueueState {
        state.withLock { state in
            defer { state = nil }
            return state
        } ?? QueueState()
    }

    /// Records carry the identity, so that it needs no file of its own.
    private static func identity(_ directory: String) throws(JournalError) -> JournalIdentity {
        let known = Journal.identityOfRecords(in: directory) ?? Journal.identityOfDerived(in: directory)
        if let known { return known }
        guard !Journal.hasRecords(in: directory) else { throw .foreign }
        return .random()
    }

    private mutating func replay(_ limits: QueueLimits) throws(JournalError) {
        let doubtful = Set(journal.recovery.doubtful)
        var state = QueueState()
        state.limits = limits
        var (damaged, torn) = (damaged, torn)
        try journal.replayAll(after: nil) { item in
            switch item {
            case .damaged(let position, _): damaged.append(position)
            case .unreadable: break
            case .record(let entry):
                if entry.kind == QueueRecord.Kind.message, doubtful.contains(entry.position) {
                    if let message = TornMessage(entry) { torn.append(message) }
                    return
                }
                let isKnown = state.replay(
                    kind: entry.kind,
                    entry.metadata,
                    at: entry.position,
                    preamble: entry.body.preamble,
                    size: entry.body.length
                )
                if !isKnown { damaged.append(entry.position) }
            }
        }
        (self.damaged, self.torn) = (damaged, torn)
        self.state.withLock { $0 = state }
    }
}
