// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import MailTypes
internal import MessageFormat
internal import Runtime
internal import SMTPWire

/// One message on its way through the hosts of its destination.
struct OutboundDelivery {
    private let owner: SMTPOutbound
    let options: SMTPOutboundOptions
    let observer: (any OutboundObserver)?
    var message: OutboundMessage
    /// What is known of each recipient.
    private var outcomes: [RecipientOutcome?]
    /// Recipients for whom a further host may be asked.
    private var pending: [Int]
    /// Of `pending`, those whom the host of the moment has not been asked for.
    private var untried: [Int] = []
    private var attempts: [OutboundAttempt] = []
    private var talkedToSomeone = false
    private var lacksConnection = false
    /// The message in a form that servers take who cannot take it as it is.
    var conversions: [MessageConversion.Target: MessageConversion] = [:]

    init(
        _ owner: SMTPOutbound,
        _ message: OutboundMessage,
        _ options: SMTPOutboundOptions,
        _ observer: (any OutboundObserver)?
    ) {
        self.owner = owner
        self.message = message
        self.observer = observer
        var options = options
        // RFC 8689 §4.2.1: no less than a verified peer will do.
        if message.mail.requiresTLS, !options.isAdopted { options.security = max(options.security, .verify) }
        self.options = options
        outcomes = Array(repeating: nil, count: message.recipients.count)
        pending = Array(message.recipients.indices)
    }

    var hasPending: Bool { !pending.isEmpty }

    var result: OutboundResult {
        let nobody = RecipientOutcome(
            .deferred,
            SMTPReply(451, .unableToRoute, "No host to send it to"),
            isPeersReply: false,
            host: nil
        )
        return OutboundResult(
            recipients: outcomes.map { $0 ?? nobody },
            attempts: attempts,
            destinationFailed: !talkedToSomeone,
            lacksConnection: lacksConnection
        )
    }

    // MARK: One host

    /// Offers the message to a host for everyone who is pending.
    mutating func talk(to host: SMTPHost) async {
        untried = pending
        var manner = SMTPOutbound.Manner()
        while !untried.isEmpty {
            let start = ContinuousClock.now
            let idle = manner.reuses ? owner.takeIdle(host, options) : nil
            if options.isAdopted, idle == nil { lacksConnection = attempts.isEmpty }
            idle?.observer = observer
            observer?.show(.trying(host, isReused: idle != nil))
            let session: SMTPClientSession
            do throws(SMTPClientError) {
                if let idle { session = idle } else { session = try await owner.open(host, options, manner, observer) }
            } catch {
                observer?.show(.note(error.description))
                if let other = manner.other(after: error, options) {
                    manner = other
                    continue
                }
                return fail(host, error, start)
            }
            guard let failure = await use(session, host, &manner, wasIdle: idle != nil) else {
                note(host, nil, session, idle != nil, start)
                await owner.put(session, host, options)
                continue
            }
            session.abort()
            guard !failure.isRetried else { continue }
            note(host, failure.error, session, idle != nil, start)
            return
        }
    }

    /// Why a connection is of no use any more.
    private struct Failure {
        var error: SMTPClientError
        /// The same host is tried again, in another manner.
        var isRetried = false
    }

    /// Sends as much as one connection takes.
    private mutating func use(
        _ session: SMTPClientSession,
        _ host: SMTPHost,
        _ manner: inout SMTPOutbound.Manner,
        wasIdle: Bool
    ) async -> Failure? {
        let before = untried.count
        while !untried.isEmpty, session.mayGoOn(options) {
            let most = min(options.maximumRecipients, session.capabilities.maximumRecipients ?? .max)
            let batch = Array(untried.prefix(max(1, most)))
            let outcome: TransactionOutcome
            let plan: TransactionPlan
            switch await prepare(batch, session) {
            case .failure(let refusal):
                talkedToSomeone = true
                refuse(batch, refusal.reply, host)
                continue
            case .success(let ready):
                plan = ready.plan
                refuse(plan, batch, host)
                guard !plan.recipients.isEmpty else {
                    // The host is well: what it lacks says nothing of other mail.
                    talkedToSomeone = true
                    continue
                }
                outcome = await deliver(plan, ready.content, batch, session, host)
            }
            if wasIdle, !options.isAdopted, outcome.isTurnedAway, untried.count == before {
                manner.reuses = false
                return Failure(error: outcome.failure ?? .closed, isRetried: true)
            }
            // Who hangs up on a message after a good EHLO says something of that message, and may take the next.
            let hungUp = !options.isAdopted && outcome.failure?.cause == .io(.closed)
            talkedToSomeone = talkedToSomeone || outcome.isAnswered || hungUp
            if outcome.refusedChunking, outcome.failure == nil, options.isAdopted {
                // It said so in time: what cannot go by DATA is converted.
                session.capabilities.forget("CHUNKING")
                continue
            }
            if outcome.refusedChunking, manner.usesChunking {
                (manner.usesChunking, manner.reuses) = (false, false)
                return Failure(error: outcome.failure ?? .closed, isRetried: true)
            }
            let left = untried.count
            let peerReports = session.capabilities.deliveryReports && !plan.reportsRelay
            settle(plan.places.map { batch[$0] }, outcome, host, peerReports: peerReports)
            if let failure = outcome.failure { return giveUp(failure, host) }
            guard untried.count < left else { return giveUp(.closed, host) }
        }
        if session.isEnding, !untried.isEmpty { return giveUp(.closed, host) }
        return nil
    }

    private struct Ready {
        var plan: TransactionPlan
        var content: ContentSource
    }

