// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import ByteTools
internal import Events
internal import Glibc
internal import Journal
internal import Locking
internal import MailStore
internal import MailTypes
internal import Runtime
internal import SearchIndex

/// The log of all accounts of a store: the records of an account are a stream of the journal of its shard.
final class JournalAccountLog: AccountLog {
    /// The epoch of this start.
    ///
    /// Greater than that of every earlier one.
    let epoch: UInt64
    let shards: [Journal]
    let snapshots: SnapshotFiles
    let events: EventRecorder
    let fullDisk: FullDiskNotices
    private let mended = MendedBodies()
    private let lostEnds = Lock<[AccountID: RecordPosition]>([:])
    /// Accounts that were found to lack records.
    private let incomplete = Lock<Set<AccountID>>([])
    private let newest: [NewestSnapshot]
    let losses: KnownLosses
    /// What each shard lacks of this start.
    let owed: [OwedRecords]
    /// Records of the store itself.
    static let storeStream = UInt64.max

    /// Blocks.
    init(_ shards: [Journal], snapshots: SnapshotFiles, events: EventRecorder) {
        self.shards = shards
        self.snapshots = snapshots
        self.events = events
        fullDisk = FullDiskNotices(events)
        let fences = shards.map { Self.lastFence(of: $0) }
        let last = fences.map(\.epoch).max() ?? 0
        // The clock helps when the last fence is lost; the last fence when the clock was set back.
        let epoch = max(last + 1, UInt64(clamping: wallClock()))
        self.epoch = epoch
        owed = shards.map { OwedRecords($0, epoch: epoch) }
        newest = shards.indices.map { NewestSnapshot(snapshots.directory, $0, snapshots.identity) }
        losses = KnownLosses(zip(shards, fences).map { ShardLosses($0, before: $1.lost) })
    }

    private static func lastFence(of shard: Journal) -> (epoch: UInt64, lost: [LostOctets]) {
        if let head = shard.head(of: storeStream), let fence = fence(try? shard.record(at: head)) { return fence }
        // It is lost, or there is none: one before it knows at least of what was lost until then.
        var last: (epoch: UInt64, lost: [LostOctets]) = (0, [])
        try? shard.replay(storeStream, after: nil) { item in
            if case .record(let entry) = item { last = fence(entry) ?? last }
        }
        return last
    }

    private static func fence(_ entry: JournalEntry?) -> (epoch: UInt64, lost: [LostOctets])? {
        guard let entry, case .fence(let epoch, let lost) = LogRecord.decode(entry.metadata)?.record else { return nil }
        return (min(epoch, .max - 1), lost)
    }

    /// Every account that has records in a shard, or a snapshot when that is all that is left of it; ascending.
    ///
    /// Blocks.
    func accounts(shard number: Int) -> [AccountID] {
        let alone = snapshots.files().compactMap(\.account).filter { shardNumber(of: $0) == number }
        let recorded = shards[number].streams.filter { $0 != Self.storeStream }.map { AccountID($0) }
        return Set(recorded).union(alone).sorted { $0.rawValue < $1.rawValue }
    }

    func close() async {
        fullDisk.tell(isLast: true)
        for (shard, owed) in zip(shards, owed) {
            // A start from a checkpoint would not see what is owed.
            await shard.close(inOrder: await owed.isWritten())
        }
    }

    /// The number of the journal that has an account's records.
    func shardNumber(of account: AccountID) -> Int { StoreFormat.shard(of: account, among: shards.count) }

    func shard(_ account: AccountID) -> Journal { shards[shardNumber(of: account)] }

    static func record(_ append: LogAppend, _ fence: Fence) -> JournalRecord {
        JournalRecord(
            kind: RecordKind.firstForUsers + append.record.code,
            stream: fence.account.rawValue,
            metadata: append.record.encode(fence),
            body: append.body.map(JournalBody.init) ?? .none,
            usesReserve: append.record.makesRoom
        )
    }

    // MARK: AccountLog

