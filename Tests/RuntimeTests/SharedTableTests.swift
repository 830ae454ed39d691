// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

import Glibc
import Runtime
import Testing

/// Words by keys in memory that processes share.
@Suite(.timeLimit(.minutes(20))) struct SharedTableTests {
    private static func word(_ table: SharedTable, _ key: UInt64) -> UInt64 { table.change(key) { ($0, $0) } }
    private static func put(_ table: SharedTable, _ key: UInt64, _ word: UInt64) {
        table.change(key) { _ in (word, ()) }
    }

    @Test func `What one puts the other finds`() throws {
        let octets = SharedTable.octets(slots: 1024)
        let fd = try #require(SharedTable.makeMemory(octets: 2 * octets))
        let tables = try (0..<2).map { _ in try #require(SharedTable(slots: 1024, sharedIn: fd, at: 0)) }
        let beside = try #require(SharedTable(slots: 1024, sharedIn: fd, at: octets))
        close(fd)
        let before = tables[1].changes
        for key in 1...16 { Self.put(tables[key % 2], UInt64(key), UInt64(key * 10)) }
        for key in 1...16 { #expect(Self.word(tables[(key + 1) % 2], UInt64(key)) == UInt64(key * 10)) }
        #expect(tables[1].changes != before && beside.changes == 0)
        var found: [UInt64: UInt64] = [:]
        tables[0].forEach { found[$0] = $1 }
        #expect(found == Dictionary(uniqueKeysWithValues: (1...16).map { (UInt64($0), UInt64($0 * 10)) }))
        #expect(Self.word(beside, 1) == 0)
        // A key of 0 is one like others.
        Self.put(beside, 0, 5)
        #expect(Self.word(beside, 0) == 5)
    }

    @Test func `Memory that is too small is not used`() throws {
        let octets = SharedTable.octets(slots: 64)
        let fd = try #require(SharedTable.makeMemory(octets: octets))
        defer { close(fd) }
        #expect(SharedTable(slots: 1024, sharedIn: fd, at: 0) == nil)
        #expect(SharedTable(slots: 64, sharedIn: fd, at: 4096) == nil)
        #expect(SharedTable(slots: 64, sharedIn: -1, at: 0) == nil)
        #expect(SharedTable(slots: 63) == nil)
    }

    @Test func `The smallest words give way`() throws {
        let table = try #require(SharedTable(slots: 8))
        for key in 1...8 { Self.put(table, UInt64(key), UInt64(100 + key)) }
        Self.put(table, 9, 200)
        #expect(Self.word(table, 9) == 200)
        var keys: Set<UInt64> = []
        table.forEach { key, _ in keys.insert(key) }
        #expect(keys == Set(2...9))
    }

    @Test func `Any octets are a table`() throws {
        let octets = SharedTable.octets(slots: 64)
        for octet: UInt8 in [0x01, 0x5A, 0xFF] {
            let fd = try #require(SharedTable.makeMemory(octets: octets))
            defer { close(fd) }
            let damage = [UInt8](repeating: octet, count: octets)
            let written = unsafe pwrite(fd, damage, damage.count, 0)
            #expect(written == octets)
            let table = try #require(SharedTable(slots: 64, sharedIn: fd, at: 0))
            for key in 1...100 { Self.put(table, UInt64(key), UInt64.max - UInt64(key)) }
            #expect(Self.word(table, 100) == UInt64.max - 100)
        }
    }

    @Test func `No change of many threads gets lost`() async throws {
        let fd = try #require(SharedTable.makeMemory(octets: SharedTable.octets(slots: 64)))
        defer { close(fd) }
        let tables = try (0..<4).map { _ in try #require(SharedTable(slots: 64, sharedIn: fd, at: 0)) }
        await withTaskGroup(of: Void.self) { group in
            for table in tables {
                group.addTask {
                    for turn in 0..<4000 { table.change(UInt64(turn % 4 + 1)) { ($0 + 1, ()) } }
                }
            }
        }
        for key in 1...4 { #expect(Self.word(tables[0], UInt64(key)) == 4000) }
    }
}
