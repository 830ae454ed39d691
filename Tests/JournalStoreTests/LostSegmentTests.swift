// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

import Journal
import JournalStore
import MailStore
import MailTypes
import Testing

/// A closed store, and where its messages are.
private struct FilledStore {
    static let accounts: ClosedRange<UInt64> = 1...2
    static let messages: UInt32 = 20
    var files: KilledStore
    var bodies: [UInt64: [BodyReference]] = [:]

    init(_ harness: StoreHarness) async throws {
        for number in Self.accounts {
            let account = try await harness.account(number)
            for index in 0..<Self.messages {
                try await account.put(pattern(300, seed: UInt8(number) * 32 + UInt8(index)))
            }
            bodies[number] = try await account.snapshot(of: .inbox).messages.map(\.body)
        }
        await harness.close()
        files = KilledStore(harness.directory)
    }

    /// The lost messages of a segment that a check has told of neither by UID nor by octets.
    func unnamed(in path: String, _ segment: UInt32, _ loss: SegmentLoss, by report: CheckReport) -> [String] {
        bodies.flatMap { number, bodies in
            bodies.enumerated().filter { index, body in
                guard body.segment == segment, loss.hits(body.offset) else { return false }
                return !report.findings.contains { finding in
                    if finding.account == AccountID(number), finding.uid?.rawValue == UInt32(index + 1) { return true }
                    return finding.file == path && finding.offset <= body.offset
                        && body.offset < finding.offset + max(1, finding.octetsLost)
                }
            }.map { "\(number): \($0.offset + 1)" }
        }
    }
}

/// What happens to a segment.
private enum SegmentLoss: CaseIterable {
    case cutToNothing, cutToLessThanAHeader, removed, firstPageZeroed

    func callAsFunction(_ octets: [UInt8]?) -> [UInt8]? {
        guard let octets else { return nil }
        return switch self {
        case .cutToNothing: []
        case .cutToLessThanAHeader: Array(octets.prefix(40))
        case .removed: nil
        case .firstPageZeroed: [UInt8](repeating: 0, count: 4096) + octets.dropFirst(4096)
        }
    }

    /// Whether a record that begins here is lost.
    func hits(_ offset: UInt64) -> Bool { self != .firstPageZeroed || offset < 4096 }

    /// Whether octets are left behind what is lost.
    var leavesRest: Bool { self == .firstPageZeroed }
}

@Suite("The embedded engine: lost segments")
struct LostSegmentTests {
    /// Opens a damaged store twice; each time every message of the segment must be told of.
    private func expectTold(
        _ harness: StoreHarness,
        _ store: FilledStore,
        _ path: String,
        _ segment: UInt32,
        _ loss: SegmentLoss,
        _ what: String
    ) async throws {
        for round in 0..<2 {
            try await harness.open()
            let report = try await harness.journalStore.check()
            #expect(store.unnamed(in: path, segment, loss, by: report) == [], "\(what), round \(round)")
            await harness.close()
        }
    }

    @Test("The only segment is lost, with any of FORMAT, checkpoints and snapshots: what is left tells of its messages")
    func onlySegment() async throws {
        let harness = try await StoreHarness(.journal)
        let store = try await FilledStore(harness)
        let checkpoints = store.files.files.keys.filter { $0.contains("heads.") }
        let snapshots = store.files.files.keys.filter { $0.hasSuffix(".snap") }
        #expect(!checkpoints.isEmpty && snapshots.count == 2)
        for loss in SegmentLoss.allCases {
            for lacking in 0..<8 {
                var damaged = store.files
                damaged.files[KilledStore.segment] = loss(damaged.files[KilledStore.segment])
                if lacking & 1 != 0 { damaged.files["FORMAT"] = nil }
                if lacking & 2 != 0 { for path in checkpoints { damaged.files[path] = nil } }
                if lacking & 4 != 0 { for path in snapshots { damaged.files[path] = nil } }
                damaged.restore(to: harness.directory)
                let what = "\(loss), lacking \(lacking)"
                if lacking & 6 != 6 || loss.leavesRest {
                    try await expectTold(harness, store, KilledStore.segment, 1, loss, what)
                    try await harness.open()
                    if lacking & 4 == 0 { try await expectShown(harness, what) }
                } else {
                    // Nothing in the folder knows of a message.
                    try await harness.open()
                    #expect(try await harness.account(1).uids().isEmpty)
                }
                await harness.close()
            }
        }
    }

    /// The messages are still there, under their UIDs, and no UID is used again.
    private func expectShown(_ harness: StoreHarness, _ what: String) async throws {
        let report = try await harness.journalStore.repair()
        #expect(report.messagesDamaged > 0, "\(what)")
        for number in FilledStore.accounts {
            let account = try await harness.account(number)
            #expect(try await account.uids() == Array(1...FilledStore.messages), "\(what)")
            let view = try await account.snapshot(of: .inbox)
            for entry in view.messages {
                let octets = try await account.read(entry, 0..<entry.size)
                #expect(octets.bytes.count == 300)
            }
            // What came after the snapshots is not known: no UID that it may have had is given again.
            #expect(try await account.put([1]).uid.rawValue > FilledStore.messages, "\(what)")
        }
        let uids = try await harness.account(1).uids()
        try await harness.reopenFromJournal()
        // Repair has written bases: nothing derived is needed any more.
        #expect(try await harness.account(1).uids() == uids, "\(what)")
    }

    @Test("A segment that is not the last is lost: the next one, its sidecar, or snapshots tell of its messages")
    func sealedSegment() async throws {
        let harness = try await StoreHarness.small(octets: 4096)
        let store = try await FilledStore(harness)
        let path = "shard-00/segment-0000000002.log"
        #expect(store.bodies.values.joined().contains { $0.segment == 2 } && store.files.files[path] != nil)
        #expect(store.files.files["shard-00/segment-0000000003.log"] != nil)
        for loss in SegmentLoss.allCases {
            for lacking in 0..<16 {
                var damaged = store.files
                damaged.files[path] = loss(damaged.files[path])
                for other in damaged.files.keys {
                    let isGone =
                        other == "FORMAT" && lacking & 1 != 0 || other.contains("heads.") && lacking & 2 != 0
                        || other.hasSuffix(".snap") && lacking & 4 != 0 || other.hasSuffix(".idx") && lacking & 8 != 0
                    if isGone { damaged.files[other] = nil }
                }
                damaged.restore(to: harness.directory)
                let what = "\(loss), lacking \(lacking)"
                try await expectTold(harness, store, path, 2, loss, what)
                try await harness.open()
                if lacking & 12 != 12 {
                    for number in FilledStore.accounts {
                        #expect(try await harness.account(number).uids() == Array(1...FilledStore.messages), "\(what)")
                    }
                }
                await harness.close()
            }
        }
    }
}
