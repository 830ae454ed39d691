// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

import ByteTools
import Glibc
import Journal
import Locking
import Testing

@Suite("Journal: sealing, removing, copying, checking")
struct UpkeepTests {
    @Test("Sealing leaves a segment that has records, and only such a one")
    func seals() async throws {
        let place = TemporaryJournal()
        let journal = try place.open()
        try await journal.seal()
        #expect(journal.sealedSegments.isEmpty && journal.activeSegment == 1)
        _ = try await journal.append([note("a", body: pattern(500))])
        try await journal.seal()
        try await journal.seal()
        #expect(journal.sealedSegments == [SegmentSummary(number: 1, octets: UInt64(place.contents(1).count))])
        #expect(journal.activeSegment == 2)
        #expect(try await journal.append([note("b")])[0].segment == 2)
        await journal.close()
        let again = try place.open()
        #expect(try again.texts() == ["a", "b"])
        try await again.seal()
        #expect(again.sealedSegments.map(\.number) == [1, 2])
        await again.close()
        await #expect(throws: JournalError.closed) { try await again.seal() }
    }

    @Test("A number is not used again after everything before it was removed", arguments: [true, false])
    func numbers(keepsCheckpoints: Bool) async throws {
        let place = TemporaryJournal()
        var expected: UInt32 = 1
        for round in 0..<4 {
            let journal = try place.open()
            #expect(journal.activeSegment == expected)
            _ = try await journal.append([note("\(round)")])
            try await journal.seal()
            for sealed in journal.sealedSegments { try journal.remove(segment: sealed.number) }
            #expect(journal.sealedSegments.isEmpty)
            expected += 1
            #expect(journal.activeSegment == expected)
            #expect(throws: JournalError.system(errno: EBUSY, call: "unlink")) {
                try journal.remove(segment: expected)
            }
            #expect(try journal.texts() == [])
            await journal.close()
            if !keepsCheckpoints { place.dropCheckpoints() }
        }
    }

    @Test("Without a segment in the middle all others are read, and the checkpoint still counts")
    func removesMiddle() async throws {
        let place = TemporaryJournal()
        let journal = try place.open()
        var places: [RecordPosition] = []
        for index in 0..<5 {
            places += try await journal.append([
                note("\(index)", body: pattern(3000)), note("other \(index)", stream: UInt64(index + 10)),
            ])
            try await journal.seal()
        }
        let address = try journal.record(at: places[4]).body
        try journal.remove(segment: 3)
        try journal.remove(segment: 3)
        #expect(try journal.texts() == ["0", "1", "3", "4"])
        await #expect(throws: JournalError.lost(address.record)) { try await journal.read(address, 0..<3000) }
        #expect(throws: JournalError.lost(address.record)) { try journal.record(at: address.record) }
        #expect(journal.head(of: 12) == nil && Set(journal.streams) == [1, 10, 11, 13, 14])
        try journal.remove(segment: 5)
        await journal.close()
        for keepsCheckpoints in [true, false] {
            if !keepsCheckpoints { place.dropCheckpoints() }
            let again = try place.open()
            #expect(again.recovery.damage.isEmpty && again.recovery.wasClosed)
            #expect((again.recovery.records == 0) == keepsCheckpoints)
            #expect(Set(again.streams).isSuperset(of: [10, 11, 13]) && again.head(of: 12) == nil)
            #expect(try again.texts() == ["0", "1", "3"] + (keepsCheckpoints ? [] : ["5"]))
            _ = try await again.append([note("5")])
            #expect(try again.texts().suffix(2) == (keepsCheckpoints ? ["3", "5"] : ["5", "5"]))
            await again.close()
        }
    }

    @Test("A checkpoint whose last record was removed with its segment still saves reading older ones")
    func checkpointOutlivesItsSegment() async throws {
        let place = TemporaryJournal()
        let journal = try place.open()
        for index in 0..<20 { _ = try await journal.append([note("\(index)", stream: UInt64(index))]) }
        try await journal.seal()
        _ = try await journal.append([note("late")])
        try journal.remove(segment: 1)
        // A crash after the removal: the checkpoint was saved when segment 1 was left.
        let copy = place.copy()
        await journal.close()
        let again = try copy.open()
        #expect(again.recovery.records == 4, "what the segment begins with, one record, and what was removed")
        #expect(try again.texts() == ["late"])
        await again.close()
    }

    @Test("What a failed sync left behind does not come back when the segment that voids it is removed")
    func voidedStaysVoid() async throws {
        let place = TemporaryJournal()
        let disk = Disk()
        let journal = try place.open(disk.options)
        _ = try await journal.append([note("a")])
        let end = place.contents(1).count
        _ = try await journal.append([note("b")])
        let withB = place.contents(1)
        await journal.close()
        place.dropCheckpoints()
        place.replace(1, Array(withB[..<end]))
        let second = try place.open(disk.options)
        disk.syncs.withLock { $0 = [EIO] }
        await #expect(throws: JournalError.self) { try await second.append([note("b")]) }
        _ = try await second.append([note("c")])
        try await second.seal()
        // As if the truncation had not reached the disk.
        place.replace(1, withB)
        try second.remove(segment: 2)
        await second.close()
        place.dropCheckpoints()
        let third = try place.open()
        #expect(try third.texts() == ["a"])
        await third.close()
    }

    @Test("Copies are whole, whatever their size", arguments: [1, 65_536, 70_000, 1_048_576, 3_000_001])
    func copies(size: Int) async throws {
        let place = TemporaryJournal()
        let journal = try place.open()
        let body = pattern(size)
        let first = try await journal.append([note("m", body: body)])[0]
        try await journal.seal()
        let address = try journal.record(at: first).body
        let copy = JournalRecord(kind: 20, stream: 1, metadata: [7], body: .copy(of: address))
        let places = try await journal.append([copy, note("after"), copy])
        try journal.remove(segment: 1)
        for position in [places[0], places[2]] {
            let found = try await journal.entry(at: position).body
            #expect(found.length == UInt64(size))
            #expect(try await journal.read(found, 0..<UInt64(size)) == BodyOctets(bytes: body, lost: []))
        }
        await journal.close()
    }

    @Test("A copy of a bad chunk fails, and nothing of its append is in the journal", arguments: [100, 2_500_000])
    func badCopy(size: Int) async throws {
        let place = TemporaryJournal()
        let journal = try place.open()
        let first = try await journal.append([note("m", body: pattern(size))])[0]
        let address = try journal.record(at: first).body
        try await journal.seal()
        var bytes = place.contents(1)
        for offset in 50..<60 { bytes[bytes.count - offset] ^= 0x5A }
        place.overwrite(1, bytes)
        let copy = JournalRecord(kind: 20, stream: 1, metadata: [7], body: .copy(of: address))
        await #expect(throws: JournalError.lost(first)) { try await journal.append([note("with it"), copy]) }
        _ = try await journal.append([note("next")])
        #expect(try journal.texts() == ["m", "next"])
        await journal.close()
        place.dropCheckpoints()
        let again = try place.open()
        #expect(try again.texts() == ["m", "next"] && again.recovery.damage.isEmpty)
        await again.close()
    }

    @Test("Checking names what is intact, what is lost of a record, and what is none")
    func verifies() async throws {
        let place = TemporaryJournal()
        let journal = try place.open()
        var places: [RecordPosition] = []
        for index in 0..<4 {
            places += try await journal.append([note("note \(index)", body: pattern(3 << 20, seed: UInt8(index)))])
        }
        try await journal.seal()
        var octets = 0
        let whole = try journal.items(of: 1) { octets += $0 }
        #expect(whole.count == 4 && octets >= 12 << 20)
        #expect(whole.allSatisfy { if case .intact = $0 { true } else { false } })
        var bytes = place.contents(1)
        let damaged = [
            Int(places[0].offset) + 80, Int(places[1].offset) + 30,
            Int(places[2].offset) + 80 + 6 + 16 * 65_544 - 100, Int(places[2].offset) + 80 + 6 + 16 * 65_544 + 100,
        ]
        for offset in damaged { for next in 0..<5 { bytes[offset + next] ^= 0xA5 } }
        place.overwrite(1, bytes)
        await journal.indexed()
        let known = try journal.items(of: 1)
        guard known.count == 4, case .mended(let entry, let parts) = known[0], case .mended(_, let header) = known[1],
            case .lost = known[2], case .intact = known[3]
        else {
            Issue.record("\(known.map { "\($0)".prefix(60) })")
            return
        }
        #expect(entry.metadata == Array("note 0".utf8) && parts.metadata && !parts.header && parts.body.isEmpty)
        #expect(header.header && header.body.isEmpty)

        unsafe unlink(place.index(1))
        let found = try journal.items(of: 1)
        guard found.count == 4, case .lost(let first) = found[0], case .unreadable(let second) = found[1],
            case .lost(let third) = found[2], case .intact(let fourth) = found[3]
        else {
            Issue.record("\(found.map { "\($0)".prefix(60) })")
            return
        }
        #expect(first.isMetadataLost && first.body.isEmpty && first.stream == 1 && first.position == places[0])
        #expect(second == places[1].offset..<places[2].offset)
        #expect(third.metadata == Array("note 2".utf8) && third.body == [15 * 65_536..<17 * 65_536])
        #expect(fourth.position == places[3])
        #expect(try journal.items(of: 2).count == 2, "its seal, and which segments were removed")
        #expect(throws: JournalError.lost(RecordPosition(segment: 9, offset: 0))) { try journal.items(of: 9) }
        await journal.close()
    }
}
