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
}
