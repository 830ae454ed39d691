// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import Events
internal import Glibc
internal import Journal
internal import Locking
internal import MailStore
internal import MailTypes
internal import Settings

/// The parts of an open store that upkeep works on.
final class StoreUpkeep: Sendable {
    let directory: String
    let identity: JournalIdentity
    let log: JournalAccountLog
    let store: LoggedMailStore
    let settings: LiveSettings
    let events: EventRecorder
    let removals = RemovalGate()
    let memory = UpkeepMemory()

    init(
        directory: String,
        identity: JournalIdentity,
        log: JournalAccountLog,
        store: LoggedMailStore,
        settings: LiveSettings,
        events: EventRecorder
    ) {
        self.directory = directory
        self.identity = identity
        self.log = log
        self.store = store
        self.settings = settings
        self.events = events
        for shard in log.shards.indices where !log.losses.all(shard).isEmpty { memory.setSuspect(shard, true) }
    }

    /// A run at the rate for upkeep, or without a bound.
    func run(unbounded: Bool = false, observe: @escaping UpkeepObserver = { _ in }) -> UpkeepRun {
        let settings = settings
        return UpkeepRun(
            rate: { unbounded ? 0 : UInt64(clamping: settings.current[JournalStoreSettings.upkeepRate].octets) },
            observe: observe
        )
    }

    /// Every account that has records, of one shard or all, ascending.
    func accounts(shard: Int? = nil) -> [AccountID] {
        let shards = shard.map { [log.shards[$0]] } ?? log.shards
        return shards.flatMap(\.streams).filter { $0 != JournalAccountLog.storeStream }.sorted().map { AccountID($0) }
    }

    /// As `accounts`, with those of which nothing but a snapshot is left.
    func allAccounts(shard: Int, _ run: UpkeepRun) async throws -> [AccountID] {
        try await run.blocking { self.log.accounts(shard: shard) }
    }

    func name(of segment: UInt32, shard: Int) -> String {
        let digits = String(segment)
        let number = String(repeating: "0", count: max(0, 10 - digits.count)) + digits
        return "\(StoreFormat.shardName(shard))/segment-\(number).log"
    }
}

/// Keeps segments where they are while somebody copies them.
final class RemovalGate: Sendable {
    private struct State {
        var holders = 0
        var isRemoving = false
    }

    private let state = Lock(State())
    private static let pause: UInt32 = 20_000

    /// No segment is removed until `letGo`.
    ///
    /// Blocks while one is.
    func hold() { wait { $0.isRemoving ? nil : { $0.holders += 1 } } }
    func letGo() { state.withLock { $0.holders -= 1 } }

    /// Calls `remove` when nobody holds the segments.
    ///
    /// Blocks until then; false when `isCancelled` says so first.
    func removing(unless isCancelled: () -> Bool, _ remove: () throws -> Void) rethrows -> Bool {
        while true {
            guard !isCancelled() else { return false }
            let mayRemove = state.withLock { state in
                guard state.holders == 0, !state.isRemoving else { return false }
                state.isRemoving = true
                return true
            }
            if mayRemove { break }
            usleep(Self.pause)
        }
        defer { state.withLock { $0.isRemoving = false } }
        try remove()
        return true
    }

    private func wait(_ attempt: (State) -> ((inout State) -> Void)?) {
        while true {
            let isDone = state.withLock { state in
                guard let change = attempt(state) else { return false }
                change(&state)
                return true
            }
            if isDone { return }
            usleep(Self.pause)
        }
    }
}

/// What upkeep remembers for the life of the process.
final class UpkeepMemory: Sendable {
    private struct State {
        var isCompacting = false
        /// Segments, by shard, with messages that could not be copied, and what was live in them then.
        var stuck: [UInt64: UInt64] = [:]
        /// Segments, by shard, that compression would not make smaller.
        var incompressible: Set<UInt64> = []
        var freedAtCompaction: UInt64 = 0
        /// Shards with lost records whose accounts have not been looked at since.
        var suspect: Set<Int> = []
        /// What is in doubt and not settled, by shard.
        var inDoubt: [Int: [DoubtfulMessage]] = [:]
        var hasToldOfOwedBases = false
    }

    private let state = Lock(State())

    /// Whether a segment would be tried in vain: nothing in it has changed since it was.
    func isStuck(_ segment: ShardSurvey.Segment, _ shard: Int) -> Bool {
        state.withLock { $0.stuck[Self.key(segment.number, shard)] == segment.liveOctets }
    }

    func add(stuck segment: ShardSurvey.Segment, _ shard: Int) {
        state.withLock { $0.stuck[Self.key(segment.number, shard)] = segment.liveOctets }
    }

    private static func key(_ segment: UInt32, _ shard: Int) -> UInt64 { UInt64(shard) << 32 | UInt64(segment) }

    func isIncompressible(_ segment: UInt32, _ shard: Int) -> Bool {
        state.withLock { $0.incompressible.contains(Self.key(segment, shard)) }
    }

    func add(incompressible segment: UInt32, _ shard: Int) {
        state.withLock { _ = $0.incompressible.insert(Self.key(segment, shard)) }
    }

    /// Whether accounts of a shard may lack records that their snapshots know of, and were not looked at since.
    func isSuspect(_ shard: Int) -> Bool { state.withLock { $0.suspect.contains(shard) } }

    func setSuspect(_ shard: Int, _ isSuspect: Bool) {
        state.withLock { state in
            if isSuspect { state.suspect.insert(shard) } else { state.suspect.remove(shard) }
        }
    }

    /// Messages in doubt, of every shard in which anything is and that does not know yet that it is settled.
    var inDoubt: [Int: [DoubtfulMessage]] { state.withLock { $0.inDoubt } }
    func setInDoubt(_ messages: [Int: [DoubtfulMessage]]) { state.withLock { $0.inDoubt = messages } }

    /// True once.
    func mayTellOfOwedBases() -> Bool {
        state.withLock { state in
            defer { state.hasToldOfOwedBases = true }
            return !state.hasToldOfOwedBases
        }
    }

    /// False when another compaction is under way.
    func beginCompaction() -> Bool {
        state.withLock { state in
            defer { state.isCompacting = true }
            return !state.isCompacting
        }
    }

    func endCompaction(freed: UInt64) {
        state.withLock { state in
            state.isCompacting = false
            state.freedAtCompaction = freed
        }
    }

    /// What `freed` was when compaction last ran.
    var freedAtCompaction: UInt64 { state.withLock { $0.freedAtCompaction } }
}
