// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

import ByteTools
import Journal
import JournalStore
import MailStore
import Testing

@Suite("The store: what a later release has written")
struct LaterReleaseTests {
    /// A closed store with a message.
    private func closed() async throws -> (StoreHarness, KilledStore) {
        let harness = try await StoreHarness(.journal)
        _ = try await harness.account().put(pattern(40))
        await harness.close()
        return (harness, KilledStore(harness.directory))
    }

    private func format(_ fields: String) -> [UInt8] {
        let sum = CRC32C.of(Array(fields.utf8))
        let octets = (0..<4).map { UInt8(truncatingIfNeeded: sum >> ($0 * 8)) }
        return Array("\(fields)sum \(Hex.encode(octets))\n".utf8)
    }

    @Test(
        "A FORMAT of a later version is refused, and nothing is changed",
        arguments: [2, 9],
        ["", "engine cluster\n"]
    )
    func format(version: Int, further: String) async throws {
        let (harness, state) = try await closed()
        let fields = String(decoding: try #require(state.files["FORMAT"]), as: UTF8.self).split(separator: "\n")
        // The sum is made as this release does, so that it is the version that is refused.
        let known = "\(fields[0])\n\(fields[1])\n\(fields[2])\n"
        try #require(format(known) == state.files["FORMAT"])
        var later = state
        later.files["FORMAT"] = format("martlet-store \(version)\n\(fields[1])\n\(fields[2])\n\(further)")
        later.files["tmp/staged"] = [1]
        later.restore(to: harness.directory)
        let error = await #expect(throws: MailStoreError.self) { try await harness.open() }
        #expect(error?.detail == "a later release has written it (version \(version))")
        #expect(KilledStore(harness.directory).files == later.files)
        #expect(harness.events.count(of: 9255) == 0)
    }

    @Test("A FORMAT that is damaged is none of a later release")
    func damaged() async throws {
        let (harness, state) = try await closed()
        var damaged = state
        // A 1 that became a 3.
        damaged.files["FORMAT"]?[14] ^= 2
        try #require(damaged.files["FORMAT"]?.prefix(16) == Array("martlet-store 3\n".utf8)[...])
        damaged.restore(to: harness.directory)
        try await harness.open()
        #expect(harness.events.count(of: 9255) == 1)
        #expect(try await harness.account().uids() == [1])
        await harness.close()
        #expect(KilledStore(harness.directory).files["FORMAT"] == state.files["FORMAT"])
    }

    @Test("A record of a later version is refused, and no octet is cut off")
    func record() async throws {
        let harness = try await StoreHarness(.journal)
        let account = try await harness.account()
        for index in 0..<3 { try await account.put(pattern(40, seed: UInt8(index))) }
        // As a kill leaves it: the last record is the message.
        var state = KilledStore(harness.directory)
        await harness.close()
        let path = "shard-00/segment-0000000001.log"
        var bytes = try #require(state.files[path])
        let header = try #require((0..<(bytes.count - 80)).last { Array(bytes[$0..<($0 + 4)]) == Array("MRJ1".utf8) })
        bytes[header + 4] = 2
        let sum = CRC32C.of(Array(bytes[header..<(header + 76)]))
        for place in 0..<4 { bytes[header + 76 + place] = UInt8(truncatingIfNeeded: sum >> (place * 8)) }
        state.files[path] = bytes
        state.restore(to: harness.directory)
        let error = await #expect(throws: MailStoreError.self) { try await harness.open() }
        #expect(error?.detail == "a later release has written it (version 2)")
        #expect(KilledStore(harness.directory).files[path] == bytes)
    }
}
