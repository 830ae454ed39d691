// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

import ByteTools
import Glibc
import Journal
import Testing

/// What somebody wrote into a derived file, with the right sums.
private enum Forgery {
    static func checkpoint(_ place: TemporaryJournal, last: RecordPosition, from: RecordPosition) -> [UInt8] {
        var writer = ByteWriter()
        writer.bytes += Array("MRTLEAD1".utf8)
        writer.integer(place.identity.high)
        writer.integer(place.identity.low)
        for position in [from, last] {
            writer.integer(position.segment)
            writer.integer(position.offset)
        }
        writer.integer(UInt64(0))
        writer.integer(CRC32C.of(writer.bytes))
        return writer.bytes
    }

    private static func octets<Number: FixedWidthInteger & Sendable>(_ number: Number) -> [UInt8] {
        (0..<(Number.bitWidth / 8)).map { UInt8(truncatingIfNeeded: number >> Number($0 * 8)) }
    }

    /// The first record of a segment, naming another end.
    static func seal(_ segment: [UInt8], end: UInt64) -> [UInt8] {
        var forged = segment
        forged.replaceSubrange(84..<92, with: octets(end))
        forged.replaceSubrange(72..<76, with: octets(CRC32C.of(Array(forged[80..<92]))))
        forged.replaceSubrange(76..<80, with: octets(CRC32C.of(Array(forged[..<76]))))
        return forged
    }

    /// A sidecar of one block, for another length.
    static func index(_ index: [UInt8], length: UInt64) -> [UInt8] {
        var forged = index
        forged.replaceSubrange(32..<40, with: octets(length))
        forged.replaceSubrange(44..<48, with: octets(CRC32C.of(Array(forged[..<44] + forged[48...]))))
        return forged
    }
}

@Suite("Ends that derived files name and that cannot be")
struct ForgedEndTests {
    private static let offsets: [UInt64] = [1 << 42, 1 << 50, 1 << 56, 1 << 56 + 1, 1 << 63, .max - 79, .max]
    private static let segments: [UInt32] = [1 << 21, .max - 0x1_0001, .max - 0x1_0000, .max - 1, .max]

    /// Two records in one segment.
    private func filled() async throws -> TemporaryJournal {
        let place = TemporaryJournal()
        let journal = try place.open()
        for text in ["0", "1"] { _ = try await journal.append([note(text, body: pattern(100))]) }
        await journal.close()
        return place
    }

    /// Opens a journal of which nothing is lost, writes to it, and opens it again.
    private func expectUnharmed(_ place: TemporaryJournal, _ what: String) async throws {
        let size = place.contents(1).count
        for round in 0..<2 {
            let found = try place.open()
            #expect(found.recovery.damage == [], "\(what)")
            #expect(try found.texts() == ["0", "1"] + (0..<round).map { "new \($0)" }, "\(what)")
            let new = try await found.append([note("new \(round)")])
            #expect(new[0].segment <= 2, "\(what)")
            await found.close()
            #expect(place.contents(1).count < size + 1000 && place.contents(2).count < 1000, "\(what)")
        }
    }

    @Test("A checkpoint: it is held for nothing, and the other one counts", arguments: [1, 2])
    func checkpoint(forged count: Int) async throws {
        let place = try await filled()
        let end = UInt64(place.contents(1).count)
        var ends = Self.offsets.flatMap { offset in
            ([1, 2, 3] as [UInt32]).map { segment in
                let last = RecordPosition(segment: segment, offset: offset &- 80)
                return (last, RecordPosition(segment: segment, offset: offset))
            }
        }
        ends += Self.offsets.map {
            (RecordPosition(segment: 1, offset: 80), RecordPosition(segment: 1, offset: $0))
        }
        for segment in Self.segments {
            ends.append((RecordPosition(segment: segment, offset: 0), RecordPosition(segment: segment, offset: 80)))
            let next = RecordPosition(segment: segment &+ 1, offset: 0)
            ends.append((RecordPosition(segment: segment, offset: end), next))
            ends.append((RecordPosition(segment: 1, offset: 0), RecordPosition(segment: segment, offset: 0)))
        }
        for (last, from) in ends {
            let damaged = place.copy()
            let octets = Forgery.checkpoint(damaged, last: last, from: from)
            for name in ["heads.b", "heads.a"].prefix(count) {
                WholeFile.replace("\(damaged.directory)/\(name)", with: octets)
            }
            try await expectUnharmed(damaged, "last \(last), from \(from)")
        }
    }

    @Test("A witness, as snapshots are: another one counts")
    func witness() async throws {
        let place = try await filled()
        let end = UInt64(place.contents(1).count)
        var forged = Self.offsets.map { RecordPosition(segment: 1, offset: $0) }
        forged += Self.segments.map { RecordPosition(segment: $0, offset: 0) }
        place.dropCheckpoints()
        for position in forged {
            let damaged = place.copy()
            let honest = RecordPosition(segment: 1, offset: end - 80)
            damaged.replace(1, Array(damaged.contents(1).dropLast(80)))
            let found = try Journal.open(
                damaged.directory,
                identity: damaged.identity,
                witness: { _ in [position, honest] }
            )
            #expect(found.recovery.damage.map(\.octets) == [(end - 80)..<end], "\(position)")
            #expect(found.segmentNumbers == [1])
            await found.close()
        }
    }

