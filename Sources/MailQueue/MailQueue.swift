// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

package import Events
package import Journal
internal import Locking
internal import MailTypes
package import Runtime
internal import SMTPWire
package import Settings

// The queue of mail that waits for the next system: durable, with a ledger for each recipient.
//
// Invariants:
// - What `accept` answered is on disk, and stays until each of its recipients is delivered, bounced, set aside, or taken
//   out by an administrator; each of these is a record, written before it is acted on.
// - A report and what it reports are one record: there is never one without the other.
// - The octets that end a message are sent only after "dot-sent" is on disk. Who then gets no answer is in doubt, and
//   only who is in doubt can get a message twice.
// - Everything that waits has a time at which something happens to it, in every state; a watchdog looks for what has
//   none.
// - What concerns a message as a whole (copying, freezing, taking out, giving back, giving up) is done by one at a time,
//   who has it reserved from the first look until its record is written; no transaction begins meanwhile.
// - Times are of the queue's own line (`QueueTimeline`); setting the clock changes nothing.
// - Segments go from the oldest on, when nothing in them is needed: what is in a segment concerns only messages in it
//   or in older ones.
// - What is on disk may be damaged anywhere: the rest of the queue goes on.

/// What the queue needs from the parts around it.
package struct QueueServices: Sendable {
    package var transport: any DeliveryTransport
    package var router: any QueueRouter
    package var reports: any ReportWriter
    package var clock: any QueueClock
    package var settings: LiveSettings
    package var events: EventRecorder
    /// The process before this one ended by a fault of its own, so that what it was sending is suspect.
    package var diedOfFault = false
    /// Of the queue, from 1, so that messages of two queues of one server have different names.
    package var number = 1

    package init(
        transport: any DeliveryTransport,
        router: any QueueRouter,
        reports: any ReportWriter,
        clock: any QueueClock = SystemQueueClock(),
        settings: LiveSettings = LiveSettings(),
        events: EventRecorder = .none
    ) {
        self.transport = transport
        self.router = router
        self.reports = reports
        self.clock = clock
        self.settings = settings
        self.events = events
    }
}

