// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import ByteTools
internal import Events
internal import Glibc
internal import Journal
internal import Runtime

/// How far the watchdog is with its round.
struct WatchdogRound: Sendable {
    /// Messages looked at in one go.
    static let portion = 20_000
    /// How late something may be, in milliseconds.
    static let grace: Int64 = 300_000
    var left: [QueueID] = []
    /// Messages that it found, ever.
    var found = 0
}

extension MailQueue {
    /// Looks for messages to which nothing would ever happen: an error of this program, which is mended and told.
    func watch() {
        if watchdog.left.isEmpty { watchdog.left = Array(state.entries.keys) }
        let portion = watchdog.left.suffix(WatchdogRound.portion)
        watchdog.left.removeLast(portion.count)
        let runningIDs = Set(running.keys.map(\.id))
        let asleep = state.asleep(portion, at: now, grace: WatchdogRound.grace) { runningIDs.contains($0) }
        for id in asleep {
            watchdog.found += 1
            services.events.record(.asleep, ["queue.id": .string(id.description)])
            state.schedule(id, at: now)
        }
    }

    /// Sees whether there is room on the disk.
    func checkDisk() {
        uncheckedOctets = 0
        var status = statvfs()
        guard unsafe statvfs(journal.directory, &status) == 0 else { return }
        let (free, overflow) = UInt64(status.f_bavail).multipliedReportingOverflow(by: UInt64(status.f_frsize))
        // Room for a sixteenth more before mail is taken again, so that it does not change with every message.
        let bound = isDiskLow ? policy.lowDisk &+ policy.lowDisk / 16 : policy.lowDisk
        let isLow = !overflow && free < bound
        guard isLow != isDiskLow else { return }
        isDiskLow = isLow
        services.events.record(
            isLow ? .diskLow : .diskBack,
            ["queue.free": .count(overflow ? .max : free), "queue.low-disk": .count(policy.lowDisk)]
        )
    }

    // MARK: Segments

    /// Gives room back, in a task of its own: segments go from the oldest on.
    func tidy() {
        guard !isTidying else { return }
        isTidying = true
        tidying = Task(executorPreference: loop) { await self.removeSegments() }
    }

    private func removeSegments() async {
        defer { isTidying = false }
        await leaveIdleSegment()
        while let oldest = await oldestSegment(), !isClosing {
            if let live = state.liveOctets[oldest.number], live > 0 {
                let allowed = isDiskLow ? 0 : slack
                guard oldest.total > 2 &* state.liveOctets.values.reduce(0, &+) &+ allowed else { return }
                guard await empty(oldest.number) else { return }
            }
            // What the ledger knows besides messages has to outlive the segment it is written in.
            guard await writeClock() else { return }
            let journal = journal
            let outcome = await BlockingPool.shared.run { () -> JournalError? in
                do throws(JournalError) { try journal.remove(segment: oldest.number) } catch { return error }
                return nil
            }
            guard outcome == nil else { return }
        }
    }

    /// Where room is short, the segment that is written to is left as soon as most of it is needed by nobody: only what
    /// was left can be deleted.
    private func leaveIdleSegment() async {
        guard isDiskLow else { return }
        let journal = journal
        let (number, octets) = await BlockingPool.shared.run { () -> (UInt32, UInt64) in
            let sealed = journal.sealedSegments.reduce(UInt64(0)) { $0 &+ $1.octets }
            let all = journal.octetsOnDisk
            return (journal.activeSegment, all > sealed ? all - sealed : 0)
        }
        guard octets >= 1 << 20, state.liveOctets[number, default: 0] < octets / 2 else { return }
        try? await journal.seal()
    }

    /// The oldest segment that is not written to any more, and the octets of all of them.
    private func oldestSegment() async -> (number: UInt32, total: UInt64)? {
        let journal = journal
        let sealed = await BlockingPool.shared.run { journal.sealedSegments }
        return sealed.first.map { ($0.number, sealed.reduce(0) { $0 &+ $1.octets }) }
    }

    private func writeClock() async -> Bool {
        let record = Self.journalRecord(.clock(offset: timeline.offset))
        return (try? await journal.append([record])) != nil
    }

    /// Writes the messages of a segment anew.
    ///
    /// False when one has to wait.
    private func empty(_ segment: UInt32) async -> Bool {
        let ids = state.entries.filter { $0.value.place.segment == segment }.map(\.key)
        var isEmpty = true
        for id in ids where state.entries[id]?.place.segment == segment {
            let isMoved = await move(id)
            isEmpty = isEmpty && isMoved
        }
        return isEmpty
    }

    /// Writes a message anew with everything that is known of it, and nothing else happens to it meanwhile.
    func move(_ id: QueueID) async -> Bool {
        guard state.entries[id]?.isActive == false, !running.keys.contains(where: { $0.id == id }), tryReserve(id)
        else {
            return state.entries[id] == nil
        }
        defer {
            release(id)
            state.schedule(id, at: now)
        }
        guard let loaded = try? await load(id), let entry = state.entries[id] else { return false }
        var record = loaded.record
        record.reported = nil
        (record.isFrozen, record.expiry, record.delayNotice) = (entry.isFrozen, entry.expiry, entry.delayNotice)
        record.message.priority = entry.priority
        let statuses = await lastStatuses(loaded, entry.slots.indices)
        for (index, slot) in entry.slots.enumerated() {
            record.progress[index] = slot.progress
            record.progress[index].status = statuses[index]
        }
        let queueRecord = QueueRecord.moved(record)
        var written = Self.journalRecord(queueRecord)
        written.body = .copy(of: entry.body)
        do throws(JournalError) {
            guard let place = try await journal.append([written]).first else { return false }
            state.apply(
                queueRecord,
                at: place,
                preamble: UInt32(clamping: JournalEntry.preamble(of: written)),
                size: entry.size
            )
            return true
        } catch .lost {
            await setAsideDamaged(id, .damaged)
            return false
        } catch {
            return false
        }
    }
}
