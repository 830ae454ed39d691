// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

import ByteTools
import Journal
import Testing

@Suite("Journal: what is in doubt after a power cut")
struct DoubtTests {
    /// A journal that was not closed, whose last record is torn.
    private func torn() async throws -> (place: TemporaryJournal, record: RecordPosition, size: Int) {
        let place = TemporaryJournal()
        let journal = try place.open()
        _ = try await journal.append([note("whole", body: pattern(200))])
        let record = try await journal.append([note("torn", body: pattern(300))])[0]
        let cut = place.copy()
        await journal.close()
        var octets = cut.contents(1)
        octets[octets.count - 40] ^= 0xFF
        octets[octets.count - 50] ^= 0xFF
        cut.replace(1, octets)
        return (cut, record, octets.count)
    }

    /// What a start finds in doubt in a copy of a journal that is open.
    private func doubtful(_ place: TemporaryJournal) async throws -> [RecordPosition] {
        let journal = try place.copy().open()
        defer { Task { await journal.close() } }
        return journal.recovery.doubtful
    }

    @Test("It stays so for every later start until it is settled", arguments: [JournalOptions().segmentOctets, 2048])
    func staysUntilSettled(segmentOctets: UInt64) async throws {
        let (place, record, _) = try await torn()
        var options = JournalOptions()
        options.segmentOctets = segmentOctets
        for round in 0..<3 {
            let journal = try place.open(options)
            #expect(journal.recovery.doubtful == [record], "start \(round)")
            for index in 0..<20 { _ = try await journal.append([note("\(index)", body: pattern(100))]) }
            #expect(try await doubtful(place) == [record])
            // Not even a close in order settles it.
            await journal.close()
        }
        let journal = try place.open(options)
        try await journal.settleDoubt()
        #expect(try await doubtful(place).isEmpty)
        await journal.close()
        let last = try place.open(options)
        #expect(last.recovery.doubtful.isEmpty && last.recovery.wasClosed)
        #expect(try last.texts().count == 62)
        await last.close()
    }

    @Test("A cut in the first commit of the next start leaves it in doubt, wherever it is torn")
    func tornNote() async throws {
        let (place, record, size) = try await torn()
        let journal = try place.open()
        _ = try await journal.append([note("first", body: pattern(100)), note("second", body: pattern(100))])
        let octets = place.contents(1)
        await journal.close()
        for end in size...octets.count {
            let cut = place.copy()
            cut.replace(1, Array(octets[..<end]))
            cut.dropCheckpoints()
            #expect(try await doubtful(cut).first == record, "cut at \(end)")
        }
        for offset in size..<octets.count {
            let hit = place.copy()
            var changed = octets
            for octet in offset..<min(offset + 3, octets.count) { changed[octet] ^= 0xA5 }
            hit.replace(1, changed)
            hit.dropCheckpoints()
            #expect(try await doubtful(hit).first == record, "hit at \(offset)")
        }
    }

    @Test("A start after which a commit follows another has settled nothing that it was not asked to")
    func laterCommits() async throws {
        let (place, record, _) = try await torn()
        let journal = try place.open()
        _ = try await journal.append([note("first")])
        _ = try await journal.append([note("second", body: pattern(100))])
        var octets = place.contents(1)
        await journal.close()
        octets[octets.count - 10] ^= 0xFF
        octets[octets.count - 20] ^= 0xFF
        let cut = place.copy()
        cut.replace(1, octets)
        cut.dropCheckpoints()
        let found = try await doubtful(cut)
        #expect(found.count == 2 && found.first == record)
    }
}