    func submit(
        _ appends: [LogAppend],
        fence: Fence,
        completion: @escaping @Sendable (Result<[LogPlace], MailStoreError>) -> Void
    ) {
        guard fence.epoch == epoch else {
            let detail = "epoch \(fence.epoch) is not \(epoch)"
            return completion(.failure(MailStoreError(.unavailable, "the mailbox has moved", detail: detail)))
        }
        let records = appends.map { Self.record($0, fence) }
        let preambles = records.map { UInt32(clamping: JournalEntry.preamble(of: $0)) }
        // What upkeep copies is written once and read often; a delivery must not wait for it.
        let compression: BodyCompression = appends.contains { $0.body?.isUpkeep ?? false } ? .whenSmaller : .none
        let needsRoom = appends.contains { !$0.record.makesRoom }
        owed[shardNumber(of: fence.account)].submit(records, compression: compression) { [fullDisk] outcome in
            switch outcome {
            case .success(let positions):
                if needsRoom { fullDisk.written() }
                completion(.success(zip(positions, preambles).map { Self.place($0, preamble: $1) }))
            case .failure(let error):
                if case .full(let number) = error { fullDisk.refused(errno: number) }
                completion(.failure(MailStoreError(error, "the message store cannot write")))
            }
        }
    }

    static func place(_ position: RecordPosition, preamble: UInt32) -> LogPlace {
        LogPlace(
            position: LogPosition(segment: position.segment, offset: position.offset),
            body: BodyReference(segment: position.segment, offset: position.offset, preamble: preamble)
        )
    }

    func read(
        _ body: BodyReference,
        of account: AccountID,
        size: UInt64,
        range: Range<UInt64>
    ) async throws(MailStoreError) -> MessageOctets {
        let address = BodyAddress(record: body.record, preamble: body.preamble, length: size)
        do throws(JournalError) {
            let (number, journal) = (shardNumber(of: account), shard(account))
            let octets = try await journal.read(address, range)
            guard !octets.lost.isEmpty, await mended.isProven(address, number, journal) else {
                return MessageOctets(bytes: octets.bytes, damaged: octets.lost)
            }
            let right = try await journal.read(address, range, mending: true)
            return MessageOctets(bytes: right.bytes, damaged: right.lost)
        } catch {
            if case .lost = error {
                let wanted = range.clamped(to: 0..<size)
                return MessageOctets(bytes: [UInt8](repeating: 0, count: wanted.count), damaged: [wanted])
            }
            throw MailStoreError(error, "the message store cannot read")
        }
    }

    func messageRecord(
        at body: BodyReference,
        of account: AccountID
    ) async throws(MailStoreError) -> MessageRecord? {
        try await metadata(at: body, of: account).flatMap { LogRecord.decode($0)?.record.asMessage }
    }

    func messageStructure(
        at body: BodyReference,
        of account: AccountID
    ) async throws(MailStoreError) -> [UInt8]? {
        guard let metadata = try await metadata(at: body, of: account) else { return nil }
        return LogRecord.structure(in: metadata) ?? LogRecord.decode(metadata)?.record.asMessage?.structure
    }

    func messageStructures(
        at bodies: [BodyReference],
        of account: AccountID,
        _ take: (_ place: Int, _ structure: CachedStructure?) -> Void
    ) {
        shard(account).visit(bodies.map(\.record)) { place, entry in
            take(place, entry.flatMap { Self.structure(in: $0) })
        }
    }

    private static func structure(in entry: JournalEntry) -> CachedStructure? {
        if let place = LogRecord.structurePlace(in: entry.metadata) {
            return CachedStructure(entry.metadata, at: place)
        }
        return (LogRecord.decode(entry.metadata)?.record.asMessage?.structure).map { CachedStructure($0) }
    }

    /// `nil` when the record is lost.
    private func metadata(at body: BodyReference, of account: AccountID) async throws(MailStoreError) -> [UInt8]? {
        do throws(JournalError) {
            return try await shard(account).entry(at: body.record).metadata
        } catch {
            guard case .lost = error else { throw MailStoreError(error, "the message store cannot read") }
            return nil
        }
    }

    func replay(
        _ account: AccountID,
        after position: LogPosition?,
        _ visit: (LogItem) -> Void
    ) throws(MailStoreError) {
        let start = position.map { RecordPosition(segment: $0.segment, offset: $0.offset) }
        var replay = BaseReplay(account, shard(account))
        var unwritten = owed[shardNumber(of: account)].unwritten(of: account)
        do throws(JournalError) {
            try replay.run(after: start) { item in
                unwritten.note(item)
                visit(item)
            }
        } catch {
            throw MailStoreError(error, "the mailbox cannot be read")
        }
        for record in unwritten.records { visit(.owed(record)) }
    }

