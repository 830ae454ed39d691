// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import Events
internal import MailTypes
internal import Runtime
internal import SMTPClient
internal import SMTPServer
internal import SMTPWire
internal import Settings

/// The deliveries of one message: one for each account, whichever recipients led to it.
struct LocalDeliveryRound: Sendable {
    /// Deliveries of one message that are under way at a time.
    private static let parallel = 8
    private static let shortestPause: Duration = .milliseconds(20)
    private static let longestPause: Duration = .milliseconds(500)

    let owner: LocalDeliverySink
    let transaction: MailTransaction
    private let content: SpooledMessage
    private let deadline: ContinuousClock.Instant
    private var targets: [Target] = []
    private(set) var ids: [AccountID: DeliveryID] = [:]
    private(set) var answers: [AccountID: SMTPReply] = [:]

    init(_ owner: LocalDeliverySink, _ transaction: MailTransaction, _ content: SpooledMessage) {
        self.owner = owner
        self.transaction = transaction
        self.content = content
        deadline = .now + owner.settings.current[LocalDeliverySettings.deadline]
    }

    /// Delivers to every account.
    ///
    /// Returns the reply to each recipient, in their order.
    mutating func run() async -> [SMTPReply] {
        var addresses: [AccountID: MailboxAddress] = [:]
        for recipient in transaction.recipients where !goesToQueue(recipient) {
            for delivery in recipient.deliveries where addresses[delivery.account] == nil {
                addresses[delivery.account] = delivery.address
            }
        }
        targets = addresses.map { Target(account: $0.key, address: $0.value) }
        let ids = owner.memory.ids(of: targets.map { key(of: $0) })
        for (target, id) in zip(targets, ids) { self.ids[target.account] = id }
        answers = await answers(to: zip(targets, ids).map { ($0, $1) })
        return transaction.recipients.map { recipient in
            if isReturned(recipient) { return returned(recipient) }
            return goesToQueue(recipient) ? Self.later : reply(to: recipient, answers)
        }
    }

    /// Other servers' recipients, those that stand for several, so that all of them are in one record, and those of which
    /// the sender wants to hear when they have it: the queue reports.
    func goesToQueue(_ recipient: TransactionRecipient) -> Bool {
        guard owner.queue != nil else { return false }
        // What its sender wants delivered later waits there.
        if transaction.mail.release != nil { return true }
        if transaction.holdReason != nil { return true }
        if case .on(success: true, _, _) = recipient.notify { return true }
        return recipient.isRelayed || recipient.standsForOthers
    }

    /// The transaction is answered.
    ///
    /// With `willRepeat`, all of the message's deliveries are recognised when the sender repeats it.
    func end(willRepeat: Bool) {
        let deliveries = targets.compactMap { target in ids[target.account].map { (key(of: target), $0) } }
        owner.memory.end(deliveries, willRepeat: willRepeat)
    }

    private struct Target: Sendable {
        var account: AccountID
        var address: MailboxAddress
        var isSentCopy = false
    }

    /// The sender's own copy, when there is to be one.
    var sentCopy: SentCopy? {
        guard let delivery = transaction.sentCopy, let identity = transaction.sentIdentity ?? content.sentIdentity
        else {
            return nil
        }
        return SentCopy(delivery: delivery, identity: identity)
    }

    /// Files it now; the reply is the back-end's.
    func file(_ copy: SentCopy) async -> SMTPReply {
        let target = Target(account: copy.delivery.account, address: copy.delivery.address, isSentCopy: true)
        return await deliver(target, copy.identity)
    }

    /// What makes a repetition the same: what was sent, by whom, and for which account.
    ///
    /// The Message-ID is part of what was sent; our trace fields are not.
    private func key(of target: Target) -> RepetitionMemory.Key {
        var text = transaction.contentDigest ?? content.sha256
        text += "\(target.account) \(transaction.reversePath)".utf8
        return RepetitionMemory.Key(digest: Digest.sha256(text))
    }