    @Test("The first record of a segment: the one before it stays as long as it is")
    func seal() async throws {
        let place = TemporaryJournal()
        let journal = try place.open()
        _ = try await journal.append([note("0", body: pattern(100))])
        try await journal.seal()
        _ = try await journal.append([note("1")])
        await journal.indexed()
        await journal.close()
        let size = place.contents(1).count
        for offset in Self.offsets {
            let damaged = place.copy()
            damaged.replace(2, Forgery.seal(damaged.contents(2), end: offset))
            for _ in 0..<2 {
                let found = try damaged.open()
                #expect(found.recovery.damage == [], "\(offset)")
                #expect(try found.texts() == ["0", "1"], "\(offset)")
                await found.close()
            }
            #expect(damaged.contents(1).count == size)
        }
    }

    @Test("A sidecar")
    func index() async throws {
        var options = JournalOptions()
        options.segmentOctets = 300
        let place = TemporaryJournal()
        let journal = try place.open(options)
        for text in ["0", "1"] { _ = try await journal.append([note(text, body: pattern(100))]) }
        await journal.indexed()
        let left = place.copy()
        await journal.close()
        let whole = try #require(WholeFile.contents(left.index(1)))
        for length in Self.offsets {
            let damaged = left.copy()
            WholeFile.replace(damaged.index(1), with: Forgery.index(whole, length: length))
            try await expectUnharmed(damaged, "\(length)")
        }
        for number in Self.segments {
            let damaged = left.copy()
            var forged = whole
            forged.replaceSubrange(24..<28, with: (0..<4).map { UInt8(truncatingIfNeeded: number >> ($0 * 8)) })
            WholeFile.replace(damaged.index(number), with: Forgery.index(forged, length: 400))
            try await expectUnharmed(damaged, "segment \(number)")
        }
    }

    @Test("Where a cut segment cannot be made as long as it was, the loss is told of and the next segment goes on")
    func refused() async throws {
        let place = TemporaryJournal()
        let journal = try place.open()
        var positions: [RecordPosition] = []
        for text in ["0", "1", "2"] { positions += try await journal.append([note(text, body: pattern(100))]) }
        await journal.close()
        let end = UInt64(place.contents(1).count)
        let lost = positions[1].offset..<end
        place.replace(1, Array(place.contents(1)[..<Int(lost.lowerBound)]))
        var options = JournalOptions()
        options.faults = JournalFaults(lengthen: { EFBIG })
        for round in 0..<3 {
            if round == 2 { options.faults = nil }
            let found = try place.open(options)
            #expect(found.recovery.damage.map(\.octets) == [lost], "round \(round)")
            #expect(try found.texts() == ["0"] + (0..<round).map { "new \($0)" })
            #expect(found.trace(of: 1, at: positions[0]) == .there)
            let new = try await found.append([note("new \(round)")])
            #expect(new[0].segment == 2)
            #expect(found.trace(of: 1, at: positions[1]) == .lost && found.trace(of: 1, at: positions[2]) == .lost)
            #expect(found.trace(of: 1, at: RecordPosition(segment: 1, offset: end)) == .other)
            await found.close()
            #expect(UInt64(place.contents(1).count) == (round < 2 ? lost.lowerBound : end))
        }
    }

    @Test("The sidecar of a last segment that was full tells how long it was")
    func fullLastSegment() async throws {
        var options = JournalOptions()
        options.segmentOctets = 500
        let place = TemporaryJournal()
        let journal = try place.open(options)
        var positions: [RecordPosition] = []
        for text in ["0", "1", "2"] { positions += try await journal.append([note(text, body: pattern(100))]) }
        await journal.indexed()
        let left = place.copy()
        await journal.close()
        #expect(left.contents(2).isEmpty && WholeFile.contents(left.index(1)) != nil)
        left.dropCheckpoints()
        let end = UInt64(left.contents(1).count)
        for count in [nil, 0, 40, Int(positions[1].offset), Int(positions[2].offset), Int(end) - 1] {
            let damaged = left.copy()
            if let count { damaged.replace(1, Array(damaged.contents(1)[..<count])) } else { damaged.remove(1) }
            for round in 0..<2 {
                let found = try damaged.open(options)
                if round == 0 {
                    let told = found.recovery.damage.contains {
                        $0.segment == 1 && $0.octets.upperBound == end && $0.octets.lowerBound <= count ?? 0
                    }
                    #expect(told, "cut at \(count ?? -1)")
                }
                let new = try await found.append([note("new \(round)")])
                #expect(new[0].segment > 1, "cut at \(count ?? -1)")
                #expect(try found.texts().suffix(round + 1) == (0...round).map { "new \($0)" })
                await found.close()
            }
        }
    }
}
