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

    @Test("Two failed syncs in a row leave two segments")
    func failedSyncs() async throws {
        let place = TemporaryJournal()
        let disk = Disk()
        let journal = try place.open(disk.options)
        _ = try await journal.append([note("a")])
        disk.syncs.withLock { $0 = [EIO, EIO] }
        for text in ["b", "c"] {
            await #expect(throws: JournalError.self) { try await journal.append([note(text)]) }
        }
        _ = try await journal.append([note("d")])
        #expect(try journal.texts() == ["a", "d"])
        await journal.close()
        place.dropCheckpoints()
        let again = try place.open()
        #expect(try again.texts() == ["a", "d"])
        await again.close()
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
