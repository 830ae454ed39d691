// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import ByteTools
internal import Events
internal import Journal
internal import MailTypes
internal import Runtime
internal import SMTPWire

extension MailQueue {
    /// Gives recipients up, and tells the sender.
    func fail(_ loaded: LoadedMessage, _ failed: [(Int, DeliveryStatus)]) async {
        trackFailure(loaded, failed)
        services.events.record(
            .failed,
            [
                "queue.id": .string(loaded.record.id.description),
                "smtp.sender": .string("\(loaded.message.mail.reversePath)"),
                "smtp.recipients": .list(
                    failed.prefix(20).map { "\(loaded.message.recipients[$0.0].command.forwardPath)" }
                ),
                "smtp.recipient-count": .count(failed.count),
                "smtp.reply": .string(failed.first?.1.reply.summary ?? ""),
                "queue.host": .string(failed.first?.1.host ?? ""),
            ],
            trace: loaded.message.trace?.text
        )
        // A notice to postmaster that cannot be delivered: nobody is left to tell but whoever looks at the queue.
        guard loaded.message.origin != .notice else { return await quarantine(loaded, failed) }
        await conclude(loaded, failed.map { ($0.0, $0.1, .failed) }, as: .bounced)
    }

    private func quarantine(_ loaded: LoadedMessage, _ recipients: [(Int, DeliveryStatus)]) async {
        guard let entry = state.entries[loaded.record.id] else { return }
        var change = ChangeRecord(loaded.record.id)
        for (index, status) in recipients {
            var progress = entry.slots[index].progress
            let isAsideAlready = progress.state == .quarantined
            progress.state = isAsideAlready ? .removed : .quarantined
            progress.next = now &+ policy.quarantineTime
            progress.status = status
            change.recipients.append(ChangeRecord.Recipient(index: index, progress: progress))
        }
        guard await write(change) else { return postpone(loaded.record.id) }
        await trackChange(loaded.record.id, "set-aside", "The notice cannot be delivered", of: loaded)
        services.events.record(
            .reportImpossible,
            ["queue.id": .string(loaded.record.id.description)],
            trace: loaded.message.trace?.text
        )
        state.schedule(loaded.record.id, at: now)
    }

    /// Ends recipients in a state; those that the sender is to hear of together with the report that says so.
    ///
    /// When no report can be made now, nothing is given up: the recipients come back in a minute.
    func conclude(
        _ loaded: LoadedMessage,
        _ recipients: [(Int, DeliveryStatus, ReportAction)],
        as final: DeliveryState
    ) async {
        let id = loaded.record.id
        var left = Set(recipients.indices)
        if let drafts = await drafts(loaded, recipients) {
            for draft in drafts {
                let covered = draft.covers.filter { left.contains($0) }
                guard let change = change(id, covered.map { recipients[$0] }, final), !covered.isEmpty else { continue }
                guard await queue(draft, change, loaded) else {
                    return await putOff(id, left.map { recipients[$0] }, final)
                }
                left.subtract(covered)
            }
            guard let rest = change(id, left.sorted().map { recipients[$0] }, final), !rest.recipients.isEmpty else {
                return
            }
            if await write(rest) { return }
        }
        await putOff(id, left.map { recipients[$0] }, final)
    }

    private func drafts(
        _ loaded: LoadedMessage,
        _ recipients: [(Int, DeliveryStatus, ReportAction)]
    ) async -> [ReportDraft]? {
        let beginning: [UInt8]
        do throws(QueueError) {
            beginning = try await loaded.content.read(at: 0, maximum: ReportRequest.beginningOctets)
        } catch {
            beginning = []
        }
        let slots = state.entries[loaded.record.id]?.slots ?? loaded.entry.slots
        return await services.reports.drafts(
            ReportRequest(
                id: loaded.record.id,
                message: loaded.message,
                arrival: wall(loaded.record.arrival),
                expiry: wall(recipients.map { expiry(of: $0.0, loaded) }.min() ?? loaded.entry.expiry),
                isFrozen: loaded.entry.isFrozen,
                size: loaded.entry.size,
                beginning: beginning,
                recipients: recipients.map { index, status, action in
                    var status = status
                    status.time = wall(status.time)
                    return ReportedDelivery(
                        command: loaded.message.recipients[index].command,
                        action: action,
                        status: status,
                        wasTried: slots[index].attempts > 0,
                        sender: loaded.message.recipients[index].sender
                    )
                }
            )
        )
    }

    private func expiry(of recipient: Int, _ loaded: LoadedMessage) -> Int64 {
        state.expiry(of: loaded.entry.slots[recipient], in: loaded.entry)
    }

