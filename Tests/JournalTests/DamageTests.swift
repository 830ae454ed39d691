// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

import ByteTools
import Glibc
import Journal
import Testing

@Suite("Journal: torn tails and damage")
struct DamageTests {
    /// Four records with bodies; the file's octets and where each record ends.
    ///
    /// Not closed in order.
    private func sample() async throws -> (place: TemporaryJournal, bytes: [UInt8], ends: [Int]) {
        let place = TemporaryJournal()
        let journal = try place.open()
        var ends: [Int] = []
        for index in 0..<4 {
            _ = try await journal.append([note("\(index)", body: pattern(200, seed: UInt8(index)))])
            ends.append(place.contents(1).count)
        }
        let bytes = place.contents(1)
        await journal.close()
        place.dropCheckpoints()
        return (place, bytes, ends)
    }

    @Test("A journal cut at any octet keeps every whole record and goes on")
    func truncations() async throws {
        let (place, bytes, ends) = try await sample()
        for length in 0...bytes.count {
            place.replace(1, Array(bytes[..<length]))
            let journal = try place.open()
            let whole = ends.filter { $0 <= length }.count
            #expect(try journal.texts() == (0..<whole).map(String.init), "cut at \(length)")
            #expect(journal.recovery.damage.isEmpty)
            #expect(journal.recovery.doubtful.isEmpty)
            #expect(Int(journal.recovery.tornOctets) == length - (whole == 0 ? 0 : ends[whole - 1]))
            if length % 50 == 0 {
                _ = try await journal.append([note("next")])
                #expect(try journal.texts().last == "next")
            }
            await journal.close()
            place.dropCheckpoints()
        }
    }

    @Test("A flipped bit is put right in headers, metadata and frames, and harms one chunk of a body otherwise")
    func flips() async throws {
        let (place, bytes, ends) = try await sample()
        for offset in bytes.indices {
            var damaged = bytes
            damaged[offset] ^= 1 << UInt8(offset % 8)
            place.replace(1, damaged)
            let hit = ends.filter { $0 <= offset }.count
            let start = hit == 0 ? 0 : ends[hit - 1]
            let journal = try place.open()
            #expect(try journal.texts() == ["0", "1", "2", "3"], "octet \(offset)")
            let position = RecordPosition(segment: 1, offset: UInt64(start))
            #expect(journal.recovery.mended == (offset - start < 80 ? [position] : []))
            #expect(journal.recovery.damage.isEmpty)
            try expectBodies(journal, hit: hit, offset - start)
            await journal.close()
            place.dropCheckpoints()
        }
    }

    private func expectBodies(_ journal: Journal, hit: Int, _ offset: Int) throws {
        var entries: [JournalEntry] = []
        try journal.replay(1, after: nil) { if case .record(let entry) = $0 { entries.append(entry) } }
        for (index, entry) in entries.enumerated() {
            #expect(entry.isMended == (index == hit && offset < 81))
            let octets = try journal.readBlocking(entry.body, 0..<200)
            #expect(octets.lost == (index == hit && offset >= 89 ? [0..<200] : []))
            #expect(octets.mended == (index == hit && (81..<89).contains(offset) ? [0..<200] : []))
            let mended = try journal.readBlocking(entry.body, 0..<200, mending: true)
            #expect(mended.lost.isEmpty && mended.bytes == pattern(200, seed: UInt8(index)))
            #expect(mended.mended == (index == hit && offset >= 81 ? [0..<200] : []))
        }
        #expect(journal.recovery.doubtful == (hit == 3 && offset >= 89 ? [entries[3].position] : []))
    }

