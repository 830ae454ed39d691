// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import Journal
internal import MailStore
internal import MailTypes

/// Where the store has messages with certain digests, of any account, expunged ones among them.
///
/// A message to several people, or with a copy to oneself, is stored once for each.
struct IdenticalCopies: Sendable {
    struct Place: Sendable, Hashable {
        var account: AccountID
        var body: BodyReference
    }

    /// More than this are not needed.
    private static let maximumPlaces = 16

    private var places: [[UInt8]: [Place]] = [:]

    /// Reads the metadata of every message record.
    ///
    /// Blocks.
    init(of digests: Set<[UInt8]>, in log: JournalAccountLog, _ run: UpkeepRun) throws {
        for journal in log.shards {
            for segment in journal.segmentNumbers {
                try run.checkCancelled()
                var positions: [RecordPosition] = []
                do throws(JournalError) {
                    try journal.outline(segment: segment) { record in
                        if MailRecordKind.hasMessage(record.kind) { positions.append(record.position) }
                    }
                } catch {
                    throw MailStoreError(error, "a segment cannot be read")
                }
                for position in positions {
                    guard let entry = try? journal.record(at: position) else { continue }
                    add(entry, digests)
                }
            }
        }
    }

    private mutating func add(_ entry: JournalEntry, _ digests: Set<[UInt8]>) {
        guard let message = LogRecord.decode(entry.metadata)?.record.asMessage, digests.contains(message.sha256),
            places[message.sha256, default: []].count < Self.maximumPlaces
        else { return }
        let body = JournalAccountLog.place(entry.position, preamble: entry.body.preamble).body
        places[message.sha256, default: []].append(Place(account: AccountID(entry.stream), body: body))
    }

    subscript(digest: [UInt8]) -> [Place] { places[digest] ?? [] }
}

extension StoreUpkeep {
    /// Puts a whole copy, where the store has one, in the place of messages that have lost octets.
    ///
    /// Each gets a new UID. Returns the findings that are left.
    func replaceFromCopies(_ findings: [CheckFinding], _ run: UpkeepRun) async throws -> [CheckFinding] {
        var damaged: [(finding: CheckFinding, record: MessageRecord)] = []
        var left: [CheckFinding] = []
        for finding in findings {
            if finding.kind == .message, let account = finding.account, let body = finding.body,
                let record = try await log.messageRecord(at: body, of: account)
            {
                damaged.append((finding, record))
            } else {
                left.append(finding)
            }
        }
        guard !damaged.isEmpty else { return left }
        let digests = Set(damaged.map(\.record.sha256))
        let copies = try await run.blocking { try IdenticalCopies(of: digests, in: self.log, run) }
        for (finding, record) in damaged {
            try run.checkCancelled()
            let isReplaced = try await replace(finding, record, from: copies[record.sha256])
            if !isReplaced { left.append(finding) }
        }
        return left
    }

    private func replace(
        _ finding: CheckFinding,
        _ record: MessageRecord,
        from places: [IdenticalCopies.Place]
    ) async throws(MailStoreError) -> Bool {
        guard let account = finding.account else { return false }
        for place in places where place.account != account || place.body != finding.body {
            guard let octets = try await store.restaged(place.body, of: place.account, as: record) else { continue }
            return try await replace(finding, of: account, with: octets)
        }
        return false
    }

    private func replace(
        _ finding: CheckFinding,
        of id: AccountID,
        with octets: StagedOctets
    ) async throws(MailStoreError) -> Bool {
        guard let uid = finding.uid, let name = finding.mailbox else { return false }
        let deadline = ContinuousClock.now + .seconds(10)
        do throws(MailStoreError) {
            let mailbox = try await store.account(id, deadline: deadline).status(of: name).id
            let account = try await store.quarantine(of: id, deadline: deadline)
            _ = try await account.replace(uid, in: mailbox, with: octets)
            // What is left of the damaged one says nothing that is not known now.
            _ = try await account.deleteQuarantined([QuarantineID(mailbox, uid)])
            return true
        } catch {
            // Expunged meanwhile, or in quarantine already.
            guard error.code == .noSuchMessage || error.code == .noSuchMailbox else { throw error }
            return false
        }
    }
}
