// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

import ByteTools
import Glibc
import Journal
import Locking
import Testing

@Suite("Journal: segments that were removed, and those that are gone")
struct RemovedSegmentTests {
    private static let options: JournalOptions = {
        var options = JournalOptions()
        options.segmentOctets = 1024
        return options
    }()

    /// Records "0" to "39" in several segments, and where they are; killed, and with all sidecars.
    private func filled(removing removed: [UInt32] = []) async throws -> (TemporaryJournal, [RecordPosition]) {
        let place = TemporaryJournal()
        let journal = try place.open(Self.options)
        var positions: [RecordPosition] = []
        for index in 0..<40 { positions += try await journal.append([note("\(index)", body: pattern(100))]) }
        for number in removed { try journal.remove(segment: number) }
        await journal.indexed()
        let copy = place.copy()
        await journal.close()
        #expect(positions.last?.segment ?? 0 > 6)
        return (copy, positions)
    }

    @Test("The file of a segment is gone: what was in it is lost, at every start, and nothing else")
    func gone() async throws {
        let (place, positions) = try await filled()
        for lacking in 0..<4 {
            let copy = place.copy()
            let size = UInt64(copy.contents(3).count)
            copy.remove(3)
            if lacking & 1 != 0 { copy.dropCheckpoints() }
            if lacking & 2 != 0 { copy.remove(index: 3) }
            let expected = positions.enumerated().compactMap { index, position in
                position.segment != 3 || lacking & 2 == 0 ? "\(index)" : nil
            }
            for round in 0..<3 {
                let journal = try copy.open(Self.options)
                #expect(try journal.texts() == expected, "lacking \(lacking), round \(round)")
                #expect(journal.segmentNumbers == Array(1...(positions.last?.segment ?? 0)))
                if round == 0 {
                    #expect(
                        journal.recovery.damage == [JournalRecovery.Damage(segment: 3, octets: 0..<size)],
                        "lacking \(lacking)"
                    )
                }
                for position in positions where position.segment == 3 && lacking & 2 != 0 {
                    #expect(journal.trace(of: 1, at: position) == .lost)
                }
                if round == 1 { await journal.close() }
            }
        }
    }

    @Test("A segment that is gone would have told where the one before ended, which may have had as much as has room")
    func unknownEnd() async throws {
        let (place, _) = try await filled()
        place.remove(4)
        for number in [3, 4] as [UInt32] { place.remove(index: number) }
        place.replace(3, Array(place.contents(3).prefix(300)))
        for round in 0..<2 {
            let journal = try place.open(Self.options)
            let damage = journal.recovery.damage.first { $0.segment == 4 }
            #expect(round > 0 || damage?.following ?? 0 > 1 << 20)
            await journal.close()
        }
    }

    @Test("What was removed is no loss, with and without checkpoints; what is gone beside it is")
    func removed() async throws {
        let (place, _) = try await filled(removing: [1, 2, 4])
        for lacking in 0..<4 {
            let copy = place.copy()
            if lacking & 1 != 0 { copy.dropCheckpoints() }
            if lacking & 2 != 0 { copy.remove(5) }
            for _ in 0..<2 {
                let journal = try copy.open(Self.options)
                #expect(journal.segmentNumbers.prefix(3) == [3, 5, 6])
                if lacking & 2 == 0 { #expect(journal.recovery.damage.isEmpty) }
                await journal.close()
            }
        }
    }

    @Test("What a segment that is gone said of removed ones, the one after it says, too")
    func goneWithTheRecord() async throws {
        let place = TemporaryJournal()
        let journal = try place.open(Self.options)
        for index in 0..<20 { _ = try await journal.append([note("\(index)", body: pattern(100))]) }
        try journal.remove(segment: 1)
        let active = journal.activeSegment
        for index in 0..<20 { _ = try await journal.append([note("\(index)", body: pattern(100))]) }
        #expect(journal.activeSegment > active)
        let copy = place.copy()
        await journal.close()
        copy.remove(active)
        copy.dropCheckpoints()
        let again = try copy.open(Self.options)
        #expect(again.recovery.damage.map(\.segment) == [active])
        #expect(again.segmentNumbers.first == 2)
        await again.close()
    }

    @Test("The last segments are gone: a checkpoint tells of the last, and that one of those before")
    func goneAtTheEnd() async throws {
        let (place, positions) = try await filled()
        let journal = try place.open(Self.options)
        await journal.close()
        let last = try #require(positions.last?.segment)
        for number in [last - 1, last] { place.remove(number) }
        let again = try place.open(Self.options)
        #expect(Set(again.recovery.damage.map(\.segment)) == [last - 1, last])
        #expect(again.segmentNumbers.suffix(2) == [last - 1, last])
        _ = try await again.append([note("next")])
        #expect(again.activeSegment == last + 1)
        await again.close()
    }

    @Test("What says which were removed is damaged: the record, or the file beside it, does")
    func damagedRecord() async throws {
        let place = TemporaryJournal()
        let journal = try place.open()
        for index in 0..<3 {
            _ = try await journal.append([note("\(index)")])
            try await journal.seal()
        }
        for number in [1, 2] as [UInt32] { try journal.remove(segment: number) }
        _ = try await journal.append([note("last")])
        let killed = place.copy()
        await journal.close()
        for lacking in 0..<4 {
            let copy = killed.copy()
            if lacking & 1 != 0 {
                // All records in the last segment that name any.
                var octets = copy.contents(4)
                for start in octets.indices.dropLast(80)
                where octets[start..<(start + 6)] == [77, 82, 74, 49, 1, 4]
                    && octets[start + 28] > 0
                {
                    octets[start + 84] ^= 0x55
                    octets[start + 85] ^= 0x55
                }
                copy.replace(4, octets)
            }
            if lacking & 2 != 0 { unsafe unlink("\(copy.directory)/removed") }
            let again = try copy.open()
            #expect(again.segmentNumbers == (lacking == 3 ? [1, 2, 3, 4] : [3, 4]), "\(lacking)")
            #expect(again.recovery.damage.isEmpty == (lacking != 3), "\(lacking)")
            await again.close()
        }
    }

    @Test("A journal of an earlier release: what is not there was removed; what goes from then on is lost")
    func earlierRelease() async throws {
        let (place, _) = try await filled()
        for number in 1...9 as ClosedRange<UInt32> {
            var octets = place.contents(number)
            for start in octets.indices.dropLast(80) where octets[start..<(start + 6)] == [77, 82, 74, 49, 1, 4] {
                octets[start + 4] = 0xF0
            }
            if !octets.isEmpty { place.replace(number, octets) }
            place.remove(index: number)
        }
        place.dropCheckpoints()
        unsafe unlink("\(place.directory)/removed")
        place.remove(1)
        let first = try place.open(Self.options)
        #expect(first.segmentNumbers.first == 2)
        await first.close()
        place.remove(2)
        place.dropCheckpoints()
        let second = try place.open(Self.options)
        #expect(second.segmentNumbers.first == 2 && second.recovery.damage.contains { $0.segment == 2 })
        await second.close()
    }

    @Test("On a full disk the file has its room already; where even that cannot be written, the segment stays")
    func full() async throws {
        let place = TemporaryJournal()
        let disk = Disk()
        var options = disk.options
        options.segmentOctets = 1024
        let journal = try place.open(options)
        for index in 0..<20 { _ = try await journal.append([note("\(index)", body: pattern(100))]) }
        let full = Result<Int, FaultErrno>.failure(FaultErrno(ENOSPC))
        // The writer tries twice.
        disk.writes.withLock { $0 = [full, full] }
        try journal.remove(segment: 1)
        #expect(journal.segmentNumbers.first == 2)
        disk.writes.withLock { $0 = [full, full] }
        let file = "\(place.directory)/removed"
        let octets = WholeFile.contents(file)
        #expect(octets?.count == 4096)
        unsafe unlink(file)
        unsafe mkdir(file, 0o700)
        #expect(throws: JournalError.full(errno: ENOSPC)) { try journal.remove(segment: 2) }
        #expect(journal.segmentNumbers.first == 2)
        unsafe rmdir(file)
        _ = try await journal.append([note("next")])
        try journal.remove(segment: 2)
        let copy = place.copy()
        await journal.close()
        let again = try copy.open(options)
        #expect(again.recovery.damage.isEmpty && again.segmentNumbers.first == 3)
        await again.close()
    }

    @Test("What the file alone tells, the next commit with room tells, too: of the same process, and of the next start")
    func owedRecord() async throws {
        for isKilled in [false, true] {
            let place = TemporaryJournal()
            let disk = Disk()
            var options = disk.options
            options.segmentOctets = 4096
            var journal = try place.open(options)
            for index in 0..<45 { _ = try await journal.append([note("\(index)", body: pattern(100))]) }
            let (active, full) = (journal.activeSegment, Result<Int, FaultErrno>.failure(FaultErrno(ENOSPC)))
            disk.writes.withLock { $0 = [full, full] }
            try journal.remove(segment: 1)
            let untold = place.copy()
            unsafe unlink("\(untold.directory)/removed")
            untold.dropCheckpoints()
            let mistaken = try untold.open(options)
            #expect(mistaken.recovery.damage.map(\.segment) == [1])
            await mistaken.close()
            if isKilled {
                await journal.close(inOrder: false)
                journal = try place.open(options)
            }
            _ = try await journal.append([note("next")])
            #expect(journal.activeSegment == active)
            let told = place.copy()
            unsafe unlink("\(told.directory)/removed")
            await journal.close()
            let again = try told.open(options)
            #expect(again.recovery.damage.isEmpty && again.segmentNumbers.first == 2, "killed: \(isKilled)")
            await again.close()
        }
    }

    @Test("A file that tells nothing is written again, by what the record tells")
    func renewedFile() async throws {
        let (place, _) = try await filled(removing: [1, 2, 4])
        let file = "\(place.directory)/removed"
        let whole = WholeFile.contents(file)
        for damage in [[], [UInt8](repeating: 0, count: 4096)] as [[UInt8]] {
            WholeFile.replace(file, with: damage)
            let journal = try place.open(Self.options)
            #expect(journal.recovery.damage.isEmpty && WholeFile.contents(file) == whole)
            await journal.close()
        }
    }

    @Test("A copy of the segments has no loss with the file that is made for it")
    func fileForCopy() async throws {
        let place = TemporaryJournal()
        let disk = Disk()
        var options = disk.options
        options.segmentOctets = 1024
        let journal = try place.open(options)
        for index in 0..<20 { _ = try await journal.append([note("\(index)", body: pattern(100))]) }
        let full = Result<Int, FaultErrno>.failure(FaultErrno(ENOSPC))
        disk.writes.withLock { $0 = [full, full] }
        try journal.remove(segment: 2)
        let copy = place.copy()
        copy.dropCheckpoints()
        let made = journal.removedFile
        WholeFile.replace("\(copy.directory)/\(made.name)", with: made.octets)
        await journal.close()
        let again = try copy.open(options)
        #expect(again.recovery.damage.isEmpty && again.segmentNumbers.prefix(2) == [1, 3])
        await again.close()
    }

    @Test("A file under a number far ahead makes no others; a thousand are made again at most")
    func farAhead() async throws {
        for ahead in [4_000_000, 50_000] as [UInt32] {
            let (place, positions) = try await filled()
            WholeFile.replace(place.segment(ahead), with: [])
            let journal = try place.open(Self.options)
            let last = try #require(positions.last?.segment)
            #expect(journal.segmentNumbers.count == Int(last) + 1 + (ahead > 1 << 20 ? 0 : 1024))
            #expect(try journal.texts().count == 40)
            await journal.close()
        }
    }

    @Test("Any octets say which segments were removed")
    func decoding() {
        #expect(JournalParsers.removedSegments([]) == 0)
        var writer = ByteWriter()
        for number in [1, 3, 5, 4, 7, 7, 9] as [UInt32] { writer.integer(number) }
        // 5 to 4 is no range, and the last is half of one.
        #expect(JournalParsers.removedSegments(writer.bytes) == 2)
        #expect(JournalParsers.removedSegments([UInt8](repeating: 0xFF, count: 64)) == 1)
    }
}
