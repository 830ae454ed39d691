// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import Events
internal import Journal
internal import MailStore
internal import MailTypes
internal import Runtime

/// What a scrub has read and found.
package struct ScrubReport: Sendable, Hashable {
    package var segments = 0
    package var octets: UInt64 = 0
    /// Messages with lost octets; copies are counted each.
    package var messages = 0
    /// Other records that are lost, and stretches that are no record.
    package var others = 0

    package init() {}
}

extension StoreUpkeep {
    /// Reads every octet of the sealed segments, tells of what is damaged, and deletes nothing.
    ///
    /// With `resuming` it goes on where the last one ended early.
    func scrub(resuming: Bool, _ run: UpkeepRun) async throws -> ScrubReport {
        var report = ScrubReport()
        var record = try await run.blocking { UpkeepRecord(self.directory) }
        if !resuming || record.scrubBegun == 0 || record.scrubEnded >= record.scrubBegun {
            (record.scrubBegun, record.shard, record.segment) = (WallClock.seconds, 0, 0)
        }
        let total = log.shards.reduce(UInt64(0)) { $0 &+ $1.octetsOnDisk }
        for (shard, journal) in log.shards.enumerated() where shard >= record.shard {
            let sealed = try await run.blocking { journal.sealedSegments }
            for segment in sealed where shard > record.shard || segment.number >= record.segment {
                let before = report.octets
                let found = try await run.blocking {
                    try SegmentFindings(journal, shard: shard, segment: segment.number, run: run) { octets in
                        run.report(.segments, done: before &+ octets, of: max(total, before &+ octets))
                    }
                }
                report.segments += 1
                report.octets &+= found.octets
                try await tell(of: found, &report, run)
                if found.lacksRecords { memory.setSuspect(shard, true) }
                (record.shard, record.segment) = (shard, segment.number &+ 1)
                try await save(record, run)
            }
        }
        record.scrubEnded = max(WallClock.seconds, record.scrubBegun)
        try await save(record, run)
        events.record(
            .scrubEnded,
            [
                "store.segments": .count(report.segments), "store.octets": .count(report.octets),
                "store.messages": .count(report.messages), "store.records": .count(report.others),
            ]
        )
        return report
    }

    private func save(_ record: UpkeepRecord, _ run: UpkeepRun) async throws {
        try await run.blocking {
            var record = record
            record.compacted = UpkeepRecord(self.directory).compacted
            record.save(self.directory)
        }
    }

    /// Events for what is damaged; messages get `$Damaged`.
    private func tell(of found: SegmentFindings, _ report: inout ScrubReport, _ run: UpkeepRun) async throws {
        guard !found.isClean else { return }
        // Of octets that are no record nobody knows whose they were.
        let streams = Set(found.lost.filter { $0.kind >= RecordKind.firstForUsers }.map(\.stream))
        let suspects =
            found.unreadable.isEmpty
            ? streams.sorted().map { AccountID($0) } : try await allAccounts(shard: found.shard, run)
        var told: Set<RecordPosition> = []
        for account in suspects where account.rawValue != JournalAccountLog.storeStream {
            try run.checkCancelled()
            guard let state = try? await store.currentState(of: account) else { continue }
            let damages = try await damages(of: account, state, [found.segment: found], onlyThere: true, run)
            for damage in damages where damage.finding.kind != .missing {
                told.insert(damage.position)
                guard damage.finding.kind == .message else { continue }
                report.messages += 1
                await store.noteDamage(damage.body, of: account, lost: damage.lost)
            }
        }
        let others = found.lost.filter { !told.contains($0.position) }
        for lost in others { tell(lost, in: found) }
        report.others += others.count + found.unreadable.count
        for range in found.unreadable {
            events.record(
                .segmentDamaged,
                [
                    "store.shard": .count(found.shard), "store.segment": .count(found.segment),
                    "store.offset": .count(range.lowerBound), "store.octets.lost": .count(range.count),
                ]
            )
        }
    }

    private func tell(_ lost: LostParts, in found: SegmentFindings) {
        events.record(
            .recordDamaged,
            [
                "store.file": .string(name(of: found.segment, shard: found.shard)),
                "store.offset": .count(lost.position.offset), "store.account": .count(lost.stream),
                "store.kind": .count(lost.kind),
            ]
        )
    }
}
