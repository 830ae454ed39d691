// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

import Journal
import Testing

@Suite("Journal: the last segment is full, and the next one not begun")
struct FullSegmentTests {
    private static let octets: UInt64 = 2000

    /// Such a journal as a kill leaves it, of one segment; its records' texts and where they begin.
    private func full() async throws -> (place: TemporaryJournal, texts: [String], positions: [RecordPosition]) {
        let place = TemporaryJournal()
        let journal = try place.open(options())
        var (texts, positions): ([String], [RecordPosition]) = ([], [])
        while place.contents(1).count < Int(Self.octets) {
            texts.append("\(texts.count)")
            positions += try await journal.append([note(texts[texts.count - 1], body: pattern(300))])
        }
        await journal.indexed()
        let copy = place.copy()
        await journal.close()
        return (copy, texts, positions)
    }

    private func options() -> JournalOptions {
        var options = JournalOptions()
        options.segmentOctets = Self.octets
        return options
    }

    /// Opens it twice with a record between, and says what is there each time, and what was lost at first.
    private func readTwice(_ place: TemporaryJournal) async throws -> (
        texts: [[String]], damage: [JournalRecovery.Damage]
    ) {
        let journal = try place.open(options())
        var texts = [try journal.texts()]
        #expect(try await journal.append([note("new")])[0].segment == 2)
        await journal.close()
        let again = try place.open(options())
        #expect(again.recovery.damage.isEmpty)
        texts.append(try again.texts())
        await again.close()
        return (texts, journal.recovery.damage)
    }

    @Test("What its sidecar knows of damaged headers and metadata counts")
    func damaged() async throws {
        let (place, texts, positions) = try await full()
        for (index, within) in [(0, 0..<8), (2, 80..<81), (positions.count - 1, 0..<80)] {
            var bytes = place.contents(1)
            for place in within { bytes[Int(positions[index].offset) + place] ^= 0xFF }
            place.replace(1, bytes)
        }
        let found = try await readTwice(place)
        #expect(found.damage.isEmpty)
        #expect(found.texts == [texts, texts + ["new"]])
    }

    @Test(
        "Where it is cut is lost, and what its sidecar knows of it is there",
        arguments: [1, 300, 302, 340, 381, 900]
    )
    func cut(octets: Int) async throws {
        let (place, texts, _) = try await full()
        let bytes = place.contents(1)
        place.replace(1, Array(bytes.dropLast(octets)))
        let found = try await readTwice(place)
        #expect(found.damage.map(\.segment) == [1])
        #expect(found.damage.first?.octets.upperBound == UInt64(bytes.count))
        #expect(found.texts == [texts, texts + ["new"]])
    }

    @Test("Where it is cut is lost also without its sidecar", arguments: [1, 300, 340, 381, 900])
    func cutWithoutSidecar(octets: Int) async throws {
        let (place, texts, positions) = try await full()
        let bytes = place.contents(1)
        place.replace(1, Array(bytes.dropLast(octets)))
        place.remove(index: 1)
        let found = try await readTwice(place)
        // The checkpoint knows where the last record began.
        #expect(found.damage.first.map { $0.octets.upperBound >= positions[positions.count - 1].offset + 80 } == true)
        // Metadata of one octet are behind each header.
        let left = Array(texts.prefix(positions.count { Int($0.offset) + 81 <= bytes.count - octets }))
        #expect(found.texts == [left, left + ["new"]])
    }

    @Test("Damage in the last record is damage, and no end that is lost", arguments: [80, 90, 379])
    func onlyDamaged(place within: Int) async throws {
        let place = TemporaryJournal()
        let journal = try place.open()
        _ = try await journal.append([note("first", body: pattern(300))])
        let last = try await journal.append([note("last", body: pattern(299) + [0])])[0]
        let copy = place.copy()
        await journal.close()
        var bytes = copy.contents(1)
        for octet in 0..<4 where Int(last.offset) + within + octet < bytes.count - 1 {
            bytes[Int(last.offset) + within + octet] ^= 0xFF
        }
        bytes[bytes.count - 1] = 0
        copy.replace(1, bytes)
        let again = try Journal.open(copy.directory, identity: copy.identity, witness: { _ in [last] })
        #expect(again.recovery.damage.isEmpty)
        #expect(try await again.append([note("next")])[0].segment == 1)
        await again.close()
    }
}
