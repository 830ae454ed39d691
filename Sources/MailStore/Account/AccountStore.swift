// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import Events
internal import Locking
package import MailTypes
internal import Runtime
internal import SearchIndex

/// The one owner of an account: it decides numbers, appends to the log, applies what has become durable, and tells the
/// watchers, in this order. It lives on an event loop, so its state needs no lock.
///
/// Many changes may be waiting for the log at a time; they share its commits. Each has a ticket, and they are applied
/// in the order of the tickets.
package actor AccountStore: MailAccount {
    package nonisolated let id: AccountID
    nonisolated let loop: EventLoop
    nonisolated let services: AccountServices
    nonisolated let fence: Fence
    nonisolated let watches = WatchRegistry()
    nonisolated let snapshots = SnapshotKeeper()
    /// Whether the account is known to have what every account has.
    nonisolated let provisioned = Lock(false)
    /// Where messages went that views still look for in their old place.
    nonisolated let forwarding = Forwarding()
    /// `nil` when the engine has no place for search texts.
    nonisolated let texts: AccountTexts?

    package nonisolated var unownedExecutor: UnownedSerialExecutor {
        unsafe loop.asUnownedSerialExecutor()
    }

    /// What is durable.
    var state: AccountState
    /// The position of the last record in `state`.
    var applied: LogPosition?
    var gate = ChangeGate()
    var arrivals = ArrivalOrder()
    /// The account was removed: sessions that still hold it change nothing any more.
    var isOver = false

    // Numbers given to changes that are still under way.
    private var plannedModSeq: UInt64
    private var plannedUIDs: [MailboxID: UInt64] = [:]
    private var plannedMailboxID: UInt32
    private var plannedUIDValidity: UInt32

    // Changes under way, by ticket; applied in the order of the tickets.
    private var nextTicket: UInt64 = 0
    private var nextToApply: UInt64 = 0
    private var pending: [UInt64: PendingCommit] = [:]
    /// Messages on their way to the log.
    var underWay = AppendsUnderWay()
    /// What may be stored, as it was asked last.
    var limits = QuotaLimits.none
    /// How full the account was told to be: 0, 90 or 100.
    var warnedPercent: UInt64 = 0
    /// Deliveries under way, and who waits for their outcome.
    var deliveriesUnderWay: [DeliveryID: [Turn<Void>]] = [:]
    /// What clients appended to the mailbox of sent mail.
    var sentCopies = AppendedCopies()

    init(
        _ opened: OpenedAccount,
        fence: Fence,
        loop: EventLoop,
        services: AccountServices
    ) {
        id = fence.account
        self.fence = fence
        self.loop = loop
        self.services = services
        texts = services.log.sidecar(of: fence.account).map { place in
            AccountTexts(TextSidecar(place, reserve: services.reservedOctets))
        }
        state = opened.state
        applied = opened.position
        plannedModSeq = opened.state.highestModSeq.rawValue
        plannedMailboxID = opened.state.nextMailboxID
        plannedUIDValidity = opened.state.lastUIDValidity
        snapshots.opened(with: opened.replayed)
    }

    // MARK: Numbers

    func takeModSeq() -> ModSeq {
        plannedModSeq += 1
        return ModSeq(plannedModSeq)
    }

    /// What `takeModSeq` gave last.
    var lastPlannedModSeq: ModSeq { ModSeq(plannedModSeq) }

    /// The next UID of a mailbox; `nil` when it has given out all there are.
    func takeUID(_ mailbox: MailboxState) -> UID? { takeUIDs(1, mailbox).map { UID($0) } }

    /// The first of the next `count` UIDs of a mailbox; `nil` when it has fewer left, and then none is taken.
    func takeUIDs(_ count: Int, _ mailbox: MailboxState) -> UInt32? {
        let next = max(plannedUIDs[mailbox.id] ?? 1, mailbox.uidNext)
        guard let first = UInt32(exactly: next), count <= Int(UInt32.max - first) else { return nil }
        plannedUIDs[mailbox.id] = next + UInt64(count)
        return first
    }

    func takeMailboxID() -> MailboxID? {
        guard plannedMailboxID < .max else { return nil }
        defer { plannedMailboxID += 1 }
        return MailboxID(max(1, plannedMailboxID))
    }

    /// Ascending, so that a mailbox made again under an old name is seen to be another.
    func takeUIDValidity() -> UIDValidity {
        plannedUIDValidity = max(plannedUIDValidity &+ 1, UInt32(clamping: services.now()), 1)
        return UIDValidity(plannedUIDValidity)
    }

    // MARK: Turns

    // A task that comes from elsewhere may be set aside at any `await`, also at one for this very actor. So whatever is
    // decided between two changes is decided without one, and who waits looks again before lying down.

    /// Waits for the turn of a change, which must end with `gate.leave`.
    func enter(exclusive: Bool) async throws(MailStoreError) {
        guard !gate.isFull else {
            throw MailStoreError(.busy, "the mailbox is in use", detail: "too many changes wait")
        }
        if !gate.enter(exclusive: exclusive) {
            await Turn.wait { turn in
                if gate.enter(exclusive: exclusive) { turn.resume() } else { gate.wait(exclusive: exclusive, turn) }
            }
        }
        guard isOver else { return }
        gate.leave(exclusive: exclusive)
        throw MailStoreError(.unavailable, "the account was removed", detail: "account \(id) has another owner")
    }

    // MARK: Committing

    /// Hands records to the log as one.
    ///
    /// What was planned from and what is handed in must have no `await` in between, unless the change is an exclusive
    /// one. Every ticket must be waited for with `isApplied`.
    ///
    /// With `base`, that is the state from these records on.
    func submit(_ appends: [LogAppend], base: AccountState? = nil) -> UInt64 {
        let ticket = nextTicket
        nextTicket += 1
        pending[ticket] = PendingCommit(records: appends.map(\.record), base: base)
        services.log.submit(appends, fence: fence) { [self] outcome in
            loop.execute { self.assumeIsolated { $0.finish(ticket, outcome) } }
        }
        return ticket
    }

    /// Waits until a ticket's records, and everything before them, are durable and applied; returns where they are.
    @discardableResult
    func isApplied(_ ticket: UInt64) async throws(MailStoreError) -> [LogPlace] {
        let outcome: PendingCommit.Outcome = await Turn.wait { turn in
            if pending[ticket]?.isDone ?? true {
                turn.resume(returning: pending.removeValue(forKey: ticket)?.outcome ?? .success([]))
            } else {
                pending[ticket]?.turn = turn
            }
        }
        return try outcome.get()
    }

    fileprivate func finish(_ ticket: UInt64, _ outcome: Result<[LogPlace], MailStoreError>) {
        pending[ticket]?.outcome = outcome
        var changed: Set<MailboxID> = []
        var count = 0
        while let done = pending[nextToApply], let outcome = done.outcome {
            if case .success(let places) = outcome {
                let octets = done.frees ? state.octets : 0
                if let base = done.base { state = base }
                for (record, place) in zip(done.records, places) {
                    state.apply(record, at: place)
                    if texts?.applied(record, at: place) ?? false { services.texts.want(self, soon: false) }
                    applied = place.position
                    record.addMailboxes(to: &changed)
                    count += 1
                }
                if done.frees { services.freed.withLock { $0 &+= octets &- min(octets, state.octets) } }
            }
            pending[nextToApply]?.isDone = true
            if let turn = done.turn {
                pending[nextToApply] = nil
                turn.resume(returning: outcome)
            }
            nextToApply += 1
        }
        guard count > 0 else { return }
        watches.changed(changed)
        warnOfQuota()
        services.feed?.publish(id, state.highestModSeq)
        snapshots.applied(count)
        saveSnapshotIfDue()
    }

    // MARK: Snapshots

    private func saveSnapshotIfDue() {
        let messages = state.mailboxes.values.reduce(0) { $0 + $1.messages.count }
        if snapshots.isDue(messages: messages) { writeSnapshot() }
    }

    /// Writes a snapshot on a blocking thread, when enough records were applied since the last one.
    func saveSnapshot() {
        if snapshots.isWorthwhile { writeSnapshot() }
    }

    /// As `saveSnapshot`, and waits for it.
    func saveLastSnapshot() async {
        guard snapshots.isWorthwhile, let work = snapshotWork() else { return }
        await BlockingPool.shared.run(work)
    }

    /// Writes a snapshot and waits for it, however few records were applied since the last one.
    func saveSnapshotNow() async {
        if let work = snapshotWork() { await BlockingPool.shared.run(work) }
    }

    private func writeSnapshot() {
        if let work = snapshotWork() { BlockingPool.shared.submit(work) }
    }

    /// `nil` while another is being written.
    private func snapshotWork() -> (@Sendable () -> Void)? {
        guard let applied, snapshots.begin() else { return nil }
        let (state, log, fence, keeper) = (state, services.log, fence, snapshots)
        return {
            log.putSnapshot(LogSnapshot(position: applied, bytes: state.encode()), fence: fence)
            keeper.end()
        }
    }
}

