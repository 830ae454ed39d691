// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

import ByteTools
import Events
import Glibc
import Journal
import Locking
import MailTypes
import Runtime
import SMTPWire
import Settings

@testable import MailQueue

/// A folder that is gone with it.
final class Folder: Sendable {
    let path = "/tmp/martlet-queue-\(Hex.encode(secureRandom(8)))"
    init() { unsafe mkdir(path, 0o700) }
    deinit {
        for name in (try? Directories.entries(path)) ?? [] { unsafe unlink("\(path)/\(name)") }
        unsafe rmdir(path)
    }
}

/// Clocks that a test sets.
final class FakeClock: QueueClock {
    private let state: Lock<(wall: Int64, steady: Int64)>

    init(wall: Int64 = 1_800_000_000_000) { state = Lock((wall, 0)) }

    var wall: Int64 { state.withLock { $0.wall } }
    var steady: Int64 { state.withLock { $0.steady } }

    func pass(_ duration: Duration) {
        state.withLock { ($0.wall, $0.steady) = ($0.wall + duration.milliseconds, $0.steady + duration.milliseconds) }
    }

    /// Somebody sets the clock on the wall.
    func set(_ duration: Duration) { state.withLock { $0.wall += duration.milliseconds } }
}

extension DeliveryOutcome {
    static let taken = DeliveryOutcome(.delivered, SMTPReply(250, .other, "Taken"), isPeersReply: true, host: "mx")
    static let later = DeliveryOutcome(.deferred, SMTPReply(451, .mailSystem, "Later"), isPeersReply: true, host: "mx")
    static let never = DeliveryOutcome(.bounced, SMTPReply(550, .noSuchMailbox, "No"), isPeersReply: true, host: "mx")
    static let doubt = DeliveryOutcome(.inDoubt, SMTPReply(451, .badConnection, "Gone"), host: "mx")
}

/// The rest of the world: takes messages as a test tells it to, and remembers.
final class World: DeliveryTransport, QueueRouter, ReportWriter {
    struct Delivery: Sendable, Equatable {
        var recipient: String
        var content: String
        var destination: String
        var kind: DeliveryOutcome.Kind
    }

    /// What is answered for a recipient; `taken` when nothing is said.
    let answers = Lock<[String: DeliveryOutcome]>([:])
    let routes = Lock<[String: QueueRoute]>([:])
    let terms = Lock<[String: DestinationTerms]>([:])
    let unreachable = Lock<Set<String>>([])
    /// Destinations for whose mail nobody calls.
    let uncalled = Lock<Set<String>>([])
    let log = Lock<[Delivery]>([])
    /// Reports that were written: action, recipients, and whom they went to.
    let reports = Lock<[(action: ReportAction, recipients: [String], to: String)]>([])
    /// What those reports were asked for with.
    let requests = Lock<[ReportRequest]>([])
    let canReport = Lock(true)
    /// Called before the end of a message; without its consent the message is put off.
    let beforeDot = Lock<(@Sendable () async -> Bool)?>(nil)
    /// Called before reports are written.
    let beforeDrafts = Lock<(@Sendable () async -> Void)?>(nil)
    /// Called between the end of a message and its answer.
    let afterDot = Lock<(@Sendable () async -> Void)?>(nil)
    /// What the next system was told of the time that is left.
    let deliverBy = Lock<[MailCommand.DeliverBy]>([])
    let atOnce = Lock((now: 0, most: [String: Int](), current: [String: Int]()))

    func deliver(
        _ batch: DeliveryBatch,
        willSendEnd: @escaping @Sendable ([Int]) async -> Bool
    ) async -> DeliveryResult {
        let name = batch.destination
        atOnce.withLock { state in
            state.current[name, default: 0] += 1
            state.most[name] = max(state.most[name] ?? 0, state.current[name] ?? 0)
        }
        defer { atOnce.withLock { $0.current[name, default: 1] -= 1 } }
        if let by = batch.message.mail.deliverBy { deliverBy.withLock { $0.append(by) } }
        let names = batch.recipients.map { "\(batch.message.recipients[$0].command.forwardPath)" }
        if unreachable.withLock({ $0.contains(name) }) {
            return DeliveryResult(names.map { _ in .later }, destinationFailure: "no answer")
        }
        if uncalled.withLock({ $0.contains(name) }) {
            return DeliveryResult(names.map { _ in DeliveryOutcome(.notTried, SMTPReply(450, .other, "Nobody calls")) })
        }
        guard let octets = try? await batch.content.read(at: 0, maximum: 1 << 20) else {
            return DeliveryResult(names.map { _ in .later }, contentIsDamaged: true)
        }
        if let beforeDot = beforeDot.withLock({ $0 }), await !beforeDot() {
            return DeliveryResult(names.map { _ in .later })
        }
        guard await willSendEnd(Array(names.indices)) else { return DeliveryResult(names.map { _ in .later }) }
        let outcomes = names.map { name in answers.withLock { $0[name] } ?? .taken }
        log.withLock { log in
            for (recipient, outcome) in zip(names, outcomes) {
                log.append(
                    Delivery(
                        recipient: recipient,
                        content: String(decoding: octets, as: UTF8.self),
                        destination: name,
                        kind: outcome.kind
                    )
                )
            }
        }
        if let afterDot = afterDot.withLock({ $0 }) { await afterDot() }
        return DeliveryResult(outcomes)
    }

