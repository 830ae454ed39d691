// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import Journal
internal import MailStore
internal import MailTypes
internal import SearchIndex

extension StoreUpkeep {
    /// Reads every octet of the store and compares what the accounts say with what is there.
    ///
    /// Changes nothing. Deliveries and sessions go on; what comes while it runs is not looked at.
    func check(_ run: UpkeepRun) async throws -> CheckReport {
        var report = CheckReport()
        let total = log.shards.reduce(UInt64(0)) { $0 &+ $1.octetsOnDisk }
        for (shard, journal) in log.shards.enumerated() {
            var segments: [UInt32: SegmentFindings] = [:]
            for number in journal.segmentNumbers {
                let before = report.octets
                let found = try await run.blocking {
                    try SegmentFindings(journal, shard: shard, segment: number, run: run) { octets in
                        run.report(.segments, done: before &+ octets, of: max(total, before &+ octets))
                    }
                }
                report.segments += 1
                report.records += found.records
                report.octets &+= found.octets
                segments[number] = found
            }
            try await check(shard, segments, &report, run)
        }
        for journal in log.shards { await journal.indexed() }
        let derived = try await run.blocking { self.checkDerived() }
        for finding in derived { report.add(finding) }
        return report
    }

    private func check(
        _ shard: Int,
        _ segments: [UInt32: SegmentFindings],
        _ report: inout CheckReport,
        _ run: UpkeepRun
    ) async throws {
        // Damaged records that a state refers to are told of as messages, with mailbox and UID.
        var told: Set<RecordPosition> = []
        let accounts = try await allAccounts(shard: shard, run)
        for (index, account) in accounts.enumerated() {
            try run.checkCancelled()
            report.accounts += 1
            do {
                let state = try await store.currentState(of: account)
                for found in try await damages(of: account, state, segments, onlyThere: false, run) {
                    told.insert(found.position)
                    report.add(found.finding)
                }
                report.messages += state.mailboxes.values.reduce(0) { $0 + $1.messages.count }
            } catch let error as MailStoreError {
                var finding = CheckFinding(.account, file: StoreFormat.shardName(shard), detail: error.detail)
                finding.account = account
                report.add(finding)
            }
            if index % 64 == 63 { run.report(.accounts, done: UInt64(index + 1), of: UInt64(accounts.count)) }
        }
        for found in segments.values.sorted(by: { $0.segment < $1.segment }) {
            let findings = try await run.blocking { [told] in self.others(in: found, besides: told) }
            for finding in findings { report.add(finding) }
        }
        for finding in cutOff(shard, segments) { report.add(finding) }
    }

    /// What a checkpoint knew of and the opening of the store did not find any more; nothing else tells of it.
    private func cutOff(_ shard: Int, _ segments: [UInt32: SegmentFindings]) -> [CheckFinding] {
        let there = Set(log.shards[shard].segmentNumbers)
        return log.shards[shard].recovery.damage.compactMap { damage in
            guard there.contains(damage.segment) else { return nil }
            let isKnown = segments[damage.segment]?.unreadable.contains { $0.overlaps(damage.octets) } ?? false
            guard !isKnown else { return nil }
            let file = name(of: damage.segment, shard: shard)
            var finding = CheckFinding(.octets, file: file, offset: damage.octets.lowerBound)
            (finding.shard, finding.octetsLost) = (shard, UInt64(damage.octets.count))
            finding.detail = "found when the store was opened"
            return finding
        }
    }

    /// Messages of an account that are not whole; with `onlyThere`, of those in `segments`.
    func damages(
        of account: AccountID,
        _ state: AccountState,
        _ segments: [UInt32: SegmentFindings],
        onlyThere: Bool,
        _ run: UpkeepRun
    ) async throws -> [DamagedMessage] {
        let suspects = try await run.blocking { Suspect.all(of: account, state, segments, onlyThere) }
        var found: [DamagedMessage] = []
        for suspect in suspects {
            let entry = suspect.entry
            var damage = suspect.damage
            if damage == nil { damage = try await unscannedDamage(of: entry, of: account) }
            guard let damage = try await precise(damage, of: entry, of: account) else { continue }
            let shard = log.shardNumber(of: account)
            let file = name(of: entry.body.segment, shard: shard)
            var finding = CheckFinding(damage.kind, file: file, offset: entry.body.offset)
            (finding.shard, finding.segment, finding.body) = (shard, entry.body.segment, entry.body)
            finding.lost = damage.ranges(of: entry.size)
            (finding.account, finding.uid) = (account, entry.uid)
            finding.mailbox = state.mailboxes[suspect.mailbox]?.name
            finding.octetsLost = damage.lostOctets
            found.append(DamagedMessage(position: entry.body.record, body: entry.body, finding: finding))
        }
        return found
    }

    /// Where a record's header is lost, its message may still be read.
    private func precise(
        _ damage: MessageDamage?,
        of entry: MessageEntry,
        of account: AccountID
    ) async throws(MailStoreError) -> MessageDamage? {
        guard case .lost([0..<entry.size], let structure) = damage else { return damage }
        var lost: [Range<UInt64>] = []
        var offset: UInt64 = 0
        while offset < entry.size {
            let end = min(entry.size, offset &+ (1 << 20))
            lost += try await log.read(entry.body, of: account, size: entry.size, range: offset..<end).damaged
            offset = end
        }
        return .lost(lost, structure: structure)
    }

    /// A message in a segment that came after the check began.
    private func unscannedDamage(
        of entry: MessageEntry,
        of account: AccountID
    ) async throws(MailStoreError) -> MessageDamage? {
        do throws(JournalError) {
            let record = try await log.shard(account).entry(at: entry.body.record)
            let mask = BodyReference.preambleOctets
            let isSame = record.body.preamble & mask == entry.body.preamble & mask
            return isSame && record.stream == account.rawValue && record.body.length == entry.size ? nil : .missing
        } catch {
            guard case .lost = error else { throw MailStoreError(error, "a record cannot be read") }
            return .missing
        }
    }

