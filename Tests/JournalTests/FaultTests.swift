// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

import ByteTools
import Glibc
import Journal
import Locking
import Testing

@Suite("Journal: failing disks")
struct FaultTests {
    @Test("A full disk fails the append, keeps what was there, and is forgotten when there is room")
    func full() async throws {
        let place = TemporaryJournal()
        let disk = Disk()
        let journal = try place.open(disk.options)
        _ = try await journal.append([note("a")])
        let size = place.contents(1).count
        disk.writes.withLock { $0 = [.success(30), .failure(FaultErrno(ENOSPC))] }
        await #expect(throws: JournalError.full(errno: ENOSPC)) {
            try await journal.append([note("b", body: pattern(100_000))])
        }
        #expect(place.contents(1).count == size)
        _ = try await journal.append([note("c")])
        #expect(try journal.texts() == ["a", "c"])
        await journal.close()
        place.dropCheckpoints()
        let again = try place.open()
        #expect(try again.texts() == ["a", "c"])
        #expect(again.recovery.damage.isEmpty)
        await again.close()
    }

    @Test("Short writes are continued", arguments: [1, 7, 79, 80, 81, 5000, 65_536])
    func shortWrites(octets: Int) async throws {
        let place = TemporaryJournal()
        let disk = Disk()
        let journal = try place.open(disk.options)
        disk.writes.withLock { $0 = Array(repeating: .success(octets), count: 40) }
        let body = pattern(150_000)
        let position = try await journal.append([note("a"), note("b", body: body), note("c")])[1]
        #expect(try journal.texts() == ["a", "b", "c"])
        let address = try journal.record(at: position).body
        #expect(try await journal.read(address, 0..<150_000) == BodyOctets(bytes: body, lost: []))
        await journal.close()
    }

    @Test("After a failed sync the segment is left and its commit is void, now and after a reopening")
    func failedSync() async throws {
        let place = TemporaryJournal()
        let disk = Disk()
        let journal = try place.open(disk.options)
        _ = try await journal.append([note("a")])
        disk.syncs.withLock { $0 = [EIO] }
        await #expect(throws: JournalError.system(errno: EIO, call: "fdatasync")) {
            try await journal.append([note("b")])
        }
        let position = try await journal.append([note("c")])[0]
        #expect(position.segment == 2)
        #expect(try journal.texts() == ["a", "c"])
        await journal.close()
        place.dropCheckpoints()
        // As if the truncation had not reached the disk: what lies beyond the end that segment 2 names is no record.
        let first = place.contents(1)
        place.replace(1, first + first)
        let again = try place.open()
        #expect(try again.texts() == ["a", "c"])
        #expect(again.recovery.damage.isEmpty)
        await again.close()
    }

    @Test("However many syncs fail in a row, one segment is left, and a start finds nothing lost")
    func failedSyncs() async throws {
        let place = TemporaryJournal()
        let disk = Disk()
        let journal = try place.open(disk.options)
        _ = try await journal.append([note("a")])
        disk.syncs.withLock { $0 = Array(repeating: EIO, count: 9) }
        for index in 0..<9 {
            await #expect(throws: JournalError.self) { try await journal.append([note("\(index)")]) }
        }
        let position = try await journal.append([note("b")])[0]
        #expect(position.segment == 2, "what was emptied is used again")
        #expect(try journal.texts() == ["a", "b"])
        await journal.close()
        for dropsCheckpoints in [false, true] {
            if dropsCheckpoints { place.dropCheckpoints() }
            let again = try place.open()
            #expect(try again.texts() == ["a", "b"])
            #expect(again.recovery.damage.isEmpty)
            await again.close()
        }
    }

    @Test("Segments at the end to which nothing was ever written are not lost", arguments: [false, true])
    func leftUnused(dropsCheckpoints: Bool) async throws {
        let place = TemporaryJournal()
        var options = JournalOptions()
        options.segmentOctets = 1
        let journal = try place.open(options)
        for text in ["a", "b"] { _ = try await journal.append([note(text)]) }
        await journal.close()
        let next = journal.activeSegment + 1
        // As where a failed commit could not be cut off, and the next one failed, too.
        place.replace(next, [])
        place.replace(next + 1, [])
        if dropsCheckpoints { place.dropCheckpoints() }
        for text in ["c", "d"] {
            let again = try place.open()
            #expect(again.recovery.damage.isEmpty)
            #expect(try await again.append([note(text)])[0].segment == next + 1)
            await again.close()
        }
        let last = try place.open()
        #expect(try last.texts() == ["a", "b", "c", "d"])
        #expect(last.recovery.damage.isEmpty)
        await last.close()
    }

    @Test("Without the room to be kept free, bodies are refused and small records go on")
    func reservedRoom() async throws {
        let place = TemporaryJournal()
        var options = JournalOptions()
        options.reservedOctets = 1 << 60
        let journal = try place.open(options)
        await #expect(throws: JournalError.full(errno: ENOSPC)) { try await journal.append([note("a", body: [1])]) }
        _ = try await journal.append([note("expunge")])
        #expect(try journal.texts() == ["expunge"])
        await journal.close()
    }

    @Test("Metadata and bodies beyond their bounds are refused before anything is written")
    func bounds() async throws {
        let place = TemporaryJournal()
        var options = JournalOptions()
        options.maximumMetadataOctets = 10
        options.maximumBodyOctets = 10
        let journal = try place.open(options)
        await #expect(throws: JournalError.tooLarge) { try await journal.append([note("longer than ten")]) }
        await #expect(throws: JournalError.tooLarge) { try await journal.append([note("a", body: pattern(11))]) }
        await journal.close()
    }
}