    func route(_ recipient: RecipientCommand, of message: QueuedMessage, size: UInt64, at time: Int64) -> QueueRoute {
        guard case .address(let address) = recipient.forwardPath else { return .refused(SMTPReply(550)) }
        return routes.withLock { $0[address.domain.text] } ?? .destination("mx:\(address.domain)")
    }

    func terms(of destination: String) -> DestinationTerms {
        terms.withLock { $0[destination] } ?? DestinationTerms()
    }

    func drafts(_ request: ReportRequest) async -> [ReportDraft]? {
        if let beforeDrafts = beforeDrafts.withLock({ $0 }) { await beforeDrafts() }
        guard canReport.withLock({ $0 }) else { return nil }
        requests.withLock { $0.append(request) }
        var drafts: [ReportDraft] = []
        for action in Set(request.recipients.map(\.action)) {
            let covers = request.recipients.indices.filter {
                request.recipients[$0].action == action && request.recipients[$0].command.notify != .never
            }
            guard !covers.isEmpty else { continue }
            let isNotice = request.message.mail.reversePath.address == nil
            let to = request.message.mail.reversePath.address ?? MailboxAddress("postmaster@example.test")
            guard let to else { continue }
            var message = QueuedMessage(
                MailCommand(.null),
                [QueuedRecipient(RecipientCommand(.address(to)), destination: "")]
            )
            message.origin = isNotice ? .notice : .report
            let names = covers.map { "\(request.recipients[$0].command.forwardPath)" }
            reports.withLock { $0.append((action, names, "\(to)")) }
            drafts.append(ReportDraft(message, octets: Array("Report: \(names)\r\n".utf8), covers: covers))
        }
        return drafts
    }

    func taken(_ recipient: String) -> Int {
        log.withLock { $0.filter { $0.recipient == recipient && $0.kind == .delivered }.count }
    }

    func tries(_ recipient: String) -> Int { log.withLock { $0.filter { $0.recipient == recipient }.count } }
}

func message(from sender: String? = "ann@example.test", to recipients: String...) -> QueuedMessage {
    var mail = MailCommand(sender.flatMap { MailboxAddress($0) }.map { .address($0) } ?? .null)
    mail.trace = .random()
    return QueuedMessage(
        mail,
        recipients.compactMap { MailboxAddress($0) }.map {
            QueuedRecipient(RecipientCommand(.address($0)), destination: "")
        }
    )
}

func content(_ text: String) -> QueueContent { .octets(OctetBlock(Array(text.utf8))) }

/// A queue with its world.
struct Bench: Sendable {
    let world = World()
    let clock: FakeClock
    let loop: EventLoop
    let folder: Folder
    var texts: [String: String] = [:]
    let settings = LiveSettings()

    init(_ loop: EventLoop, clock: FakeClock = FakeClock(), folder: Folder = Folder()) {
        (self.loop, self.clock, self.folder) = (loop, clock, folder)
    }

    var services: QueueServices {
        touchSettings()
        return QueueServices(
            transport: world,
            router: world,
            reports: world,
            clock: clock,
            settings: settings
        )
    }

    /// Puts the settings in force, anew if they are so already: what the router says may be something else.
    func touchSettings() {
        let all = ["queue/low-disk": "0", "queue/in-doubt-wait": "10m"].merging(texts) { $1 }
        settings.replace(with: SettingsSnapshot(texts: all))
    }

    func open(diedOfFault: Bool = false, options: JournalOptions = JournalOptions()) async throws -> MailQueue {
        var services = services
        services.diedOfFault = diedOfFault
        return try await MailQueue.open(folder.path, services, loop: loop, options: options)
    }

    /// Lets time go by and waits until nothing is under way.
    func pass(_ duration: Duration, _ queue: MailQueue) async {
        clock.pass(duration)
        await queue.tick()
        await settle(queue)
    }

    func settle(_ queue: MailQueue) async {
        for _ in 0..<120_000 {
            guard await queue.isBusy else { return }
            try? await loop.sleep(for: .milliseconds(1))
        }
    }
}

extension MailQueue {
    var isBusy: Bool { !running.isEmpty }
    var count: Int { state.entries.count }
    var whole: QueueState { state }
    func setSlack(_ octets: UInt64) { slack = octets }

    /// A fault of ours: what was to happen is forgotten.
    func forgetTimers() { state.timers = TimerHeap() }

    /// Ends as a process ends that is killed: nothing more reaches the disk.
    func die() async {
        await journal.close()
        lock.release()
    }
}

/// Runs a test on a loop with a bench.
func onBench(_ body: @escaping @Sendable (Bench) async throws -> Void) async throws {
    try await EventLoop.run { loop in try await body(Bench(loop)) }
}
