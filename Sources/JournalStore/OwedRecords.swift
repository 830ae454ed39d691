// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import Journal
internal import Locking
internal import MailStore
internal import MailTypes

/// What a start has to write to a journal before anything else: its fence, and what goes with it.
///
/// On a full disk it stays owed, so that the store opens all the same and mail can be read: every append tries to write
/// it first, and fails when that does. Who opens an account meanwhile applies what of it is the account's.
final class OwedRecords: Sendable {
    typealias Completion = @Sendable (Result<[RecordPosition], JournalError>) -> Void

    struct Item: Sendable {
        var account: AccountID
        var record: LogRecord
    }

    private struct Append {
        var records: [JournalRecord]
        var compression: BodyCompression
        var completion: Completion
    }

    private struct State {
        var items: ArraySlice<Item> = []
        /// The last record that the journal had before.
        var end: RecordPosition?
        /// They are being written, or what waited for that is being handed on.
        var isBusy = false
        var waiting: [Append] = []
    }

    /// So many records go in one commit.
    static let most = 4096
    private let journal: Journal
    private let epoch: UInt64
    private let state = Lock(State())

    init(_ journal: Journal, epoch: UInt64) {
        self.journal = journal
        self.epoch = epoch
    }

    /// To be called once, before anything is submitted.
    func owe(_ items: [Item]) {
        let end = journal.lastHead
        state.withLock { ($0.items, $0.end) = (items[...], end) }
    }

    /// As `Journal.submit`, behind what is owed.
    func submit(_ records: [JournalRecord], compression: BodyCompression = .none, completion: @escaping Completion) {
        let append = Append(records: records, compression: compression, completion: completion)
        let step = state.withLock { state -> (passes: Bool, writes: Bool) in
            guard state.isBusy || !state.items.isEmpty else { return (true, false) }
            defer { state.isBusy = true }
            state.waiting.append(append)
            return (false, !state.isBusy)
        }
        if step.passes { pass(append) }
        if step.writes { writeNext() }
    }

    private func pass(_ append: Append) {
        // Somebody only waits for what is owed.
        guard !append.records.isEmpty else { return append.completion(.success([])) }
        journal.submit(append.records, compression: append.compression, completion: append.completion)
    }

    /// Writes what is owed, if anything is.
    func write() async throws(JournalError) {
        let outcome = await unsafe withUnsafeContinuation { continuation in
            submit([]) { unsafe continuation.resume(returning: $0) }
        }
        _ = try outcome.get()
    }

    /// Whether nothing is owed, now that it has been tried once more.
    func isWritten() async -> Bool {
        do throws(JournalError) {
            try await write()
            return true
        } catch {
            return false
        }
    }

    private func writeNext() {
        let items = state.withLock { $0.items.prefix(Self.most) }
        guard !items.isEmpty else { return handOn() }
        let records = items.map { item in
            JournalAccountLog.record(LogAppend(item.record), Fence(account: item.account, epoch: epoch))
        }
        journal.submit(records) { [self] outcome in
            switch outcome {
            case .success:
                state.withLock { $0.items.removeFirst(items.count) }
                writeNext()
            case .failure(let error): refuse(error)
            }
        }
    }

    /// What waited keeps its order: who comes meanwhile waits, too.
    private func handOn() {
        while true {
            let waiting = state.withLock { state -> [Append] in
                defer { state.waiting = [] }
                state.isBusy = !state.waiting.isEmpty
                return state.waiting
            }
            guard !waiting.isEmpty else { return }
            for append in waiting { pass(append) }
        }
    }

    private func refuse(_ error: JournalError) {
        let waiting = state.withLock { state -> [Append] in
            defer { (state.waiting, state.isBusy) = ([], false) }
            return state.waiting
        }
        for append in waiting { append.completion(.failure(error)) }
    }

    /// What of an account is owed now.
    func unwritten(of account: AccountID) -> UnwrittenRecords {
        let (items, end) = state.withLock { ($0.items, $0.end) }
        return UnwrittenRecords(
            records: items.lazy.filter { $0.account == account }.map(\.record),
            end: end.map { LogPosition(segment: $0.segment, offset: $0.offset) }
        )
    }
}

/// What of an account was owed when its replay began, less what that met, for it may be written meanwhile.
struct UnwrittenRecords {
    private(set) var records: [LogRecord]
    /// Nothing up to here is what is owed, even if it says the same.
    private let end: LogPosition?

    init(records: [LogRecord], end: LogPosition?) {
        self.records = records
        self.end = end
    }

    mutating func note(_ item: LogItem) {
        guard !records.isEmpty, case .record(let record, let place) = item else { return }
        if let end, place.position <= end { return }
        if let written = records.firstIndex(of: record) { records.remove(at: written) }
    }
}