    /// What is wrong in a segment besides messages that were told of.
    private func others(in found: SegmentFindings, besides told: Set<RecordPosition>) -> [CheckFinding] {
        let file = name(of: found.segment, shard: found.shard)
        var findings: [CheckFinding] = []
        for lost in found.lost where !told.contains(lost.position) {
            let kind: CheckFinding.Kind = lost.kind == MailRecordKind.base ? .base : .record
            var finding = CheckFinding(kind, file: file, offset: lost.position.offset, detail: "kind \(lost.kind)")
            finding.account = lost.kind >= RecordKind.firstForUsers ? AccountID(lost.stream) : nil
            finding.octetsLost = lost.body.reduce(0) { $0 &+ UInt64($1.count) }
            findings.append(finding)
        }
        for entry in found.undecodable {
            var finding = CheckFinding(.record, file: file, offset: entry.position.offset, detail: "says nothing known")
            finding.account = AccountID(entry.stream)
            findings.append(finding)
        }
        for (entry, _) in found.mended {
            var finding = CheckFinding(.mended, file: file, offset: entry.position.offset)
            finding.account = entry.kind >= RecordKind.firstForUsers ? AccountID(entry.stream) : nil
            findings.append(finding)
        }
        for range in found.unreadable {
            var finding = CheckFinding(.octets, file: file, offset: range.lowerBound)
            finding.octetsLost = UInt64(range.count)
            findings.append(finding)
        }
        findings += unusableBases(in: found, file)
        for place in findings.indices {
            (findings[place].shard, findings[place].segment) = (found.shard, found.segment)
        }
        return findings
    }

    /// Bases that verify and of which no state can be made.
    private func unusableBases(in found: SegmentFindings, _ file: String) -> [CheckFinding] {
        let journal = log.shards[found.shard]
        return found.bases.compactMap { entry in
            let isLost: Bool
            if case .base(let record) = LogRecord.decode(entry.metadata)?.record,
                record.size == entry.body.length,
                let octets = try? journal.readBlocking(entry.body, 0..<entry.body.length)
            {
                isLost = record.state(in: octets.bytes) == nil
            } else {
                // Removed meanwhile, or told of as a record that says nothing known.
                isLost = false
            }
            guard isLost else { return nil }
            var finding = CheckFinding(.base, file: file, offset: entry.position.offset, detail: "is no state")
            finding.account = AccountID(entry.stream)
            return finding
        }
    }

    /// Files that can be made again.
    ///
    /// Blocks.
    private func checkDerived() -> [CheckFinding] {
        var findings: [CheckFinding] = []
        for file in log.snapshots.files() {
            let snapshot = file.account.flatMap { log.snapshots.load($0) }
            guard snapshot.flatMap({ AccountState(decoding: $0.bytes) }) == nil else { continue }
            var finding = CheckFinding(.snapshot, file: String(file.path.dropFirst(directory.count + 1)))
            finding.account = file.account
            findings.append(finding)
        }
        for account in log.snapshots.accountsWithTexts() {
            let place = log.snapshots.sidecar(of: account)
            guard !TextSidecar(place).isWhole() else { continue }
            var finding = CheckFinding(.texts, file: String(place.path.dropFirst(directory.count + 1)))
            finding.account = account
            findings.append(finding)
        }
        for (shard, journal) in log.shards.enumerated() {
            for name in journal.damagedCheckpoints {
                var finding = CheckFinding(.checkpoint, file: "\(StoreFormat.shardName(shard))/\(name)")
                finding.shard = shard
                findings.append(finding)
            }
            for name in journal.damagedSidecars {
                findings.append(CheckFinding(.sidecar, file: "\(StoreFormat.shardName(shard))/\(name)"))
            }
        }
        let format = WholeFile.contents(directory + "/FORMAT", maximum: 4096).flatMap { StoreFormat($0) }
        if format?.identity != identity { findings.append(CheckFinding(.format, file: "FORMAT")) }
        return findings
    }
}

/// A message of a state that may not be whole.
private struct Suspect: Sendable {
    var mailbox: MailboxID
    var entry: MessageEntry
    /// `nil` when its record was not read.
    var damage: MessageDamage?

    /// Messages that are damaged in `segments`, and, unless `onlyThere`, those that lie elsewhere.
    static func all(
        of account: AccountID,
        _ state: AccountState,
        _ segments: [UInt32: SegmentFindings],
        _ onlyThere: Bool
    ) -> [Suspect] {
        var all: [Suspect] = []
        state.visitBodies { mailbox, entry in
            if let segment = segments[entry.body.segment], entry.body.offset < segment.end {
                guard let damage = segment.damage(of: entry, of: account) else { return }
                all.append(Suspect(mailbox: mailbox, entry: entry, damage: damage))
            } else if !onlyThere {
                all.append(Suspect(mailbox: mailbox, entry: entry))
            }
        }
        return all
    }
}

/// A message of a state that is not whole.
struct DamagedMessage: Sendable {
    var position: RecordPosition
    var body: BodyReference
    var finding: CheckFinding

    var lost: [Range<UInt64>] { finding.lost }
}

extension MessageDamage {
    fileprivate func ranges(of size: UInt64) -> [Range<UInt64>] {
        switch self {
        case .missing: [0..<size]
        case .lost(let ranges, _): ranges
        }
    }

    fileprivate var kind: CheckFinding.Kind {
        switch self {
        case .missing: .missing
        case .lost(let octets, _): octets.isEmpty ? .structure : .message
        }
    }
}