    private func answers(to deliveries: [(Target, DeliveryID)]) async -> [AccountID: SMTPReply] {
        await withTaskGroup(of: (AccountID, SMTPReply).self) { group in
            var waiting = deliveries[...]
            var answers: [AccountID: SMTPReply] = [:]
            func startNext() {
                guard let (target, id) = waiting.popFirst() else { return }
                group.addTask { (target.account, await deliver(target, id)) }
            }
            for _ in 0..<Self.parallel { startNext() }
            for await (account, reply) in group {
                answers[account] = reply
                startNext()
            }
            return answers
        }
    }

    /// The worst of its accounts' answers is the recipient's: what is put off for one is put off.
    private func reply(to recipient: TransactionRecipient, _ answers: [AccountID: SMTPReply]) -> SMTPReply {
        let own = recipient.deliveries.map { answers[$0.account] ?? Self.later }
        return own.first { $0.severity == .transient } ?? own.first { !$0.isPositive } ?? own.first ?? Self.later
    }

    private static let later = SMTPReply(451, .notAccepting, "The mailbox cannot be reached now, try again later")

    // MARK: One account

    /// Tries until the worker answers or the deadline has passed.
    private func deliver(_ target: Target, _ id: DeliveryID) async -> SMTPReply {
        let message = LMTPDelivery(
            from: transaction.reversePath,
            to: target.address,
            account: target.account,
            delivery: id,
            trace: transaction.trace,
            usesUTF8: transaction.mail.usesUTF8
        )
        let delivery = target.isSentCopy ? message.asSentCopy : message
        var pause = Self.shortestPause
        var tries = 0
        while true {
            tries += 1
            let problem: String
            do throws(SMTPClientError) {
                guard let path = owner.socket(target.account) else { throw SMTPClientError(.connect, .io(.closed)) }
                let reply = try await owner.client.deliver(delivery, content, to: path)
                guard Self.isGoingDown(reply) else {
                    record(reply, target, tries)
                    return reply.isPositive ? SMTPReply(250, .other, "Delivered") : reply
                }
                problem = reply.summary
            } catch {
                problem = error.description
            }
            if tries == 1 { recordTrouble(.deliveryRetried, target, problem, tries) }
            guard ContinuousClock.now + pause < deadline, await sleep(pause) else {
                recordTrouble(.deliveryPutOff, target, problem, tries)
                track("put-off", problem, target, tries)
                return Self.later
            }
            pause = min(pause * 2, Self.longestPause)
        }
    }

    /// The worker is draining (`421`, or any `4.3.2`): its successor will take the message.
    private static func isGoingDown(_ reply: SMTPReply) -> Bool {
        reply.severity == .transient && (reply.code == 421 || reply.status == .notAccepting)
    }

    /// False when this process drains and cannot wait.
    private func sleep(_ pause: Duration) async -> Bool {
        guard let loop = EventLoop.current else { return false }
        do throws(IOError) {
            try await loop.sleep(for: pause)
            return true
        } catch {
            return false
        }
    }

    private func record(_ reply: SMTPReply, _ target: Target, _ tries: Int) {
        let outcome = reply.isPositive ? "delivered" : reply.severity == .permanent ? "refused" : "deferred"
        track(outcome, reply.wholeText, target, tries)
        owner.events.record(
            reply.isPositive ? .delivered : .deliveryRefused,
            fields(target, reply.summary, tries),
            trace: transaction.trace.text
        )
    }

    private func track(_ outcome: String, _ reply: String, _ target: Target, _ tries: Int) {
        owner.events.track(
            {
                var entry = TrackingEntry(.deliver, outcome, trace: transaction.trace.text)
                entry.messageID = transaction.messageID ?? ""
                entry.sender = "\(transaction.reversePath)"
                entry.recipients = ["\(target.address)"]
                entry.reply = reply
                entry.details = ["account": "\(target.account)", "tries": "\(tries)"]
                if target.isSentCopy { entry.details["copy"] = "sent" }
                return entry
            }()
        )
    }

    private func recordTrouble(_ event: EventDefinition, _ target: Target, _ problem: String, _ tries: Int) {
        owner.events.record(event, fields(target, problem, tries), trace: transaction.trace.text)
    }

    private func fields(_ target: Target, _ result: String, _ tries: Int) -> KeyValuePairs<String, EventValue> {
        [
            "smtp.recipient": .string("\(target.address)"), "account.id": .string("\(target.account)"),
            "delivery.result": .string(result), "delivery.tries": .count(tries),
        ]
    }
}
