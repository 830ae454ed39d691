// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import Events
internal import Journal
internal import SMTPWire

extension MailQueue {
    /// What opening found, as events.
    func reportOpening(_ opened: OpenedQueue, _ took: Int64) {
        let recovery = opened.journal.recovery
        services.events.record(
            recovery.wasClosed || recovery.records == 0 ? .opened : .rebuilt,
            [
                "queue.messages": .count(state.entries.count),
                "queue.recipients": .count(state.recipientCount), "queue.milliseconds": .count(took),
                "queue.octets.torn": .count(recovery.tornOctets), "queue.messages.torn": .count(opened.torn.count),
            ]
        )
        guard !recovery.damage.isEmpty || !opened.damaged.isEmpty else { return }
        services.events.record(
            .damaged,
            [
                "queue.octets.lost": .count(recovery.damage.reduce(0) { $0 + $1.octets.count }),
                "queue.records.lost": .count(opened.damaged.count),
            ]
        )
    }

    /// Writes off what is not whole and nobody was promised.
    func settleTorn(_ opened: OpenedQueue) async throws(QueueError) {
        if !opened.torn.isEmpty {
            do throws(JournalError) {
                _ = try await journal.append(opened.torn.map { Self.journalRecord(.change($0.removal)) })
            } catch {
                throw QueueError(error)
            }
        }
        // What stays in doubt, where the disk is full, is written off again by the next start.
        try? await journal.settleDoubt()
    }

    /// What was being sent when the last process ended: nobody has what was not sent to its end; what was is in doubt.
    func settleDeaths() async throws(QueueError) {
        let now = self.now
        var records: [QueueRecord] = []
        for (id, entry) in state.entries where entry.isActive {
            var change = ChangeRecord(id)
            for (index, slot) in entry.slots.enumerated() where slot.state.isActive {
                var progress = slot.progress
                if services.diedOfFault { progress.deaths = progress.deaths == .max ? .max : progress.deaths + 1 }
                if slot.state == .dotSent {
                    progress.status = DeliveryStatus(QueueReplies.inDoubt, time: now)
                    putInDoubt(&progress, slot.next)
                    progress.next = max(now, progress.next)
                } else {
                    progress.state = .pending
                }
                if progress.deaths >= 2 {
                    progress.status = DeliveryStatus(QueueReplies.poison, time: now)
                    (progress.state, progress.next) = (.quarantined, now &+ policy.quarantineTime)
                }
                if progress.state == .quarantined {
                    services.events.record(
                        .setAside,
                        [
                            "queue.id": .string(id.description),
                            "queue.reason": .string(progress.status?.reply.summary ?? ""),
                        ]
                    )
                }
                change.recipients.append(ChangeRecord.Recipient(index: index, progress: progress))
            }
            records.append(.change(change))
        }
        guard !records.isEmpty else { return }
        do throws(JournalError) {
            let places = try await journal.append(records.map { Self.journalRecord($0) })
            for (record, place) in zip(records, places) { state.apply(record, at: place, preamble: 0, size: 0) }
        } catch {
            throw QueueError(error)
        }
        for case .change(let change) in records {
            guard let aside = change.recipients.first(where: { $0.progress.state == .quarantined }) else { continue }
            await trackChange(change.id, "set-aside", aside.progress.status?.reply.wholeText ?? "")
        }
    }

    /// A message whose record or octets cannot be read is kept for people to look at.
    func setAsideDamaged(_ id: QueueID, _ error: QueueError) async {
        guard let entry = state.entries[id] else { return }
        var change = ChangeRecord(id)
        for (index, slot) in entry.slots.enumerated() where !slot.state.isFinal && !slot.state.isActive {
            guard slot.state != .quarantined else { continue }
            var progress = slot.progress
            (progress.state, progress.next) = (.quarantined, now &+ policy.quarantineTime)
            progress.status = DeliveryStatus(QueueReplies.damaged, time: now)
            change.recipients.append(ChangeRecord.Recipient(index: index, progress: progress))
        }
        guard !change.recipients.isEmpty else { return }
        if await write(change) {
            services.events.record(
                .setAside,
                ["queue.id": .string(id.description), "queue.reason": .string("\(error)")]
            )
            await trackChange(id, "set-aside", "\(error)")
        }
        state.schedule(id, at: now)
    }

    /// The end of a message of which nothing can be read, and which was kept for as long as it may.
    func drop(_ id: QueueID) async {
        guard let entry = state.entries[id] else { return }
        var change = ChangeRecord(id)
        for (index, slot) in entry.slots.enumerated() where !slot.state.isFinal && !slot.state.isActive {
            guard slot.next <= now else { continue }
            var progress = slot.progress
            progress.state = .removed
            change.recipients.append(ChangeRecord.Recipient(index: index, progress: progress))
        }
        guard !change.recipients.isEmpty, await write(change) else { return }
        services.events.record(.removed, ["queue.id": .string(id.description)])
    }

    /// The clock was set.
    func noteClock(_ offset: Int64) {
        services.events.record(.clockSet, ["queue.offset": .count(offset)])
        let record = QueueRecord.clock(offset: offset)
        state.apply(record, at: PackedPlace.none.position, preamble: 0, size: 0)
        journal.submit([Self.journalRecord(record)]) { _ in }
    }
}