/// The queue in one folder, which one process owns.
package actor MailQueue {
    package nonisolated var unownedExecutor: UnownedSerialExecutor { unsafe loop.asUnownedSerialExecutor() }
    let loop: EventLoop
    let services: QueueServices
    let journal: Journal
    let lock: FolderLock
    var state: QueueState
    var timeline: QueueTimeline
    var policy: QueuePolicy
    /// Settings that were put in force by another thread, to be taken at the next tick.
    nonisolated let freshPolicy = Lock<QueuePolicy?>(nil)
    nonisolated let isRoutingStale = Lock(false)

    struct RunKey: Hashable {
        var id: QueueID
        var destination: UInt32
    }
    var running: [RunKey: Task<Void, Never>] = [:]
    /// Transactions that were begun and have not noted yet what they send.
    var preparing: Set<RunKey> = []
    /// A message that was being sent when a process died is sent alone among its kind.
    var runningSuspect: QueueID?
    /// Whether queued mail goes on its way.
    package private(set) var isSending = false
    var isDiskLow = false
    /// The last call for the mail of each connector.
    var calls: [String: OnDemandCall] = [:]
    /// Octets that were taken since it was last seen whether there is room.
    var uncheckedOctets: UInt64 = 0
    /// Octets of segments that may be needed by nobody before segments are emptied.
    var slack: UInt64 = 256 << 20
    /// The last large record that was read, and when it was last asked for.
    var largeRecord: ReadRecord?
    var largeRecordUse: Int64 = 0
    var isTidying = false
    var tidying: Task<Void, Never>?
    var watchdog = WatchdogRound()
    private(set) var lastTidy: Int64?
    private(set) var isClosing = false

    private init(_ opened: OpenedQueue, _ services: QueueServices, loop: EventLoop) {
        self.loop = loop
        self.services = services
        journal = opened.journal
        lock = opened.lock
        state = opened.takeState()
        let newest = state.entries.values.lazy.map(\.arrival).max() ?? .min
        timeline = QueueTimeline(services.clock, offset: state.clockOffset, after: newest)
        policy = QueuePolicy(services.settings.current)
    }

    /// Opens the queue in `directory`, making it when it is missing, and puts right what a death left behind.
    ///
    /// Nothing is sent before `setSending`. Throws `.busy` when another process has it.
    package static func open(
        _ directory: String,
        _ services: QueueServices,
        loop: EventLoop
    ) async throws(QueueError) -> MailQueue {
        try await open(directory, services, loop: loop, options: JournalOptions())
    }

    /// As above, with the journal's own options.
    package static func open(
        _ directory: String,
        _ services: QueueServices,
        loop: EventLoop,
        options: JournalOptions
    ) async throws(QueueError) -> MailQueue {
        let start = services.clock.steady
        let limits = QueuePolicy(services.settings.current).limits
        let outcome = await BlockingPool.shared.run { () -> Result<OpenedQueue, QueueError> in
            do throws(QueueError) {
                return .success(try OpenedQueue(directory, options: options, limits: limits))
            } catch {
                return .failure(error)
            }
        }
        let opened = try outcome.get()
        let queue = MailQueue(opened, services, loop: loop)
        try await queue.begin(opened, took: services.clock.steady &- start)
        return queue
    }

    private func begin(_ opened: OpenedQueue, took: Int64) async throws(QueueError) {
        reportOpening(opened, took)
        if timeline.offset != state.clockOffset { noteClock(timeline.offset) }
        try await settleTorn(opened)
        try await settleDeaths()
        learnFreshTerms()
        // The settings may have changed while nobody looked.
        _ = state.unhold(Set(state.destinations.inUse.filter { state.destinations[$0].isHeld == false }), at: now)
        let open = Set(state.destinations.inUse.filter { state.destinations[$0].hours.isEmpty })
        _ = state.reconsider(open, onlyUntried: true, at: now)
        state.scheduleAll(at: now)
        checkDisk()
        services.settings.observe { [weak self] snapshot in
            self?.freshPolicy.withLock { $0 = QueuePolicy(snapshot) }
            self?.isRoutingStale.withLock { $0 = true }
        }
    }

    /// Milliseconds on the queue's own time line.
    var now: Int64 { timeline.now(services.clock) }
    /// The time of day as the router knows it.
    func wall(_ time: Int64) -> Int64 { time &+ timeline.offset }

    // MARK: Taking messages

    /// Whether messages are taken now; when not, why.
    package var obstacle: QueueError? {
        if isClosing { return .unavailable("the queue is closing") }
        if isDiskLow { return .full }
        return state.entries.count >= policy.maximumMessages ? .tooMany : nil
    }

    /// Takes a message: when this returns, the queue has it and answers for it.
    ///
    /// Recipients that are accounts of this server go to the destination `local`; for others the router is asked.
    package func accept(_ message: QueuedMessage, _ content: QueueContent) async throws(QueueError) -> QueueID {
        // Much may come between two ticks of the clock.
        uncheckedOctets &+= content.size
        if uncheckedOctets >= Self.uncheckedLimit { checkDisk() }
        if let obstacle { throw obstacle }
        let isLarge = message.recipients.count > Self.manyRecipients
        let known = isLarge ? await placings(message, size: content.size) : nil
        // Much may have come meanwhile.
        if isLarge, let obstacle { throw obstacle }
        let record = newRecord(message, size: content.size, known)
        try await append(record, content.body)
        trackTaken(record, size: content.size)
        services.events.record(
            record.isFrozen ? .held : .accepted,
            [
                "queue.id": .string(record.id.description),
                "smtp.sender": .string("\(message.mail.reversePath)"),
                "queue.recipients": .count(message.recipients.count),
                "message.octets": .count(content.size), "message.id": .string(message.messageID),
                "queue.reason": .string(record.message.holdReason ?? ""),
            ],
            trace: message.trace?.text
        )
        kick()
        return record.id
    }

    private static let uncheckedLimit: UInt64 = 1 << 20
    /// What is to be done for each of more recipients than this is done elsewhere: meanwhile other messages go on.
    private static let manyRecipients = 500
    private var lastID = QueueID(0)

    /// A record for a message, with a name of its own and its recipients' routes.
    ///
    /// - Parameter placings: of the recipients, where they are known.
    func newRecord(_ message: QueuedMessage, size: UInt64, _ placings: [Placing]? = nil) -> MessageRecord {
        let now = self.now
        lastID = max(lastID.next, state.lastID.next, QueueID.first(at: now, queue: services.number))
        let times = MessageTimes(
            message,
            at: now,
            policy,
            releasedAt: message.releaseTime.map { $0 &- timeline.offset }
        )
        var record = MessageRecord(
            lastID,
            message,
            arrival: now,
            expiry: times.expiry,
            delayNotice: times.delayNotice
        )
        record.message.holdReason = message.holdReason ?? ruleHolding(message)
        record.isFrozen = message.isHeld || record.message.holdReason != nil
        for index in record.message.recipients.indices {
            let found = placings?[index] ?? placing(record.message, index, size: size, at: now)
            let place = found.held(until: times.release, at: now)
            record.message.recipients[index].destination = place.destination
            guard let status = place.status else { continue }
            record.progress[index].state = .deferred
            record.progress[index].next = place.next
            record.progress[index].status = status
        }
        return record
    }

    /// The first rule of queue/hold that is about a message, in words; `nil` when none is.
    package func ruleHolding(_ message: QueuedMessage) -> String? {
        guard message.origin == .received else { return nil }
        return policy.hold.first { $0.applies(to: message) }.map { "queue/hold = \($0.text)" }
    }

    /// Writes a message and takes it into the state.
    func append(_ record: MessageRecord, _ body: JournalBody) async throws(QueueError) {
        let queueRecord = QueueRecord.message(record)
        let isLarge = record.message.recipients.count > Self.manyRecipients
        let metadata = isLarge ? await BlockingPool.shared.run { queueRecord.metadata } : queueRecord.metadata
        let entry = JournalRecord(
            kind: queueRecord.kind,
            stream: QueueRecord.stream,
            metadata: metadata,
            body: body
        )
        let place: RecordPosition
        do throws(JournalError) {
            guard let first = try await journal.append([entry]).first else { throw .closed }
            place = first
        } catch {
            services.events.record(.writeFailed, ["error.description": .string("\(error)")])
            throw QueueError(error)
        }
        state.apply(
            queueRecord,
            at: place,
            preamble: UInt32(clamping: JournalEntry.preamble(of: entry)),
            size: body.count
        )
        learnFreshTerms()
        state.schedule(record.id, at: now)
        if let reported = record.reported { state.schedule(reported.id, at: now) }
    }

    // MARK: Running

    /// Says whether queued mail goes on its way.
    ///
    /// Without, what is under way comes to its end and the rest waits.
    package func setSending(_ isSending: Bool) {
        guard self.isSending != isSending else { return }
        self.isSending = isSending
        kick()
    }

    /// Has the clock do its work: to be called several times a second.
    package func tick() {
        guard !isClosing else { return }
        takeSettings()
        if let offset = timeline.step(services.clock) {
            noteClock(offset)
            reconsiderHours()
        }
        let now = self.now
        handle(state.advance(to: now))
        kick()
        if let lastTidy, now &- lastTidy < 5000 { return }
        lastTidy = now
        checkDisk()
        state.destinations.sweep(unusedSince: now &- 600_000)
        forgetLargeRecord(at: now)
        watch()
        tidy()
    }

    /// Begins whatever may begin.
    func kick() {
        guard isSending, !isClosing else { return }
        let now = self.now
        learnFreshTerms()
        while let job = state.nextJob(at: now) { begin(job) }
    }

    private func begin(_ job: QueueJob) {
        let key = RunKey(id: job.id, destination: job.destination)
        let isSuspect = state.entries[job.id]?.slots.contains { $0.deaths > 0 } ?? false
        if running[key] != nil || (isSuspect && runningSuspect != nil) {
            state.finished(job, at: now)
            state.timers.add(QueueTimer(time: now &+ 1000, id: job.id, destination: job.destination))
            return
        }
        if isSuspect { runningSuspect = job.id }
        preparing.insert(key)
        running[key] = Task(executorPreference: loop) { await self.run(job, key) }
    }

    private func run(_ job: QueueJob, _ key: RunKey) async {
        await perform(job)
        preparing.remove(key)
        running[key] = nil
        if runningSuspect == key.id { runningSuspect = nil }
        state.schedule(key.id, for: key.destination, at: now)
        kick()
    }

    /// Begins nothing more, waits for what is under way, and gives the folder up.
    package func close() async {
        isClosing = true
        while let task = running.values.first { await task.value }
        await tidying?.value
        await journal.close()
        lock.release()
    }
}
