// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

import Journal
import Testing

@Suite("Checkpoints: where recovery begins to read")
struct CheckpointTests {
    @Test("A segment that was left is written again when the process ended before the next; nothing of that is lost")
    func leftAndWrittenAgain() async throws {
        var options = JournalOptions()
        options.segmentOctets = 300
        let first = TemporaryJournal()
        let journal = try first.open(options)
        // The last one makes the segment full: it is left, and no other is there yet.
        for text in ["0", "1"] { _ = try await journal.append([note(text, body: pattern(200))]) }
        let second = first.copy()
        await journal.close()
        #expect(second.contents(2).isEmpty)
        options.segmentOctets = 1 << 20
        let again = try second.open(options)
        for text in ["2", "3"] { _ = try await again.append([note(text), note(text, stream: 2)]) }
        let third = second.copy()
        await again.close()
        for place in [second, third] {
            let last = try place.open(options)
            #expect(try last.texts() == ["0", "1", "2", "3"])
            #expect(try last.texts(of: 2) == ["2", "3"])
            await last.close()
        }
    }

    @Test("Killed at any moment, with segments that are left all the time, it has everything that was acknowledged")
    func kills() async throws {
        var place = TemporaryJournal()
        var expected: [String] = []
        var options = JournalOptions()
        for round in 0..<40 {
            options.segmentOctets = round % 3 == 0 ? 300 : round % 3 == 1 ? 1 << 20 : 900
            let journal = try place.open(options)
            #expect(try journal.texts() == expected, "round \(round)")
            for number in 0..<(round % 5) {
                let text = "\(round).\(number)"
                _ = try await journal.append([note(text, body: pattern(50 + 37 * number))])
                expected.append(text)
            }
            if round % 7 == 3 { try await journal.seal() }
            let next = place.copy()
            await journal.close()
            place = next
        }
    }