/// A change that was handed to the log.
private struct PendingCommit {
    typealias Outcome = Result<[LogPlace], MailStoreError>

    var records: [LogRecord]
    var base: AccountState?
    var outcome: Outcome?
    /// Applied, or failed and passed over.
    var isDone = false
    /// Who waits for that.
    var turn: Turn<Outcome>?

    /// Whether messages may be gone with it.
    var frees: Bool {
        records.contains { record in
            switch record {
            case .expunge, .mailboxDeleted, .accountRemoved: true
            default: false
            }
        }
    }
}

/// What all accounts of a store share.
struct AccountServices: Sendable {
    var log: any AccountLog
    var feed: (any ChangeFeed)?
    var events: EventRecorder
    var settings: Lock<StoreSettingsInForce>
    var damage: DamageReports
    var quota: QuotaSource
    /// Octets of messages that went since the process began: what compaction may win.
    var freed = Lock<UInt64>(0)
    var texts: TextKeeper
    /// Room on disk that is left to what matters more than search texts.
    var reservedOctets: UInt64
    /// Seconds since 1970.
    var now: @Sendable () -> Int64
}

extension LogRecord {
    /// The mailboxes whose watchers are to look.
    func addMailboxes(to changed: inout Set<MailboxID>) {
        switch self {
        case .message(let record): changed.insert(record.mailbox)
        case .flags(let record): changed.insert(record.mailbox)
        case .expunge(let record): changed.insert(record.mailbox)
        case .transfer(let record):
            changed.insert(record.target)
            if record.isMove { changed.insert(record.source) }
        case .mailboxCreated(let record): changed.insert(record.mailbox)
        case .mailboxDeleted(let mailbox, _), .specialUse(let mailbox, _, _): changed.insert(mailbox)
        case .mailboxesRenamed(let renames, _): changed.formUnion(renames.map(\.mailbox))
        case .quarantined(let record): changed.insert(record.mailbox)
        case .restored(let record): changed.insert(record.target)
        case .access(let record): changed.insert(record.mailbox)
        case .annotated, .subscribed, .deliveriesForgotten, .accountRemoved, .fence, .quarantineDeleted, .base, .moved,
            .numbersSkipped:
            break
        }
    }
}
