// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import Events
internal import MailTypes
internal import Runtime
internal import SMTPWire

extension MailQueue {
    /// One transaction, from the first record to the last.
    func perform(_ job: QueueJob) async {
        let loaded: LoadedMessage
        do throws(QueueError) {
            guard let found = try await load(job.id) else { return state.finished(job, at: now) }
            loaded = found
        } catch {
            state.finished(job, at: now)
            return await setAsideDamaged(job.id, error)
        }
        let recipients = await reroute(job, loaded)
        guard !recipients.isEmpty else { return state.finished(job, at: now) }
        var batch = DeliveryBatch(
            id: job.id,
            message: loaded.message,
            recipients: recipients,
            content: loaded.content,
            attempt: 1
        )
        if let by = batch.message.mail.deliverBy {
            batch.message.mail.deliverBy = by.after(seconds: (now &- loaded.entry.arrival) / 1000)
        }
        batch.attempt = recipients.map { Int(loaded.entry.slots[$0].attempts) }.max().map { $0 + 1 } ?? 1
        guard noteSending(job.id, recipients) else { return state.finished(job, at: now) }
        preparing.remove(RunKey(id: job.id, destination: job.destination))
        let result = await services.transport.deliver(batch) { [weak self] positions in
            await self?.willSendEnd(
                job.id,
                positions.compactMap { recipients.indices.contains($0) ? recipients[$0] : nil }
            )
                ?? false
        }
        learn(job, result, loaded)
        state.finished(job, at: now)
        kick()
        await settle(loaded, recipients, result)
        if result.contentIsDamaged { await setAsideDamaged(job.id, .damaged) }
    }

    /// Where the recipients go by the settings as they are now; those that still go to the job's destination.
    private func reroute(_ job: QueueJob, _ loaded: LoadedMessage) async -> [Int] {
        let candidates = await withoutThoseThatWaitOn(job, loaded)
        let now = self.now
        let name = state.destinations[job.destination].name
        var staying: [Int] = []
        var refused: [(Int, DeliveryStatus)] = []
        var waiting = ChangeRecord(job.id)
        for index in candidates {
            let isForced = loaded.entry.slots[index].next == RecipientSlot.forced
            let placing = placing(loaded.message, index, size: loaded.entry.size, at: now)
            if placing.isRefused, let status = placing.status {
                refused.append((index, status))
            } else if let status = placing.status, !isForced {
                var progress = loaded.entry.slots[index].progress
                (progress.state, progress.next, progress.status) = (.deferred, placing.next, status)
                waiting.recipients.append(ChangeRecord.Recipient(index: index, progress: progress))
                state.move(job.id, [index], to: placing.destination, at: now)
                learnFreshTerms()
            } else if placing.destination == name {
                staying.append(index)
            } else {
                state.move(job.id, [index], to: placing.destination, at: now)
                learnFreshTerms()
                state.schedule(job.id, at: now)
            }
        }
        if !waiting.recipients.isEmpty {
            _ = await write(waiting)
            state.schedule(job.id, at: self.now)
        }
        if !refused.isEmpty { await fail(loaded, refused) }
        return staying
    }

    /// The job's recipients but for those that were to be looked at anew and wait for something else than hours or a way.
    private func withoutThoseThatWaitOn(_ job: QueueJob, _ loaded: LoadedMessage) async -> [Int] {
        let asked = job.recipients.filter { loaded.entry.slots[$0].isReconsidered }
        guard !asked.isEmpty else { return job.recipients }
        let statuses = await lastStatuses(loaded, asked)
        let isNowhere = state.destinations[job.destination].name == Self.noDestination
        let waiting = Set(
            asked.filter { index in
                let reply = statuses[index]?.reply
                return isNowhere ? reply == QueueReplies.unreleased : reply != QueueReplies.scheduled
            }
        )
        state.endReconsidering(job.id, asked, waiting: waiting, at: now)
        return job.recipients.filter { !waiting.contains($0) }
    }

    /// False when the message is not there any more, or was frozen meanwhile.
    private func noteSending(_ id: QueueID, _ recipients: [Int]) -> Bool {
        guard let entry = state.entries[id], !entry.isFrozen, !entry.isReserved,
            recipients.allSatisfy({ !entry.slots[$0].state.isActive && !entry.slots[$0].state.isFinal })
        else { return false }
        var change = ChangeRecord(id)
        for index in recipients {
            var progress = entry.slots[index].progress
            progress.state = .sending
            progress.attempts = progress.attempts == .max ? .max : progress.attempts + 1
            change.recipients.append(ChangeRecord.Recipient(index: index, progress: progress))
        }
        note(change)
        return true
    }

