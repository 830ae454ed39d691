// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import Events
internal import Journal
internal import MailStore
internal import MailTypes

// Compaction in steps, each of which may be the last one:
//
// 1. The states of all accounts and the headers of all records say what is live in each sealed segment.
// 2. Of each account that has anything in the segments to be emptied, the live messages are copied to the end of the
//    journal, and its state is written as a base that refers to the copies. Both are durable before the next account.
// 3. When all accounts are through, the segments are deleted.
//
// A crash before 3 leaves copies that nothing refers to, which the next compaction finds dead.
extension StoreUpkeep {
    /// Copies that one round makes at most, so that it never needs much room; or one segment.
    private static let roundOctets: UInt64 = 256 << 20

    /// Empties and removes segments of which little is needed.
    ///
    /// - Parameters:
    ///   - percent: segments with less live octets than this share.
    ///   - sealing: the active segments are left first, so that they are looked at as well.
    func compact(below percent: Int, sealing: Bool, _ run: UpkeepRun) async throws -> CompactionReport {
        guard memory.beginCompaction() else {
            throw MailStoreError(.busy, "the store is being compacted", detail: "another compaction is under way")
        }
        let freed = store.freedOctets
        defer { memory.endCompaction(freed: freed) }
        var report = CompactionReport()
        report.octetsBefore = log.shards.reduce(0) { $0 &+ $1.octetsOnDisk }
        events.record(.compactionStarted, ["store.octets": .count(report.octetsBefore)])
        do {
            for shard in log.shards.indices {
                if sealing { try await seal(shard) }
                try await compact(shard, below: percent, &report, run)
            }
        } catch let error as MailStoreError where error.code == .storageFull || error.code == .unavailable {
            report.stopped = error.detail.isEmpty ? error.message : error.detail
            events.record(.compactionStopped, ["store.detail": .string(report.stopped ?? "")])
        }
        report.octetsAfter = log.shards.reduce(0) { $0 &+ $1.octetsOnDisk }
        events.record(
            .compactionEnded,
            [
                "store.segments": .count(report.segmentsRemoved), "store.octets.removed": .count(report.octetsRemoved),
                "store.messages": .count(report.messagesMoved), "store.octets.moved": .count(report.octetsMoved),
                "store.octets": .count(report.octetsAfter),
            ]
        )
        return report
    }

    private func seal(_ shard: Int) async throws {
        do throws(JournalError) {
            try await log.seal(shard)
        } catch {
            throw MailStoreError(error, "the segment cannot be left")
        }
    }

    private func compact(
        _ shard: Int,
        below percent: Int,
        _ report: inout CompactionReport,
        _ run: UpkeepRun
    ) async throws {
        let survey = try await survey(shard, run)
        let ratios = try await run.blocking { self.compressible(survey, shard, run) }
        var plan = CompactionPlan(survey)
        var candidates = plan.candidates(below: percent, ratios: ratios) { memory.isStuck($0, shard) }
        while !candidates.isEmpty {
            try run.checkCancelled()
            guard let round = plan.round(candidates, maximumLive: Self.roundOctets) else { return }
            try await perform(round, of: &plan, shard, &report, run)
            candidates.removeAll { round.segments.contains($0.number) }
        }
    }

    /// Empties the segments of a round and removes those that nobody needs then.
    func perform(
        _ round: CompactionRound,
        of plan: inout CompactionPlan,
        _ shard: Int,
        _ report: inout CompactionReport,
        _ run: UpkeepRun
    ) async throws {
        var (staying, stuck) = (Set<UInt32>(), Set<UInt32>())
        for account in round.accounts {
            try run.checkCancelled()
            if let remaining = try await move(account, round, &report, run) {
                stuck.formUnion(remaining)
                plan.rebased(account)
            } else {
                let own = plan.survey.segments.values.filter { $0.streams[account.rawValue] != nil }
                staying.formUnion(own.map(\.number))
            }
        }
        staying.formUnion(stuck)
        let journal = log.shards[shard]
        try await log.renewFence(shard, ifIn: round.segments)
        let removable = plan.removable(round, staying: staying)
        for number in removable.sorted() {
            let octets = plan.survey.segments[number]?.octets ?? 0
            let isRemoved = try await run.blocking {
                try self.removals.removing(unless: { run.isCancelled }) { try Self.remove(number, from: journal) }
            }
            guard isRemoved else { throw CancellationError() }
            report.segmentsRemoved += 1
            report.octetsRemoved &+= octets
        }
        for number in stuck.sorted() {
            if let segment = plan.survey.segments[number] { memory.add(stuck: segment, shard) }
            let name = name(of: number, shard: shard)
            report.stuckSegments.append(name)
            events.record(.segmentStuck, ["store.file": .string(name)])
        }
    }

    private static func remove(_ number: UInt32, from journal: Journal) throws {
        do throws(JournalError) {
            try journal.remove(segment: number)
        } catch {
            throw MailStoreError(error, "a segment cannot be removed")
        }
    }

    /// Has an account leave segments.
    ///
    /// Returns those in which it has messages that cannot be copied; `nil` when the account cannot be had.
    private func move(
        _ account: AccountID,
        _ round: CompactionRound,
        _ report: inout CompactionReport,
        _ run: UpkeepRun
    ) async throws -> Set<UInt32>? {
        let moved: Relocation
        do throws(MailStoreError) {
            moved = try await store.relocate(account, leaving: round.segments) { octets in
                await run.paceTask(2 &* octets)
            }
        } catch {
            // In use elsewhere, or removed this moment: segments with its records are left to the next compaction.
            guard error.code == .storageFull else { return nil }
            throw error
        }
        guard moved.isComplete else { throw CancellationError() }
        report.messagesMoved += moved.messages
        report.octetsMoved &+= moved.octets
        run.report(.moving, done: report.octetsMoved, of: max(report.octetsMoved, round.cost))
        return moved.remaining
    }
}
