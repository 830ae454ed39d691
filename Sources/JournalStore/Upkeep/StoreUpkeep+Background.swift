// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import Events
internal import Journal
internal import MailStore
internal import Runtime
internal import Settings

extension StoreUpkeep {
    /// Compaction looks through the whole store at least so often.
    private static let compactionInterval: Int64 = 86_400
    /// So many octets of expunged messages are worth looking before that.
    private static let worthwhileOctets: UInt64 = 64 << 20

    /// Compacts and scrubs by itself until the task is cancelled.
    func runInBackground(every interval: Duration) async {
        var record = await UpkeepRun.pool.run { UpkeepRecord(self.directory) }
        if record.compacted == 0 {
            record.compacted = WallClock.seconds
            await remember(compacted: record.compacted)
        }
        while !Task.isCancelled {
            await settleDoubt()
            await writeOwedBases()
            guard await UpkeepRun.rest(interval) else { return }
            log.fullDisk.tell()
            await compactIfDue()
            await scrubIfDue()
        }
    }

    /// On a full disk it is tried again later; the first failure is told.
    private func writeOwedBases() async {
        await attempt(.basesNotWritten, isTold: { self.memory.mayTellOfOwedBases() }) {
            try await self.writeOwedBases(all: false, $0)
        }
    }

    private func compactIfDue() async {
        let percent = settings.current[JournalStoreSettings.compactBelow]
        let compresses = settings.current[JournalStoreSettings.compressAfter] != .never
        guard percent > 0 || compresses else { return }
        let last = await UpkeepRun.pool.run { UpkeepRecord(self.directory).compacted }
        let freed = store.freedOctets &- min(store.freedOctets, memory.freedAtCompaction)
        let octets = log.shards.reduce(UInt64(0)) { $0 &+ $1.octetsOnDisk }
        let isDue = WallClock.seconds - last >= Self.compactionInterval || last > WallClock.seconds
        guard isDue || freed >= max(Self.worthwhileOctets, octets / 10) else { return }
        await attempt(.compactionStopped) { _ = try await self.compact(below: percent, sealing: false, $0) }
        await remember(compacted: WallClock.seconds)
    }

    private func scrubIfDue() async {
        guard let interval = settings.current[JournalStoreSettings.scrubInterval].duration else { return }
        let record = await UpkeepRun.pool.run { UpkeepRecord(self.directory) }
        let isUnderWay = record.scrubBegun > record.scrubEnded
        let isDue = WallClock.seconds - record.scrubEnded >= interval.components.seconds
        guard isUnderWay || isDue || record.scrubEnded > WallClock.seconds else { return }
        await attempt(.scrubFailed) { _ = try await self.scrub(resuming: true, $0) }
    }

    private func attempt(
        _ failure: EventDefinition,
        isTold: () -> Bool = { true },
        _ work: (UpkeepRun) async throws -> Void
    ) async {
        let run = run()
        await withTaskCancellationHandler {
            do {
                try await work(run)
            } catch let error as MailStoreError {
                guard isTold() else { return }
                events.record(failure, ["store.detail": .string(error.detail.isEmpty ? error.message : error.detail)])
            } catch {
                // Cancelled: the next start goes on.
            }
        } onCancel: {
            run.cancel()
        }
    }

    private func remember(compacted: Int64) async {
        await UpkeepRun.pool.run {
            var record = UpkeepRecord(self.directory)
            record.compacted = compacted
            record.save(self.directory)
        }
    }
}