    /// The octets that end the message are about to leave: true once that is on disk.
    private func willSendEnd(_ id: QueueID, _ recipients: [Int]) async -> Bool {
        guard !isClosing, let entry = state.entries[id],
            recipients.allSatisfy({ entry.slots[$0].state == .sending })
        else { return false }
        var change = ChangeRecord(id)
        for index in recipients {
            var progress = entry.slots[index].progress
            (progress.state, progress.next) = (.dotSent, now)
            change.recipients.append(ChangeRecord.Recipient(index: index, progress: progress))
        }
        return await write(change)
    }

    /// What a try says about the destination as a whole.
    private func learn(_ job: QueueJob, _ result: DeliveryResult, _ loaded: LoadedMessage) {
        guard !result.outcomes.allSatisfy({ $0.kind == .notTried }) else { return }
        let number = job.destination
        let name = state.destinations[number].name
        guard let failure = result.destinationFailure else {
            if state.destinations[number].failures > 0 {
                services.events.record(.destinationBack, ["queue.destination": .string(name)])
            }
            let maximum = state.destinations[number].ceiling ?? policy.limits.maximumWindow
            return state.destinations[number].succeeded(maximum: maximum)
        }
        let retry = name == Self.localDestination ? RetryList.local : self.retry(of: name)
        guard state.failed(job, failure, at: now, retryAfter: { retry.pause(after: $0) }) else { return }
        services.events.record(
            .destinationFailed,
            [
                "queue.destination": .string(name), "queue.reason": .string(failure),
                "queue.failures": .count(state.destinations[number].failures),
                "queue.retry-in": .count((state.destinations[number].retryAt &- now) / 1000),
            ],
            trace: loaded.message.trace?.text
        )
    }

    // MARK: Outcomes

    /// Writes what became of each recipient, and reports it where that is wanted.
    private func settle(_ loaded: LoadedMessage, _ recipients: [Int], _ result: DeliveryResult) async {
        let id = loaded.record.id
        guard let entry = state.entries[id] else { return }
        let now = self.now
        var change = ChangeRecord(id)
        var untouched = ChangeRecord(id)
        var failed: [(Int, DeliveryStatus)] = []
        var reported: [(Int, DeliveryStatus, ReportAction)] = []
        for (position, index) in recipients.enumerated() {
            let outcome =
                result.outcomes.indices.contains(position)
                ? result.outcomes[position] : DeliveryOutcome(.deferred, SMTPReply(451, .mailSystem, "No outcome"))
            let status = DeliveryStatus(
                outcome.reply,
                isPeersReply: outcome.isPeersReply,
                host: outcome.host,
                time: now
            )
            var progress = entry.slots[index].progress
            (progress.status, progress.deaths) = (status, 0)
            switch outcome.kind {
            case .delivered where wantsSuccess(loaded, index) && !outcome.peerReports:
                reported.append((index, status, Self.action(for: loaded.message.recipients[index])))
                continue
            case .delivered: progress.state = .delivered
            case .bounced:
                failed.append((index, status))
                continue
            case .deferred:
                (progress.state, progress.inDoubt) = (.deferred, 0)
                progress.next = nextTry(progress, loaded.message.recipients[index], entry.slots[index].destination)
            case .inDoubt: putInDoubt(&progress, now)
            case .notTried:
                let progress = untried(loaded, index, now)
                untouched.recipients.append(ChangeRecord.Recipient(index: index, progress: progress))
                continue
            }
            change.recipients.append(ChangeRecord.Recipient(index: index, progress: progress))
        }
        // At once, for the next call may be there; with a death it counts as a try, which is no harm.
        if !untouched.recipients.isEmpty { note(untouched) }
        if !change.recipients.isEmpty { await writeSurely(change) }
        record(loaded, recipients, result)
        trackAttempt(loaded, recipients, result)
        if !reported.isEmpty { await conclude(loaded, reported, as: .delivered) }
        if !failed.isEmpty { await fail(loaded, failed) }
    }

