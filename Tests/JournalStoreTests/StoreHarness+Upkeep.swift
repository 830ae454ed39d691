// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

import Glibc
import Journal
import JournalStore
import Locking
import MailStore
import MailTypes
import Testing

/// A source of chance that can be run again.
struct Dice: RandomNumberGenerator {
    var state: UInt64
    init(_ seed: Int) { state = UInt64(truncatingIfNeeded: seed) &* 0x9E37_79B9_7F4A_7C15 | 1 }
    mutating func next() -> UInt64 {
        state ^= state << 13
        state ^= state >> 7
        state ^= state << 17
        return state
    }
}

extension StoreHarness {
    /// A store with segments so small that a test fills many.
    static func small(octets: UInt64 = 16 * 1024) async throws -> StoreHarness {
        let harness = try await StoreHarness(.journal)
        harness.options.withLock { $0.segmentOctets = octets }
        try await harness.reopen()
        return harness
    }

    func contents(_ accounts: ClosedRange<UInt64>) async throws -> [UInt64: AccountContents] {
        var all: [UInt64: AccountContents] = [:]
        for number in accounts { all[number] = try await AccountContents(account(number)) }
        return all
    }

    /// Opens the store by its segments alone.
    func reopenFromJournal() async throws {
        await close()
        Self.remove(directory + "/accounts")
        for name in ["heads.a", "heads.b"] { unsafe unlink("\(directory)/shard-00/\(name)") }
        try await open()
    }

    /// Fills accounts, so that most of what lies in the first segments is dead.
    func fillSparsely(_ accounts: ClosedRange<UInt64> = 1...3, messages: Int = 30) async throws {
        for index in 0..<messages {
            for number in accounts {
                try await account(number).put(pattern(900, seed: UInt8(index + 40 * Int(number))))
            }
        }
        for number in accounts {
            let account = try await account(number)
            let inbox = try await account.status(of: .inbox).id
            _ = try await account.transfer(UIDSet([3...4]), from: inbox, to: name("Archive"), removingSource: false)
            let last = UInt32(messages)
            let gone = UIDSet([1...2, 5...(last / 3), (last / 3 + 2)...(last - 2)])
            _ = try await account.expunge(gone, in: inbox, onlyDeleted: false)
            _ = try await account.changeFlags(
                FlagChange(.add, FlagSet(system: .seen, keywords: [keyword("kept")])),
                of: UIDSet([3...4]),
                in: inbox,
                unchangedSince: nil
            )
        }
    }

    /// Where base records lie in the files of the closed store.
    func bases() async throws -> [(path: String, offset: UInt64, length: Int)] {
        let folder = directory + "/shard-00"
        let identity = try #require(Journal.identityOfRecords(in: folder))
        let journal = try Journal.open(folder, identity: identity)
        var found: [(String, UInt64, Int)] = []
        for number in journal.segmentNumbers {
            try journal.outline(segment: number) { record in
                guard record.kind == 29 else { return }
                found.append(("shard-00/segment-000000000\(number).log", record.position.offset, Int(record.octets)))
            }
        }
        await journal.close()
        return found
    }
}