    private func change(
        _ id: QueueID,
        _ recipients: [(Int, DeliveryStatus, ReportAction)],
        _ final: DeliveryState
    ) -> ChangeRecord? {
        guard let entry = state.entries[id] else { return nil }
        var change = ChangeRecord(id)
        for (index, status, _) in recipients where !entry.slots[index].state.isFinal {
            var progress = entry.slots[index].progress
            (progress.state, progress.next, progress.status) = (final, 0, status)
            change.recipients.append(ChangeRecord.Recipient(index: index, progress: progress))
        }
        return change
    }

    /// Puts a report into the queue together with what it reports.
    private func queue(_ draft: ReportDraft, _ change: ChangeRecord, _ loaded: LoadedMessage) async -> Bool {
        var record = newRecord(draft.message, size: UInt64(draft.octets.count))
        record.reported = change
        do throws(QueueError) { try await append(record, .block(OctetBlock(draft.octets))) } catch { return false }
        trackTaken(record, size: UInt64(draft.octets.count))
        trackReport(record, on: loaded, change.recipients.map(\.index))
        services.events.record(
            .reported,
            [
                "queue.id": .string(loaded.record.id.description), "queue.report": .string(record.id.description),
                "smtp.recipients": .list(draft.message.recipients.prefix(5).map { "\($0.command.forwardPath)" }),
            ],
            trace: loaded.message.trace?.text
        )
        kick()
        return true
    }

    /// What cannot be reported now is not given up now; what was delivered is, whatever comes of its report.
    private func putOff(
        _ id: QueueID,
        _ recipients: [(Int, DeliveryStatus, ReportAction)],
        _ final: DeliveryState
    ) async {
        guard let entry = state.entries[id] else { return }
        if final == .delivered, let change = change(id, recipients, final) {
            _ = await write(change)
            return
        }
        var change = ChangeRecord(id)
        for (index, status, _) in recipients where !entry.slots[index].state.isFinal {
            var progress = entry.slots[index].progress
            if progress.state != .quarantined { progress.state = .deferred }
            (progress.next, progress.status) = (now &+ 60_000, status)
            change.recipients.append(ChangeRecord.Recipient(index: index, progress: progress))
        }
        _ = await write(change)
        postpone(id)
    }

    private func postpone(_ id: QueueID) { state.schedule(id, at: now) }

    // MARK: Time

    /// What the clock brought about.
    func handle(_ events: [QueueEvent]) {
        for event in events {
            let id =
                switch event {
                case .expired(let id), .delayed(let id): id
                }
            let key = RunKey(id: id, destination: .max)
            guard running[key] == nil, tryReserve(id) else {
                state.remind(of: id, at: now &+ 1000)
                continue
            }
            running[key] = Task(executorPreference: loop) { await self.handle(event, key) }
        }
    }

    private func handle(_ event: QueueEvent, _ key: RunKey) async {
        switch event {
        case .expired(let id): await expire(id)
        case .delayed(let id): await reportDelay(of: id)
        }
        running[key] = nil
        release(key.id)
    }

    /// Gives up what has been here for as long as it may, in whatever state; what is being sent comes to its end first.
    private func expire(_ id: QueueID) async {
        do throws(QueueError) {
            guard let loaded = try await load(id) else { return }
            let now = self.now
            let statuses = await lastStatuses(loaded, loaded.entry.slots.indices)
            var failed: [(Int, DeliveryStatus)] = []
            for (index, slot) in loaded.entry.slots.enumerated() where !slot.state.isFinal && !slot.state.isActive {
                let end = slot.state == .quarantined ? slot.next : state.expiry(of: slot, in: loaded.entry)
                guard end <= now else { continue }
                let last = statuses[index]
                let status = DeliveryStatus(QueueReplies.expired(last), host: last?.host, time: last?.time ?? now)
                failed.append((index, status))
            }
            if !failed.isEmpty { await fail(loaded, failed) }
        } catch {
            await setAsideDamaged(id, error)
            if state.entries[id]?.expiry ?? .max <= now { await drop(id) }
        }
    }

    private func reportDelay(of id: QueueID) async {
        guard let loaded = try? await load(id), loaded.entry.delayNotice > 0 else { return }
        let statuses = await lastStatuses(loaded, loaded.entry.slots.indices)
        var waiting: [(Int, DeliveryStatus, ReportAction)] = []
        for (index, slot) in loaded.entry.slots.enumerated() where !slot.state.isFinal && slot.state != .quarantined {
            let last =
                statuses[index] ?? DeliveryStatus(SMTPReply(450, .mailSystem, "Still waiting"), time: now)
            waiting.append((index, last, .delayed))
        }
        var change = ChangeRecord(id)
        change.delayNotice = 0
        for draft in await drafts(loaded, waiting) ?? [] {
            guard await queue(draft, change, loaded) else { return }
        }
        if state.entries[id]?.delayNotice ?? 0 > 0 { _ = await write(change) }
        state.schedule(id, at: now)
    }
}
