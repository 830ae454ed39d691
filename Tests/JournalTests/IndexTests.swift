// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

import ByteTools
import Glibc
import Journal
import Testing

@Suite("Journal: sidecars of sealed segments")
struct IndexTests {
    /// Three sealed segments with sidecars, and their texts.
    private func sample() async throws -> (place: TemporaryJournal, texts: [String]) {
        let place = TemporaryJournal()
        let journal = try place.open()
        var texts: [String] = []
        for segment in 0..<3 {
            for index in 0..<5 {
                texts.append("\(segment).\(index)")
                _ = try await journal.append([
                    note(texts.last ?? "", body: pattern(300)), note("other", stream: UInt64(index + 2)),
                ])
            }
            try await journal.seal()
        }
        await journal.indexed()
        await journal.close()
        place.dropCheckpoints()
        return (place, texts)
    }

    @Test("Recovery and replay go by the sidecars, which know what a segment has lost")
    func used() async throws {
        let (place, texts) = try await sample()
        let header = place.contents(2)
        var damaged = header
        // Headers and metadata of all but the seal, which says where segment 1 ends.
        for offset in 100..<damaged.count { damaged[offset] ^= 0x5A }
        place.replace(2, damaged)
        let journal = try place.open()
        #expect(journal.recovery.damage.isEmpty && Set(journal.streams) == Set(1...6))
        var mended: [String] = []
        try journal.replay(1, after: nil) { item in
            guard case .record(let entry) = item, entry.isMended else { return }
            mended.append(String(decoding: entry.metadata, as: UTF8.self))
        }
        #expect(try journal.texts() == texts)
        #expect(mended == texts.filter { $0.hasPrefix("1.") })
        var all: [String] = []
        try journal.replayAll(after: nil) { item in
            if case .record(let entry) = item { all.append(String(decoding: entry.metadata, as: UTF8.self)) }
        }
        #expect(all.filter { $0 != "other" } == texts && all.count == 30)
        await journal.close()
    }

    @Test("A sidecar that is damaged anywhere costs nothing, and is written again")
    func damagedSidecars() async throws {
        let (place, texts) = try await sample()
        let original = WholeFile.contents(place.index(1)) ?? []
        #expect(original.count > 5 * 2 * 81)
        for round in 0..<(original.count / 16) {
            var damaged = original
            switch round % 3 {
            case 0: damaged[round * 16] ^= 1 << UInt8(round % 8)
            case 1: damaged.removeLast(original.count - round * 16)
            default: for place in (round * 16)..<min(damaged.count, round * 16 + 400) { damaged[place] = 0 }
            }
            WholeFile.replace(place.index(1), with: damaged)
            let journal = try place.open()
            #expect(journal.recovery.damage.isEmpty)
            #expect(try journal.texts() == texts)
            await journal.indexed()
            #expect(WholeFile.contents(place.index(1)) == original, "round \(round)")
            await journal.close()
            place.dropCheckpoints()
        }
    }

    @Test("A sidecar of another segment, or of the segment as it was before, is not used")
    func otherSidecars() async throws {
        let (place, texts) = try await sample()
        let (first, second) = (WholeFile.contents(place.index(1)) ?? [], WholeFile.contents(place.index(2)) ?? [])
        WholeFile.replace(place.index(1), with: second)
        WholeFile.replace(place.index(2), with: first)
        // And segment 3 is cut: its sidecar knows more than it has.
        let third = place.contents(3)
        place.replace(3, Array(third[..<(third.count - 10)]))
        let journal = try place.open()
        #expect(try journal.texts() == texts)
        #expect(journal.recovery.damage.count == 1)
        await journal.indexed()
        #expect(WholeFile.contents(place.index(1)) == first && WholeFile.contents(place.index(2)) == second)
        await journal.close()
    }

    @Test("Damage that was there when a sidecar was written is still reported")
    func knownDamage() async throws {
        let (place, texts) = try await sample()
        unsafe unlink(place.index(1))
        var damaged = place.contents(1)
        for offset in 0..<40 { damaged[offset] ^= 0x5A }
        place.replace(1, damaged)
        for _ in 0..<2 {
            let journal = try place.open()
            #expect(journal.recovery.damage.map(\.segment) == [1])
            #expect(try journal.texts() == Array(texts.dropFirst()))
            await journal.indexed()
            await journal.close()
            place.dropCheckpoints()
        }
    }

    @Test("Sidecars go with their segments, and those that belong to none are deleted")
    func removed() async throws {
        let (place, texts) = try await sample()
        let sidecar = WholeFile.contents(place.index(1)) ?? []
        let journal = try place.open()
        try journal.remove(segment: 1)
        #expect(WholeFile.contents(place.index(1)) == nil)
        await journal.close()
        WholeFile.replace(place.index(1), with: sidecar)
        WholeFile.replace(place.index(2) + ".new", with: sidecar)
        let again = try place.open()
        #expect(try again.texts() == texts.filter { !$0.hasPrefix("0.") })
        let names = try Directories.entries(place.directory).filter { $0.contains(".idx") }.sorted()
        #expect(names == ["segment-0000000002.idx", "segment-0000000003.idx"])
        await again.close()
    }
}
