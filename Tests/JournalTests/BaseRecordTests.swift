// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

import ByteTools
import Glibc
import Journal
import Testing

@Suite("Journal: replay from a base record")
struct BaseRecordTests {
    private let base: UInt8 = 29

    private func texts(_ journal: Journal, after start: RecordPosition? = nil) throws -> [String] {
        var texts: [String] = []
        try journal.replay(1, after: start, stopsAt: { $0 == base }) { item in
            switch item {
            case .record(let entry): texts.append(String(decoding: entry.metadata, as: UTF8.self))
            case .damaged: texts.append("?")
            case .unreadable: break
            }
        }
        return texts
    }

    private func baseRecord(_ text: String) -> JournalRecord {
        JournalRecord(kind: base, stream: 1, metadata: Array(text.utf8), body: .block(OctetBlock(pattern(100_000))))
    }

    /// Notes and bases, each in a segment of its own; segment 3 and 6 have the bases.
    private func sample(_ place: TemporaryJournal) async throws -> Journal {
        let journal = try place.open()
        for text in ["1", "2", "B3", "4", "5", "B6", "7"] {
            _ = try await journal.append([text.hasPrefix("B") ? baseRecord(text) : note(text), note("x", stream: 2)])
            try await journal.seal()
        }
        return journal
    }

    @Test("Replay begins with the latest base")
    func stops() async throws {
        let place = TemporaryJournal()
        let journal = try await sample(place)
        #expect(try texts(journal) == ["B6", "7"])
        #expect(try journal.texts() == ["1", "2", "B3", "4", "5", "B6", "7"])
        #expect(try texts(journal, after: RecordPosition(segment: 7, offset: 0)) == ["7"])
        #expect(try texts(journal, after: RecordPosition(segment: 4, offset: 0)) == ["B6", "7"])
        for segment in 1...5 { try journal.remove(segment: UInt32(segment)) }
        #expect(try texts(journal) == ["B6", "7"])
        await journal.close()
        place.dropCheckpoints()
        let again = try place.open()
        #expect(try texts(again) == ["B6", "7"])
        await again.close()
    }

    @Test("A base with a bad body does not count: replay goes back to the one before it")
    func damagedBase() async throws {
        let place = TemporaryJournal()
        let journal = try await sample(place)
        var bytes = place.contents(6)
        for offset in 90_000..<90_010 { bytes[offset] ^= 0x5A }
        place.overwrite(6, bytes)
        #expect(try texts(journal) == ["B3", "4", "5", "?", "7"])
        // The chain is broken now, so that all headers are read.
        try journal.remove(segment: 5)
        #expect(try texts(journal) == ["B3", "4", "?", "7"])
        try journal.remove(segment: 3)
        #expect(try texts(journal) == ["1", "2", "4", "?", "7"])
        await journal.close()
    }

    @Test("A chain that leads into a removed segment is made good by reading all headers")
    func brokenChain() async throws {
        let place = TemporaryJournal()
        let journal = try await sample(place)
        try journal.remove(segment: 6)
        #expect(try texts(journal) == ["B3", "4", "5", "7"])
        #expect(try journal.texts() == ["1", "2", "B3", "4", "5", "7"])
        await journal.close()
    }
}
