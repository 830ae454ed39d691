// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

import Glibc
import Journal
import MailStore
import MailTypes
import Testing

extension MailAccount {
    /// Those that are read together.
    func structures(of entries: [MessageEntry]) async -> [[UInt8]?] {
        await readStructures(of: entries, into: []) { found, place, structure in
            #expect(place == found.count)
            found.append(structure.map { Array($0.octets[$0.place]) })
        }
    }
}

/// Changes the octets of a file that may be open: it stays the same one.
private func overwrite(_ path: String, _ bytes: [UInt8]) {
    let descriptor = unsafe Glibc.open(path, O_WRONLY)
    defer { close(descriptor) }
    _ = unsafe bytes.withUnsafeBytes { unsafe pwrite(descriptor, $0.baseAddress, $0.count, 0) }
}

@Suite("Every engine: cached structures, read together")
struct StructureConformanceTests {
    @Test("They are those that are read one by one, also after a reopening", arguments: Engine.allCases)
    func together(engine: Engine) async throws {
        let harness = try await StoreHarness(engine)
        for index in 0..<60 {
            let octets = pattern(index % 9 == 0 ? 90_000 : 200 + index, seed: UInt8(index + 1))
            try await harness.account(UInt64(index % 2 + 1)).put(octets)
        }
        for round in 0..<2 {
            for number in 1...2 as ClosedRange<UInt64> {
                let account = try await harness.account(number)
                let entries = Array(try await account.snapshot(of: .inbox).messages)
                var one: [[UInt8]?] = []
                for entry in entries { one.append(try await account.cachedStructure(of: entry)) }
                #expect(one.allSatisfy { $0?.count == 2 } && one.count == 30)
                #expect(await account.structures(of: entries) == one, "round \(round)")
                #expect(await account.structures(of: entries.reversed()) == one.reversed())
                #expect(await account.structures(of: []).isEmpty)
            }
            try await harness.reopen()
        }
        await harness.close()
    }

    @Test("Where a record is damaged, its structure is missing or right, and all others are there")
    func damaged() async throws {
        let harness = try await StoreHarness(.journal)
        let account = try await harness.account()
        for index in 0..<8 { try await account.put(pattern(300, seed: UInt8(index + 1))) }
        let entries = Array(try await account.snapshot(of: .inbox).messages)
        let whole = await account.structures(of: entries)
        let path = "\(harness.directory)/\(KilledStore.segment)"
        let bytes = try #require(WholeFile.contents(path))
        for offset in stride(from: Int(entries[2].body.offset), to: Int(entries[4].body.offset), by: 3) {
            var damaged = bytes
            damaged[offset] ^= 0x11
            overwrite(path, damaged)
            let found = await account.structures(of: entries)
            let lost = found.indices.filter { found[$0] == nil }
            #expect(lost.isEmpty || lost == [2] || lost == [3], "octet \(offset)")
            for (index, structure) in found.enumerated() where structure != nil { #expect(structure == whole[index]) }
        }
        overwrite(path, bytes)
        #expect(await account.structures(of: entries) == whole)
        await harness.close()
    }
}