    private mutating func prepare(
        _ batch: [Int],
        _ session: SMTPClientSession
    ) async -> Result<Ready, TransactionPlan.Refusal> {
        do throws(TransactionPlan.Refusal) {
            let facts = try await facts()
            var circumstances = TransactionPlan.Circumstances()
            circumstances.isEncrypted = session.isEncrypted
            circumstances.isAuthenticated = session.isAuthenticated
            var plan = try TransactionPlan(
                message.mail,
                batch.map { message.recipients[$0] },
                size: message.content.size,
                facts,
                for: session.capabilities,
                circumstances
            )
            guard let target = plan.conversion, !plan.recipients.isEmpty else {
                return .success(Ready(plan: plan, content: .whole(message.content)))
            }
            guard let converted = try await conversion(for: target, facts) else {
                plan.leaveAsItIs()
                return .success(Ready(plan: plan, content: .whole(message.content)))
            }
            plan.expect(octets: converted.estimatedOctets)
            return .success(Ready(plan: plan, content: .converted(converted)))
        } catch {
            return .failure(error)
        }
    }

    private func deliver(
        _ plan: TransactionPlan,
        _ content: ContentSource,
        _ batch: [Int],
        _ session: SMTPClientSession,
        _ host: SMTPHost
    ) async -> TransactionOutcome {
        await session.deliver(
            plan.mail,
            plan.recipients,
            content,
            // Who offers BDAT and does not know it breaks the connection, which cannot be opened again: for what cannot
            // go by DATA it is asked first.
            chunking: plan.usesChunking && (!options.isAdopted || plan.mail.body == .binary),
            probing: options.isAdopted,
            willSendEnd: { [observer] waiting in
                let recipients = waiting.map { batch[plan.places[$0]] }
                return await observer?.willSendEndOfData(recipients, to: host) ?? true
            }
        )
    }

    // MARK: Outcomes

    /// Takes what a server said of the recipients it was asked for.
    private mutating func settle(
        _ asked: [Int],
        _ outcome: TransactionOutcome,
        _ host: SMTPHost,
        peerReports: Bool
    ) {
        let (inDoubt, surplus) = (Set(outcome.inDoubt), Set(outcome.surplus))
        for (place, recipient) in asked.enumerated() {
            if let reply = outcome.replies[place] {
                // Those whom the server did not want at a time with the others have a transaction of their own.
                if surplus.contains(place) { continue }
                finish(recipient, .answered(reply, by: host, peerReports: peerReports))
            } else if inDoubt.contains(place) {
                let reply = (outcome.failure ?? .closed).reply(of: host)
                finish(recipient, RecipientOutcome(.inDoubt, reply, isPeersReply: false, host: host))
            }
        }
    }

    /// Those whom a server without some extension cannot be asked for.
    private mutating func refuse(_ plan: TransactionPlan, _ batch: [Int], _ host: SMTPHost) {
        for (place, reply) in plan.refusals { refuse([batch[place]], reply, host) }
    }

    /// A refusal of our own is no server's word: another host may have what this one lacks.
    private mutating func refuse(_ recipients: [Int], _ reply: SMTPReply, _ host: SMTPHost) {
        for recipient in recipients {
            var reply = reply
            // A host that could not be asked may take it another time.
            if outcomes[recipient]?.kind == .deferred || options.isKept(reply) { reply.severity = .transient }
            let kind: RecipientOutcome.Kind = reply.severity == .permanent ? .bounced : .deferred
            outcomes[recipient] = RecipientOutcome(kind, reply, isPeersReply: false, host: host)
        }
        untried.removeAll { recipients.contains($0) }
    }

    private mutating func finish(_ recipient: Int, _ outcome: RecipientOutcome) {
        outcomes[recipient] = outcome
        untried.removeAll { $0 == recipient }
        if outcome.kind != .deferred { pending.removeAll { $0 == recipient } }
    }

    /// The connection is gone: who was not asked for waits for the next host.
    private mutating func giveUp(_ error: SMTPClientError, _ host: SMTPHost) -> Failure {
        let reply = error.reply(of: host)
        for recipient in untried {
            outcomes[recipient] = RecipientOutcome(.deferred, reply, isPeersReply: false, host: host)
        }
        untried = []
        // What cannot be read here can be sent nowhere.
        if case .unreadable = error.cause { pending = [] }
        if case .withheld = error.cause { pending = [] }
        return Failure(error: error)
    }

    private mutating func fail(_ host: SMTPHost, _ error: SMTPClientError, _ start: ContinuousClock.Instant) {
        if message.mail.requiresTLS, error.showsThatTLSIsMissing {
            // RFC 8689 §4.2.1: another host may do, and when none does the message goes back.
            talkedToSomeone = true
            let text = "REQUIRETLS support required; \(error.reply(of: host).lines.first ?? "")"
            refuse(untried, SMTPReply(550, .requireTLSNeeded, text), host)
        } else {
            _ = giveUp(error, host)
        }
        attempts.append(
            OutboundAttempt(host: host, failure: error, tls: nil, wasReused: false, duration: start.duration(to: .now))
        )
    }

    private mutating func note(
        _ host: SMTPHost,
        _ failure: SMTPClientError?,
        _ session: SMTPClientSession,
        _ wasReused: Bool,
        _ start: ContinuousClock.Instant
    ) {
        attempts.append(
            OutboundAttempt(
                host: host,
                failure: failure,
                tls: session.tls,
                wasReused: wasReused,
                duration: start.duration(to: .now)
            )
        )
    }
}
