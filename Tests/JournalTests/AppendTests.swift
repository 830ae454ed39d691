// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

import ByteTools
import Glibc
import Journal
import Testing

@Suite("Journal: appending and reading")
struct AppendTests {
    @Test("Records are found again after a reopening, in order, by stream")
    func reopens() async throws {
        let place = TemporaryJournal()
        let journal = try place.open()
        for index in 0..<20 { _ = try await journal.append([note("\(index)", stream: UInt64(index % 2 + 1))]) }
        let evens = (0..<20).filter { $0 % 2 == 0 }.map(String.init)
        #expect(try journal.texts(of: 1) == evens)
        await journal.close()

        let again = try place.open()
        #expect(again.recovery.wasClosed)
        #expect(again.recovery.tornOctets == 0)
        #expect(try again.texts(of: 1) == evens)
        _ = try await again.append([note("20")])
        #expect(try again.texts(of: 1) == evens + ["20"])
        place.dropCheckpoints()
        await again.close()
        place.dropCheckpoints()
        let third = try place.open()
        #expect(try third.texts(of: 1) == evens + ["20"])
        #expect(Set(third.streams) == [1, 2])
        await third.close()
    }

    @Test("Replay begins after a position")
    func replaysFrom() async throws {
        let place = TemporaryJournal()
        let journal = try place.open()
        let first = try await journal.append([note("a"), note("b")])
        _ = try await journal.append([note("c")])
        var count = 0
        try journal.replay(1, after: first[1]) { _ in count += 1 }
        #expect(count == 1)
        try journal.replay(1, after: journal.head(of: 1)) { _ in count += 1 }
        #expect(count == 1)
        await journal.close()
    }

    @Test(
        "Bodies of every size around a chunk come back whole and in ranges",
        arguments: [
            1, 100, 16_383, 16_384, 65_535, 65_536, 65_537, 131_072, 300_001,
        ]
    )
    func bodies(size: Int) async throws {
        let place = TemporaryJournal()
        let journal = try place.open()
        let body = pattern(size)
        let position = try await journal.append([note("m", body: body)])[0]
        let address = try await journal.entry(at: position).body
        #expect(address.length == UInt64(size))
        #expect(try await journal.read(address, 0..<UInt64(size)) == BodyOctets(bytes: body, lost: []))
        for range in [0..<1, size / 2..<size, size - 1..<size, 0..<size / 2] where !range.isEmpty {
            let found = try await journal.read(address, UInt64(range.lowerBound)..<UInt64(range.upperBound))
            #expect(found.bytes == Array(body[range]) && found.lost.isEmpty)
        }
        #expect(try await journal.read(address, 0..<UInt64.max).bytes == body)
        #expect(try await journal.read(address, UInt64(size)..<UInt64.max).bytes.isEmpty)
        await journal.close()
    }

    @Test("A body in a file is copied in pieces")
    func fileBody() async throws {
        let place = TemporaryJournal()
        let journal = try place.open()
        let body = pattern(3_500_000)
        let path = place.directory + "/spill"
        WholeFile.replace(path, with: body)
        let descriptor = unsafe Glibc.open(path, O_RDONLY)
        defer { close(descriptor) }
        let file = BodyFile(descriptor: descriptor, count: UInt64(body.count), owner: place)
        let record = JournalRecord(kind: 16, stream: 1, metadata: [1], body: .file(file))
        let position = try await journal.append([record, note("after")])[0]
        let address = try journal.record(at: position).body
        #expect(try await journal.read(address, 0..<UInt64(body.count)).bytes == body)
        #expect(try journal.texts().last == "after")
        await journal.close()
    }

    @Test("Segments are left when they are full, and all of them are read")
    func rotates() async throws {
        let place = TemporaryJournal()
        var options = JournalOptions()
        options.segmentOctets = 10_000
        let journal = try place.open(options)
        var expected: [String] = []
        for index in 0..<50 {
            expected.append("\(index)")
            _ = try await journal.append([note("\(index)", body: pattern(1000))])
        }
        #expect(try journal.texts() == expected)
        await journal.close()
        let names = try Directories.entries(place.directory).filter { $0.hasSuffix(".log") }
        #expect(names.count > 4)
        let again = try place.open(options)
        #expect(again.recovery.damage.isEmpty)
        #expect(again.recovery.records < 10, "a checkpoint saves reading older segments")
        #expect(try again.texts() == expected)
        await again.close()
    }

    @Test("Appends of many tasks are all kept, each task's in its order")
    func concurrentAppends() async throws {
        let place = TemporaryJournal()
        let journal = try place.open()
        try await withThrowingTaskGroup(of: Void.self) { group in
            for task in 0..<16 {
                group.addTask {
                    for index in 0..<25 {
                        _ = try await journal.append([note("\(index)", stream: UInt64(task), body: pattern(20_000))])
                    }
                }
            }
            try await group.waitForAll()
        }
        for task in 0..<16 { #expect(try journal.texts(of: UInt64(task)) == (0..<25).map(String.init)) }
        await journal.close()
        await #expect(throws: JournalError.closed) { try await journal.append([note("late")]) }
    }
}
