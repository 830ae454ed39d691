// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import Glibc
internal import Journal
internal import MailStore
internal import MailTypes
internal import SearchIndex

/// What `repair` has done.
package struct RepairReport: Sendable, Hashable {
    /// What was wrong before.
    package var found: CheckReport
    /// Derived files that were damaged and are gone or made anew.
    package var filesRenewed: [String] = []
    /// Damaged segments of which everything that is whole was copied elsewhere; those of them that are gone.
    package var segmentsEmptied = 0
    package var segmentsRemoved = 0
    package var messagesMoved = 0
    /// Messages of which the store had another copy, which is in their place now under a new UID.
    package var messagesReplaced = 0
    /// Messages that have lost octets, and have `$Damaged` now.
    package var messagesDamaged = 0

    init(_ found: CheckReport) { self.found = found }
}

extension StoreUpkeep {
    /// Checks the store, renews derived files that are damaged, puts whole copies in the place of damaged messages where
    /// the store has any, moves everything that is whole out of damaged segments, and marks messages that are not.
    ///
    /// Nothing that might still be read is deleted.
    func repair(_ run: UpkeepRun) async throws -> RepairReport {
        var report = RepairReport(try await check(run))
        guard !report.found.isClean else { return report }
        guard memory.beginCompaction() else {
            throw MailStoreError(.busy, "the store is being compacted", detail: "compaction is under way")
        }
        let freed = store.freedOctets
        defer { memory.endCompaction(freed: freed) }
        let findings = report.found.findings
        report.filesRenewed = try await run.blocking { try self.renew(findings) }
        report.filesRenewed += await renewTexts(findings)
        let left = try await replaceFromCopies(findings, run)
        report.messagesReplaced = findings.count - left.count
        report.messagesDamaged = try await mark(left, run)
        for shard in log.shards.indices {
            let damaged = Set(findings.filter { $0.shard == shard }.compactMap(\.segment))
            let hasCheckpoint = findings.contains { $0.shard == shard && $0.kind == .checkpoint }
            guard !damaged.isEmpty || hasCheckpoint else { continue }
            // Leaving a segment writes a checkpoint, too.
            do throws(JournalError) {
                try await log.seal(shard)
            } catch {
                throw MailStoreError(error, "the segment cannot be left")
            }
            try await empty(damaged, of: shard, &report, run)
        }
        return report
    }

    /// Blocks.
    private func renew(_ findings: [CheckFinding]) throws -> [String] {
        var renewed: [String] = []
        for finding in findings {
            switch finding.kind {
            case .snapshot, .checkpoint, .sidecar: unsafe unlink("\(directory)/\(finding.file)")
            case .format:
                let format = StoreFormat(identity: identity, shards: log.shards.count)
                guard WholeFile.replace("\(directory)/FORMAT", with: format.text, durable: true) else {
                    throw FileCopy.failure("rename", "\(directory)/FORMAT")
                }
            default: continue
            }
            renewed.append(finding.file)
        }
        return renewed
    }

    /// Search texts are made by the owner of the account, or go.
    private func renewTexts(_ findings: [CheckFinding]) async -> [String] {
        var renewed: [String] = []
        for finding in findings where finding.kind == .texts {
            guard let account = finding.account else { continue }
            do throws(MailStoreError) {
                try await store.makeTexts(of: account, anew: true)
            } catch {
                TextSidecar(log.snapshots.sidecar(of: account)).remove()
            }
            renewed.append(finding.file)
        }
        return renewed
    }

    /// Marks the messages that are not whole, and returns how many those are.
    private func mark(_ findings: [CheckFinding], _ run: UpkeepRun) async throws -> Int {
        var count = 0
        for finding in findings where finding.kind == .message || finding.kind == .missing {
            try run.checkCancelled()
            guard let account = finding.account, let body = finding.body else { continue }
            await store.noteDamage(body, of: account, lost: finding.lost)
            count += 1
        }
        return count
    }

    private func empty(
        _ damaged: Set<UInt32>,
        of shard: Int,
        _ report: inout RepairReport,
        _ run: UpkeepRun
    ) async throws {
        var plan = CompactionPlan(try await survey(shard, run))
        guard let round = plan.round(emptying: damaged) else { return }
        var compaction = CompactionReport()
        try await perform(round, of: &plan, shard, &compaction, run)
        report.segmentsEmptied += round.segments.count
        report.segmentsRemoved += compaction.segmentsRemoved
        report.messagesMoved += compaction.messagesMoved
    }
}