    /// As it was before the try that was none; what was last said of the recipient stays.
    private func untried(_ loaded: LoadedMessage, _ index: Int, _ now: Int64) -> RecipientProgress {
        var progress = loaded.entry.slots[index].progress
        progress.state = .deferred
        let destination = loaded.entry.slots[index].destination
        let placing = placing(loaded.message, index, size: loaded.entry.size, at: now)
        if placing.status != nil, placing.destination == state.destinations[destination].name {
            progress.next = placing.next
        } else {
            progress.next = nextTry(progress, loaded.message.recipients[index], destination)
        }
        return progress
    }

    private static func action(for recipient: QueuedRecipient) -> ReportAction {
        recipient.role == .expanded ? .expanded : recipient.isLocal ? .delivered : .relayed
    }

    /// The sender wants to hear of it, or the message was to be delivered in time and nobody promises that any more.
    private func wantsSuccess(_ loaded: LoadedMessage, _ index: Int) -> Bool {
        if loaded.message.mail.deliverBy != nil, !loaded.message.recipients[index].isLocal {
            return loaded.message.recipients[index].command.notify != .never
        }
        if case .on(success: true, _, _) = loaded.message.recipients[index].command.notify { return true }
        return false
    }

    private func nextTry(_ progress: RecipientProgress, _ recipient: QueuedRecipient, _ destination: UInt32) -> Int64 {
        let retry = recipient.isLocal ? RetryList.local : self.retry(of: state.destinations[destination].name)
        let own = now &+ retry.pause(after: progress.attempts)
        // A destination that is left alone is tried with whatever waits for it.
        let retryAt = state.destinations[destination].retryAt
        return retryAt > now ? min(own, retryAt) : own
    }

    private func retry(of destination: String) -> RetryList {
        services.router.terms(of: destination).retry ?? policy.retry
    }

    /// Nobody knows whether the other side has it.
    func putInDoubt(_ progress: inout RecipientProgress, _ now: Int64) {
        progress.inDoubt = progress.inDoubt == .max ? .max : progress.inDoubt + 1
        if Int(progress.inDoubt) >= policy.inDoubtLimit {
            (progress.state, progress.next) = (.quarantined, now &+ policy.quarantineTime)
        } else {
            (progress.state, progress.next) = (.deferred, now &+ policy.inDoubtWait)
        }
    }

    /// Writes an outcome that must not be lost: tries again for a while.
    ///
    /// When that fails, too, the recipients stay as they are on disk, and are in doubt after the next start.
    private func writeSurely(_ change: ChangeRecord) async {
        for pause in [1, 5, 30] {
            if await write(change) { return }
            guard (try? await loop.sleep(for: .seconds(pause))) != nil else { break }
        }
        guard !(await write(change)) else { return }
        state.apply(
            .change(change),
            at: state.entries[change.id]?.place.position ?? PackedPlace.none.position,
            preamble: 0,
            size: 0
        )
    }

    private func record(_ loaded: LoadedMessage, _ recipients: [Int], _ result: DeliveryResult) {
        for kind in [DeliveryOutcome.Kind.delivered, .deferred, .inDoubt] {
            let positions = result.outcomes.indices.filter { result.outcomes[$0].kind == kind }
            guard let first = positions.first else { continue }
            let names = positions.prefix(20).compactMap { position in
                recipients.indices.contains(position)
                    ? "\(loaded.message.recipients[recipients[position]].command.forwardPath)" : nil
            }
            let next =
                recipients.indices.contains(first) ? state.entries[loaded.record.id]?.slots[recipients[first]] : nil
            services.events.record(
                kind == .delivered ? .delivered : kind == .deferred ? .deferred : .inDoubt,
                [
                    "queue.id": .string(loaded.record.id.description), "smtp.recipients": .list(names),
                    "smtp.recipient-count": .count(positions.count),
                    "smtp.reply": .string(result.outcomes[first].reply.summary),
                    "queue.host": .string(result.outcomes[first].host ?? ""),
                    "queue.attempts": .count(loaded.entry.slots[recipients[first]].attempts &+ 1),
                    "queue.next": .count(kind == .delivered ? 0 : wall(next?.next ?? 0) / 1000),
                ],
                trace: loaded.message.trace?.text
            )
        }
    }
}

extension RetryList {
    /// For this server's own accounts: their back-end is back soon.
    static let local = RetryList([.seconds(1), .seconds(5), .seconds(30), .seconds(60)])
}