    @Test("What a checkpoint tells of and is not there any more is reported as lost")
    func cutOff() async throws {
        let place = TemporaryJournal()
        let journal = try place.open()
        for text in ["0", "1", "2"] { _ = try await journal.append([note(text, body: pattern(100))]) }
        await journal.close()
        let bytes = place.contents(1)
        for count in [bytes.count - 1, bytes.count - 100, 150, 0] {
            for isCut in [true, false] where isCut || count < bytes.count - 1 {
                let damaged = place.copy()
                let rest = [UInt8](repeating: 0, count: isCut ? 0 : bytes.count - count)
                damaged.replace(1, bytes[..<count] + rest)
                let found = try damaged.open()
                let lost = found.recovery.damage.filter { $0.octets.upperBound >= UInt64(bytes.count) }
                #expect(!lost.isEmpty)
                if isCut { #expect(lost.count == 1 && lost.allSatisfy { $0.octets.lowerBound <= UInt64(count) }) }
                await found.close()
            }
        }
    }

    /// Whether checking a segment tells of all octets from one to another.
    private func tells(_ journal: Journal, of octets: Range<UInt64>, in segment: UInt32) throws -> Bool {
        let unreadable = try journal.items(of: segment).compactMap { item -> Range<UInt64>? in
            if case .unreadable(let range) = item { range } else { nil }
        }
        return unreadable.contains { $0.lowerBound <= octets.lowerBound && $0.upperBound >= octets.upperBound }
    }

    @Test("A lost end stays known after the checkpoint is another, and its places are not written again")
    func lostForGood() async throws {
        let place = TemporaryJournal()
        let journal = try place.open()
        var ends: [Int] = []
        for text in ["0", "1", "2"] {
            _ = try await journal.append([note(text, body: pattern(100))])
            ends.append(place.contents(1).count)
        }
        await journal.close()
        let bytes = place.contents(1)
        for count in [ends[0], ends[0] + 40, 40, 0, nil] {
            let damaged = place.copy()
            if let count { damaged.replace(1, Array(bytes[..<count])) } else { damaged.remove(1) }
            let left = count ?? 0 >= ends[0] ? ["0"] : []
            let lost = UInt64(left.isEmpty ? 0 : ends[0])..<UInt64(bytes.count)
            for round in 0..<3 {
                let found = try damaged.open()
                #expect(try found.texts() == left + (0..<round).map { "new \($0)" })
                #expect(try tells(found, of: lost, in: 1), "cut at \(count ?? -1), round \(round)")
                let new = try await found.append([note("new \(round)")])
                #expect(new[0] > RecordPosition(segment: 1, offset: UInt64(bytes.count)))
                await found.close()
                if round == 1 { damaged.dropCheckpoints() }
            }
        }
    }

    @Test("A witness stands for checkpoints that are gone")
    func witness() async throws {
        let place = TemporaryJournal()
        let journal = try place.open()
        var positions: [RecordPosition] = []
        for text in ["0", "1", "2"] { positions += try await journal.append([note(text, body: pattern(100))]) }
        await journal.close()
        place.dropCheckpoints()
        place.replace(1, Array(place.contents(1)[..<Int(positions[1].offset)]))
        let found = try Journal.open(place.directory, identity: place.identity, witness: { _ in [positions[2]] })
        #expect(try tells(found, of: positions[1].offset..<positions[2].offset, in: 1))
        #expect(found.trace(of: 1, at: positions[0]) == .there && found.trace(of: 2, at: positions[0]) == .other)
        #expect(found.trace(of: 1, at: positions[2]) == .lost)
        await found.close()
    }

    @Test("A sealed segment that was cut has by its sidecar all but the bodies, and without it is told of whole")
    func cutSealed() async throws {
        let place = TemporaryJournal()
        let journal = try place.open()
        let positions = try await journal.append((0..<4).map { note("\($0)", body: pattern(100)) })
        try await journal.seal()
        _ = try await journal.append([note("4")])
        await journal.indexed()
        let unclosed = place.copy()
        await journal.close()
        for source in [place, unclosed] {
            for (count, hasIndex) in [(0, true), (0, false), (150, true), (150, false)] {
                let damaged = source.copy()
                let size = UInt64(damaged.contents(1).count)
                damaged.replace(1, Array(damaged.contents(1)[..<count]))
                if !hasIndex { damaged.remove(index: 1) }
                for _ in 0..<2 {
                    let found = try damaged.open()
                    let left = hasIndex ? ["0", "1", "2", "3"] : count == 0 ? [] : ["0"]
                    #expect(try found.texts() == left + ["4"])
                    var told: [Range<UInt64>] = []
                    for item in try found.items(of: 1) {
                        switch item {
                        case .lost(let parts): told.append(parts.position.offset..<(parts.position.offset + 1))
                        case .unreadable(let range): told.append(range)
                        case .intact, .mended: break
                        }
                    }
                    for position in positions { #expect(told.contains { $0.contains(position.offset) }) }
                    #expect(UInt64(damaged.contents(1).count) == size)
                    await found.indexed()
                    await found.close()
                }
            }
        }
    }

    /// Its place in the stream is taken: a stream that counts its records never gives its number again.
    @Test("A record whose end is lost stays the last of its stream, and what follows comes behind it")
    func cutBody() async throws {
        let place = TemporaryJournal()
        let journal = try place.open()
        var positions: [RecordPosition] = []
        for text in ["0", "1", "2"] { positions += try await journal.append([note(text, body: pattern(400))]) }
        await journal.close()
        let bytes = place.contents(1)
        for hasCheckpoint in [true, false] {
            let damaged = place.copy()
            damaged.replace(1, Array(bytes[..<Int(positions[2].offset + 300)]))
            if !hasCheckpoint { damaged.dropCheckpoints() }
            for round in 0..<3 {
                let found = try Journal.open(
                    damaged.directory,
                    identity: damaged.identity,
                    witness: { _ in [RecordPosition(segment: 1, offset: positions[2].offset + 400)] }
                )
                #expect(try found.texts() == ["0", "1", "2"] + (0..<round).map { "new \($0)" })
                _ = try await found.append([note("new \(round)")])
                await found.close()
            }
        }
    }

    @Test("Numbers beyond all that can be are held for nothing")
    func beyond() async throws {
        let place = TemporaryJournal()
        let journal = try place.open()
        _ = try await journal.append([note("0")])
        for offset in [.max, .max - 1, 1 << 63, 1 << 57] as [UInt64] {
            #expect(journal.trace(of: 1, at: RecordPosition(segment: 1, offset: offset)) == .other)
        }
        await journal.close()
        place.dropCheckpoints()
        for position in [RecordPosition(segment: .max, offset: 0), RecordPosition(segment: 1, offset: .max)] {
            let found = try Journal.open(place.directory, identity: place.identity, witness: { _ in [position] })
            #expect(try found.texts() == ["0"])
            await found.close()
        }
    }

    @Test("The identity is had from whatever is left")
    func identity() async throws {
        let place = TemporaryJournal()
        let journal = try place.open()
        _ = try await journal.append([note("0", body: pattern(100))])
        try await journal.seal()
        _ = try await journal.append([note("1")])
        await journal.indexed()
        await journal.close()
        #expect(Journal.identityOfRecords(in: place.directory) == place.identity)
        for number in 1...2 as ClosedRange<UInt32> { place.replace(number, []) }
        #expect(Journal.identityOfRecords(in: place.directory) == nil)
        #expect(Journal.identityOfDerived(in: place.directory) == place.identity)
        place.dropCheckpoints()
        #expect(Journal.identityOfDerived(in: place.directory) == place.identity)
        place.remove(index: 1)
        #expect(Journal.identityOfDerived(in: place.directory) == nil)
    }
}
