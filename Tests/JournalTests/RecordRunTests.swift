// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

import ByteTools
import Journal
import Testing

@Suite("Journal: many records, one after the other")
struct RecordRunTests {
    /// What `visit` gives, and that each comes once and with its own place.
    private func visited(_ journal: Journal, _ positions: [RecordPosition]) -> [JournalEntry?] {
        var found: [JournalEntry?] = []
        journal.visit(positions) { place, entry in
            #expect(place == found.count)
            found.append(entry)
        }
        return found
    }

    @Test("The same as one by one, in any order, from records of any size and over all segments")
    func sameAsOneByOne() async throws {
        let place = TemporaryJournal()
        var options = JournalOptions()
        options.segmentOctets = 400_000
        let journal = try place.open(options)
        var positions: [RecordPosition] = []
        for index in 0..<300 {
            // Short ones together, some with more metadata than one read brings, some with bodies that are read over.
            let text = String(repeating: "\(index) ", count: index % 7 == 0 ? 900 : 3)
            let body = pattern(index % 5 == 0 ? 20_000 : index % 90, seed: UInt8(index % 250))
            positions += try await journal.append([note(text, stream: UInt64(index % 3), body: body)])
        }
        #expect(Set(positions.map(\.segment)).count > 2)
        var generator = SystemRandomNumberGenerator()
        let orders: [[RecordPosition]] = [
            positions, positions.reversed(), positions.shuffled(using: &generator), positions + positions,
        ]
        for order in orders {
            let one: [JournalEntry?] = try order.map { try journal.record(at: $0) }
            #expect(visited(journal, order) == one)
        }
        #expect(visited(journal, []).isEmpty)
        await journal.close()
    }

    @Test("What does not verify as it lies there is left out, and nothing else; what was never there too")
    func damage() async throws {
        let place = TemporaryJournal()
        let journal = try place.open()
        var positions: [RecordPosition] = []
        for index in 0..<6 { positions += try await journal.append([note("\(index)", body: pattern(100))]) }
        let bytes = place.contents(1)
        for offset in bytes.indices {
            var damaged = bytes
            damaged[offset] ^= 0x11
            place.overwrite(1, damaged)
            let hit = positions.lastIndex { Int($0.offset) <= offset }
            let isBody = hit.map { offset >= Int(positions[$0].offset) + 81 } ?? true
            for (index, entry) in visited(journal, positions).enumerated() {
                #expect((entry == nil) == (index == hit && !isBody), "octet \(offset), record \(index)")
            }
        }
        place.overwrite(1, bytes)
        let nowhere = [
            RecordPosition(segment: 1, offset: 1), RecordPosition(segment: 9, offset: 0),
            RecordPosition(segment: 1, offset: UInt64(bytes.count)), RecordPosition(segment: 1, offset: 1 << 55),
        ]
        let all = nowhere + positions + nowhere
        #expect(visited(journal, all).map { $0 == nil } == all.map { nowhere.contains($0) })
        await journal.close()
    }
}