    /// A snapshot counts when the record it ends with is there, or is lost: else the log is another, or was set back.
    func snapshot(of account: AccountID) -> LogSnapshot? {
        guard let snapshot = snapshots.load(account) else { return nil }
        let last = RecordPosition(segment: snapshot.position.segment, offset: snapshot.position.offset)
        switch shard(account).trace(of: account.rawValue, at: last) {
        case .there: lostEnds.withLock { $0[account] = nil }
        case .lost: lostEnds.withLock { $0[account] = last }
        case .other: return nil
        }
        return snapshot
    }

    /// Accounts of a shard whose state is had by a snapshot alone, as far as they were opened, and where the record was
    /// that it ends with: no base and no record in its segment can stand for it.
    func lostEnds(shard number: Int) -> [AccountID: RecordPosition] {
        lostEnds.withLock { $0.filter { shardNumber(of: $0.key) == number } }
    }

    /// Notes an account that lacks a record that it is made of: the last one, or one before.
    ///
    /// Blocks. `pace` as `Journal.hasWholeHistory` calls it.
    func examine(_ account: AccountID, pace: (Int) -> Bool) throws(JournalError) {
        let journal = shard(account)
        let isWhole = try journal.hasWholeHistory(
            of: account.rawValue,
            stopsAt: { $0 == MailRecordKind.base },
            pace: pace
        )
        let last = snapshots.lastRecord(account)
        let lacksLast = last.map { journal.trace(of: account.rawValue, at: $0) == .lost } ?? false
        guard !isWhole || lacksLast else { return }
        // This notes a last record that is lost. Of an account that was removed there is neither record nor snapshot.
        let isKnown = snapshot(of: account) != nil || journal.head(of: account.rawValue) != nil
        if !isWhole, isKnown { incomplete.withLock { _ = $0.insert(account) } }
    }

    /// Accounts of a shard whose state the segments alone would not give, as far as they were looked at; ascending.
    func accountsOwedBases(shard number: Int) -> [AccountID] {
        let accounts = incomplete.withLock { $0 }.union(lostEnds.withLock { Set($0.keys) })
        return accounts.filter { shardNumber(of: $0) == number }.sorted { $0.rawValue < $1.rawValue }
    }

    /// The state of an account is in the journal again.
    func settle(_ account: AccountID) {
        lostEnds.withLock { $0[account] = nil }
        incomplete.withLock { _ = $0.remove(account) }
    }

    func putSnapshot(_ snapshot: LogSnapshot, fence: Fence) {
        guard fence.epoch == epoch else { return }
        // With its own position it would have what is to be applied again.
        guard owed[shardNumber(of: fence.account)].unwritten(of: fence.account).records.isEmpty else { return }
        guard snapshots.save(fence.account, snapshot) else { return }
        newest[shardNumber(of: fence.account)].note(snapshot.position)
    }

    func forget(_ account: AccountID) {
        snapshots.delete(account)
        TextSidecar(snapshots.sidecar(of: account)).remove()
    }

    func sidecar(of account: AccountID) -> SidecarPlace? { snapshots.sidecar(of: account) }
}

extension BodyReference {
    var record: RecordPosition { RecordPosition(segment: segment, offset: offset) }
}

extension LogRecord {
    /// What the record says of a message whose octets it has.
    var asMessage: MessageRecord? {
        switch self {
        case .message(let record): record
        case .moved(let record): record.message
        default: nil
        }
    }
}

extension LogRecord {
    /// Whether compaction writes it: without it no segment can go.
    fileprivate var makesRoom: Bool {
        switch self {
        case .base, .moved: true
        default: false
        }
    }
}

extension LogBody {
    fileprivate var isUpkeep: Bool {
        switch self {
        case .message: false
        case .state, .copy: true
        }
    }
}

extension JournalBody {
    init(_ body: LogBody) {
        switch body {
        case .state(let block): self = .block(block)
        case .copy(let source, let size):
            self = .copy(of: BodyAddress(record: source.record, preamble: source.preamble, length: size))
        case .message(let message):
            switch message.content {
            case .memory(let block): self = .block(block)
            case .file(let descriptor, let count, let owner):
                self = .file(BodyFile(descriptor: descriptor, count: count, owner: owner))
            }
        }
    }
}
