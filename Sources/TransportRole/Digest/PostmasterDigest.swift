// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import AdminAPI
internal import ByteTools
internal import Directory
internal import Events
internal import Journal
internal import Locking
internal import MailAdmin
internal import MailQueue
internal import MailTypes
internal import Runtime
internal import SMTPWire
internal import ServiceControl
internal import Settings

/// The daily report to postmaster; the first transport worker's.
struct PostmasterDigest: Sendable {
    private let context: WorkerContext
    private let directory: AccountDirectory
    private let queue: MailQueue
    /// Events that are told, if there were any.
    private static let troubles: [EventDefinition] = queueEvents.filter { $0.type == .error && $0.number != 4117 }
    private static let failed: UInt16 = 4117

    init(_ context: WorkerContext, _ directory: AccountDirectory, _ queue: MailQueue) {
        (self.context, self.directory, self.queue) = (context, directory, queue)
    }

    /// Has the report sent when its time comes.
    func keep() {
        let isBusy = Lock(false)
        let loop = context.loop
        loop.every(.seconds(10)) {
            guard !isBusy.withLock({ $0 }) else { return }
            isBusy.withLock { $0 = true }
            Task(executorPreference: loop) {
                await self.sendIfDue()
                isBusy.withLock { $0 = false }
            }
        }
    }

    private var stateFile: String { context.layout.queues + "/digest.json" }

    private func sendIfDue() async {
        let settings = context.settings.current
        guard settings[DigestSettings.enabled], let time = DigestTime(settings[DigestSettings.time]) else { return }
        let now = WallClock.seconds
        let file = stateFile
        let octets = await BlockingPool.shared.run { WholeFile.contents(file, maximum: 4096) }
        let last = octets.flatMap { try? JSONValue(parsing: $0) }?["last"]?.integer
        guard let last, last <= now else { return await note(now) }
        guard time.last(before: now) > last else { return }
        let digest = await digest(since: last * 1_000_000_000)
        if !digest.isEmpty || settings[DigestSettings.whenEmpty] {
            guard await send(digest) else { return }
        }
        await note(now)
    }

    /// Until when has been told.
    private func note(_ seconds: Int64) async {
        let file = stateFile
        let octets = JSONValue.object([JSONMember("last", .integer(seconds))]).encoded
        _ = await BlockingPool.shared.run { WholeFile.replace(file, with: octets, durable: true) }
    }

    /// Puts the report into the queue; false when that cannot be now.
    private func send(_ digest: DailyDigest) async -> Bool {
        let accounts: [LocalRecipient]
        switch await directory.resolve(.postmaster) {
        case .accounts(let found): accounts = found
        case .expanded(let expansion):
            accounts = expansion.members.compactMap { member in
                if case .account(let recipient) = member.place { recipient } else { nil }
            }
        case .temporary: return false
        case .unknown, .disabled, .notLocal:
            // Nobody reads it; that is told once a day.
            context.events.record(.digestImpossible)
            return true
        }
        guard let first = accounts.first else { return true }
        var mail = MailCommand(.null)
        mail.trace = .random()
        var message = QueuedMessage(
            mail,
            accounts.map { account in
                var command = RecipientCommand(.address(account.address))
                (command.account, command.delivery, command.notify) = (account.account, .random(), .never)
                return QueuedRecipient(command, destination: "")
            }
        )
        message.origin = .notice
        do throws(QueueError) {
            _ = try await queue.accept(message, .octets(OctetBlock(digest.message(to: first.address))))
            return true
        } catch {
            return false
        }
    }

    // MARK: What is told

    func digest(since: Int64) async -> DailyDigest {
        var digest = DailyDigest(host: context.hostName, since: since, until: WallClock.nanoseconds)
        await addQueues(&digest)
        let folder = context.layout.log
        let started = digest
        return await BlockingPool.shared.run { Self.addEvents(started, folder: folder) }
    }

    private static func addEvents(_ started: DailyDigest, folder: String) -> DailyDigest {
        var digest = started
        var counts: [UInt16: Int] = [:]
        var filter = EventFilter()
        filter.since = digest.since
        filter.numbers = troubles.map(\.number) + [failed]
        EventReader(folder: folder).read(filter) { entry in
            guard entry.number == failed else {
                counts[entry.number, default: 0] += 1
                return true
            }
            let fields = JSONValue.object(entry.fields)
            let recipients = fields["smtp.recipients"]?.strings ?? []
            digest.failedRecipients += max(fields["smtp.recipient-count"]?.integer ?? 1, 1)
            guard digest.failures.count < DailyDigest.listedFailures else { return true }
            digest.failures.append(
                DailyDigest.Failure(
                    time: entry.time,
                    sender: fields["smtp.sender"]?.string ?? "",
                    recipients: recipients,
                    reply: fields["smtp.reply"]?.string ?? ""
                )
            )
            return true
        }
        digest.troubles = troubles.compactMap { definition in
            counts[definition.number].map { (definition.number, definition.text, $0) }
        }
        return digest
    }

    /// Asks every queue of this server.
    private func addQueues(_ digest: inout DailyDigest) async {
        for number in MailGateway.queues(context.layout) {
            let client = AdminClient(path: context.layout.queueSocket(number), loop: context.loop)
            do throws(AdminError) {
                let overview = try await client.send(AdminRequest(.get, ["v1", "queues", "\(number)"])).get()
                digest.queuedMessages += overview["messages"]?.integer ?? 0
                digest.setAside += overview["states"]?["quarantined"]?.integer ?? 0
                for place in overview["destinations"]?.array ?? [] where place["recipients"]?.integer ?? 0 > 0 {
                    digest.waiting.append(
                        DailyDigest.Waiting(
                            destination: place["name"]?.string ?? "",
                            state: place["state"]?.string ?? "",
                            recipients: place["recipients"]?.integer ?? 0,
                            why: place["why"]?.string ?? ""
                        )
                    )
                }
            } catch {
                digest.silentQueues.append(number)
            }
        }
        digest.waiting.sort { ($1.recipients, $0.destination) < ($0.recipients, $1.destination) }
    }

    // MARK: Administration

    /// The report of a time until now, to be read or sent.
    var operations: [AdminOperation] {
        [
            AdminOperation(.get, "v1/queues/:queue/digest") { (request) throws(AdminError) in
                .object([JSONMember("text", .string(await digest(since: try Self.since(request)).text))])
            },
            AdminOperation(.post, "v1/queues/:queue/digest") { (request) throws(AdminError) in
                let digest = await digest(since: try Self.since(request))
                guard await send(digest) else { throw AdminError(.unavailable, "The queue does not take it now.") }
                return .object([JSONMember("text", .string(digest.text))])
            },
        ]
    }

    private static func since(_ request: AdminRequest) throws(AdminError) -> Int64 {
        let now = WallClock.nanoseconds
        guard let text = request["since"] else { return now - 86_400 * 1_000_000_000 }
        guard let moment = EventFilter.moment(text, now: now) else {
            throw AdminError(
                .badRequest,
                "since must be how long ago (15m, 1h, 2d) or a moment (2026-11-21T07:00:00Z)."
            )
        }
        return moment
    }
}