    @Test("Two octets that were overwritten harm the records they are in and no others")
    func pairs() async throws {
        let (place, bytes, ends) = try await sample()
        for offset in stride(from: 0, to: bytes.count - 1, by: 3) {
            var damaged = bytes
            damaged[offset] ^= 0x5A
            damaged[offset + 1] ^= 0xA5
            place.replace(1, damaged)
            let hit = [offset, offset + 1].map { octet in ends.filter { $0 <= octet }.count }
            let start = hit[0] == 0 ? 0 : ends[hit[0] - 1]
            let journal = try place.open()
            let texts = try journal.texts()
            let others = (0..<4).filter { !hit.contains($0) }.map(String.init)
            #expect(texts.filter { others.contains($0) } == others, "octet \(offset)")
            if offset - start < 79 { #expect(texts == others) }
            for case .intact(let entry) in try journal.items(of: 1) where entry.kind >= 16 {
                #expect(others.contains(String(decoding: entry.metadata, as: UTF8.self)))
            }
            await journal.close()
            place.dropCheckpoints()
        }
    }

    @Test("A lost chunk is named; the chunks around it are whole")
    func lostChunk() async throws {
        let place = TemporaryJournal()
        let journal = try place.open()
        let body = pattern(200_000)
        let position = try await journal.append([note("m", body: body)])[0]
        let address = try journal.record(at: position).body
        var bytes = place.contents(1)
        bytes[Int(address.record.offset) + Int(address.preamble) + 65_544 + 100] ^= 0x10
        place.replace(1, bytes)
        await journal.close()
        let again = try place.open()
        let octets = try await again.read(address, 0..<200_000)
        #expect(octets.lost == [65_536..<131_072])
        #expect(octets.bytes[..<65_536] == body[..<65_536])
        #expect(octets.bytes[131_072...] == body[131_072...])
        let part = try await again.read(address, 60_000..<70_000)
        #expect(part.lost == [65_536..<70_000])
        #expect(try await again.read(address, 0..<65_536).lost.isEmpty)
        await again.close()
    }

    @Test("Random overwriting never stops a journal from opening, replaying and appending")
    func randomDamage() async throws {
        let place = TemporaryJournal()
        var options = JournalOptions()
        options.segmentOctets = 5000
        let journal = try place.open(options)
        for index in 0..<30 {
            _ = try await journal.append([note("\(index)", stream: UInt64(index % 3), body: pattern(400))])
        }
        await journal.close()
        let originals = (1...3).map { place.contents(UInt32($0)) }
        var random = SystemRandomNumberGenerator()
        for round in 0..<200 {
            for (index, original) in originals.enumerated() {
                var damaged = original
                for _ in 0..<Int.random(in: 1...4, using: &random) {
                    let start = Int.random(in: 0..<damaged.count, using: &random)
                    let end = min(damaged.count, start + Int.random(in: 1...600, using: &random))
                    for place in start..<end {
                        damaged[place] = round % 2 == 0 ? 0 : UInt8.random(in: 0...255, using: &random)
                    }
                }
                place.replace(UInt32(index + 1), damaged)
            }
            if round % 3 == 0 { place.dropCheckpoints() }
            let journal = try place.open(options)
            for stream in 0..<3 { _ = try journal.texts(of: UInt64(stream)) }
            try journal.replayAll(after: nil) { _ in }
            _ = try await journal.append([note("alive", stream: 0)])
            #expect(try journal.texts(of: 0).last == "alive")
            await journal.close()
        }
    }

    @Test("A journal mailed to itself is not taken for records")
    func nestedJournal() async throws {
        let place = TemporaryJournal()
        let journal = try place.open()
        _ = try await journal.append([note("inner", body: pattern(300))])
        let copy = place.contents(1)
        _ = try await journal.append([note("carrier", body: copy + copy)])
        let end = place.contents(1).count
        _ = try await journal.append([note("last")])
        await journal.close()
        place.dropCheckpoints()
        var bytes = place.contents(1)
        bytes[copy.count + 20] ^= 0xFF
        place.replace(1, bytes)
        let again = try place.open()
        #expect(try again.texts() == ["inner", "last"])
        #expect(again.recovery.damage == [JournalRecovery.Damage(segment: 1, octets: UInt64(copy.count)..<UInt64(end))])
        await again.close()
    }

    @Test("Records of another store are neither read nor cut off")
    func otherIdentity() async throws {
        let place = TemporaryJournal()
        let journal = try place.open()
        _ = try await journal.append([note("a")])
        await journal.close()
        place.dropCheckpoints()
        let before = place.contents(1)
        #expect(throws: JournalError.foreign) {
            try Journal.open(place.directory, identity: JournalIdentity(high: 9, low: 9))
        }
        #expect(place.contents(1) == before)
    }
}
