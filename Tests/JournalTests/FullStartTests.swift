// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

import Glibc
import Journal
import Locking
import Testing

@Suite("Journal: a start that finds its end lost and has no room to say so")
struct FullStartTests {
    /// A journal of two segments that was closed in order, and has lost the end of the last one.
    private func lost() async throws -> TemporaryJournal {
        let place = TemporaryJournal()
        var options = JournalOptions()
        options.segmentOctets = 2000
        let journal = try place.open(options)
        for index in 0..<9 { _ = try await journal.append([note("\(index)", body: pattern(300))]) }
        await journal.close()
        place.replace(2, Array(place.contents(2).dropLast(500)))
        return place
    }

    @Test(
        "Later starts find as much to be lost, in a segment that can be made as long as it was or not",
        arguments: [(true, true), (true, false), (false, true), (false, false)],
        [ENOSPC, EIO]
    )
    func found(_ possible: (lengthening: Bool, beginningAnother: Bool), reason: Int32) async throws {
        let place = try await lost()
        let disk = Disk()
        var options = disk.options
        options.faults?.lengthen = { possible.lengthening ? 0 : EFBIG }
        let isFull = Lock(true)
        options.faults?.create = { isFull.withLock { $0 } && !possible.beginningAnother ? reason : 0 }
        var first: [JournalRecovery.Damage] = []
        for round in 0..<4 {
            disk.writes.withLock { $0 = [.failure(FaultErrno(reason)), .failure(FaultErrno(reason))] }
            let journal = try place.open(options)
            let damage = journal.recovery.damage
            #expect(damage.count == 1 && damage[0].following > 0, "start \(round)")
            if round == 0 { first = damage }
            #expect(damage.map(\.following) == first.map(\.following), "start \(round)")
            #expect(damage.map(\.octets) == first.map(\.octets), "start \(round)")
            #expect(journal.recovery.doubtful.isEmpty, "start \(round)")
            // A copy has what the file has.
            #expect(try journal.durableOctets(of: 2) == UInt64(place.contents(2).count), "start \(round)")
            for _ in 0..<3 {
                await #expect(throws: JournalError.self) { try await journal.append([note("refused")]) }
                guard !possible.beginningAnother else { break }
            }
            await journal.close(inOrder: false)
        }
        disk.writes.withLock { $0 = [] }
        isFull.withLock { $0 = false }
        let journal = try place.open(options)
        #expect(journal.recovery.damage.map(\.following) == first.map(\.following))
        _ = try await journal.append([note("written")])
        // What could not be made used no number up.
        #expect(possible.beginningAnother || journal.segmentNumbers == [1, 2, 3])
        await journal.close()
        let last = try place.open(options)
        // A start that wrote something has had the chance to say so.
        #expect(last.recovery.damage.allSatisfy { $0.following == 0 } && last.recovery.wasClosed)
        #expect(try last.texts().last == "written")
        await last.close()
    }

    @Test(
        "A record that is cut is lost as a whole at each start, also where only its place is known",
        arguments: [true, false]
    )
    func onlyPlaceKnown(beginsAnother: Bool) async throws {
        let cut = try await lost()
        cut.dropCheckpoints()
        let known = RecordPosition(segment: 2, offset: 561)
        let disk = Disk()
        var options = disk.options
        options.faults?.create = { beginsAnother ? 0 : ENOSPC }
        for round in 0..<3 {
            disk.writes.withLock { $0 = [.failure(FaultErrno(ENOSPC)), .failure(FaultErrno(ENOSPC))] }
            let journal = try Journal.open(
                cut.directory,
                identity: cut.identity,
                options: options,
                witness: { _ in [known] }
            )
            #expect(journal.recovery.damage.map(\.octets) == [561..<950], "start \(round)")
            #expect(journal.recovery.doubtful.isEmpty, "start \(round)")
            await #expect(throws: JournalError.self) { try await journal.append([note("refused")]) }
            await journal.close(inOrder: false)
        }
    }

    @Test("A journal that is not closed in order makes no checkpoint and no mark")
    func notInOrder() async throws {
        let place = TemporaryJournal()
        let journal = try place.open()
        _ = try await journal.append([note("first")])
        await journal.close(inOrder: false)
        #expect((try? Directories.entries(place.directory))?.contains("heads.a") == false)
        let again = try place.open()
        #expect(!again.recovery.wasClosed)
        #expect(try again.texts() == ["first"])
        await again.close()
        #expect(try place.open().recovery.wasClosed)
    }
}
