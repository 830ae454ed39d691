// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

import ByteTools
import Glibc
import Journal
import Testing

@Suite("Journal: compressed bodies")
struct CompressionTests {
    /// Something like a message: lines that repeat words, and differ.
    private func text(_ count: Int, seed: UInt8 = 1) -> [UInt8] {
        let words = [
            "martlet", "message", "the", "of", "received:", "from", "by", "with", "id", "for", "\r\n", "0", "17",
        ]
        var bytes: [UInt8] = []
        bytes.reserveCapacity(count + 16)
        for number in pattern(count / 3 + 1, seed: seed) where bytes.count < count {
            bytes += Array(words[Int(number) % words.count].utf8) + [0x20]
        }
        while bytes.count < count { bytes.append(0x2E) }
        return Array(bytes[..<count])
    }

    private func stored(_ place: TemporaryJournal, _ address: BodyAddress) -> Int {
        place.contents(address.record.segment).count - Int(address.record.offset)
    }

    @Test(
        "Bodies of every size around a chunk come back whole and in ranges",
        arguments: [1, 64, 65, 300, 65_535, 65_536, 65_537, 131_072, 131_073, 300_001, 1_048_576, 2_500_000]
    )
    func bodies(size: Int) async throws {
        let place = TemporaryJournal()
        let journal = try place.open()
        let body = text(size)
        let position = try await journal.append([note("m", body: body)], compression: .whenSmaller)[0]
        if size >= 300 { #expect(place.contents(1).count < size * 7 / 8 + 81) }
        let address = try await journal.entry(at: position).body
        #expect(address.length == UInt64(size))
        // An address that knows nothing of compression serves as well.
        let plain = BodyAddress(record: position, preamble: 81, length: UInt64(size))
        for address in [address, plain] {
            #expect(try await journal.read(address, 0..<UInt64.max) == BodyOctets(bytes: body, lost: []))
            for range in [0..<1, size / 2..<size, size - 1..<size, size / 3..<size / 2, 0..<size / 2] {
                let found = try await journal.read(address, UInt64(range.lowerBound)..<UInt64(range.upperBound))
                #expect(found.bytes == Array(body[range]) && found.lost.isEmpty)
            }
        }
        await journal.close()
        place.dropCheckpoints()
        let again = try place.open()
        #expect(try again.readBlocking(address, 0..<UInt64.max).bytes == body)
        #expect(again.recovery.damage.isEmpty && again.recovery.doubtful.isEmpty)
        await again.close()
    }

    @Test("What does not become smaller is stored as it is", arguments: [100, 70_000, 600_000, 3_000_000])
    func incompressible(size: Int) async throws {
        let place = TemporaryJournal()
        let journal = try place.open()
        let body = (0..<size).map { _ in UInt8.random(in: 0...255) }
        let position = try await journal.append([note("m", body: body)], compression: .whenSmaller)[0]
        let address = try journal.record(at: position).body
        #expect(address.preamble == 81)
        #expect(try await journal.read(address, 0..<UInt64.max).bytes == body)
        await journal.close()
    }

    @Test("A body in a file is compressed too, and one with parts of both kinds")
    func files() async throws {
        let place = TemporaryJournal()
        let journal = try place.open()
        let body = text(400_000) + pattern(200_000) + text(3_000_000, seed: 9) + pattern(100_000, seed: 3)
        let path = place.directory + "/body"
        WholeFile.replace(path, with: body)
        let descriptor = unsafe Glibc.open(path, O_RDONLY)
        defer { close(descriptor) }
        let file = BodyFile(descriptor: descriptor, count: UInt64(body.count), owner: place)
        let record = JournalRecord(kind: 16, stream: 1, metadata: [1], body: .file(file))
        let position = try await journal.append([record], compression: .whenSmaller)[0]
        #expect(place.contents(1).count < body.count * 3 / 4)
        _ = try await journal.append([note("after")])
        let address = try journal.record(at: position).body
        #expect(try await journal.read(address, 0..<UInt64.max) == BodyOctets(bytes: body, lost: []))
        #expect(try await journal.read(address, 390_000..<610_000).bytes == Array(body[390_000..<610_000]))
        #expect(try Directories.entries(place.directory).allSatisfy { !$0.hasSuffix(".spill") })
        await journal.close()
    }

    @Test("Copies compress, and copies of copies stay as they are", arguments: [2000, 300_000, 2_000_000])
    func copies(size: Int) async throws {
        let place = TemporaryJournal()
        let journal = try place.open()
        let body = text(size)
        var address = try journal.record(at: try await journal.append([note("m", body: body)])[0]).body
        var lengths: [Int] = []
        for _ in 0..<2 {
            let copy = JournalRecord(kind: 16, stream: 1, metadata: [1], body: .copy(of: address))
            address = try journal.record(at: try await journal.append([copy], compression: .whenSmaller)[0]).body
            lengths.append(stored(place, address))
            #expect(try await journal.read(address, 0..<UInt64.max) == BodyOctets(bytes: body, lost: []))
        }
        #expect(lengths[0] < size / 2 && lengths[0] == lengths[1])
        let plain = JournalRecord(kind: 16, stream: 1, metadata: [1], body: .copy(of: address))
        address = try journal.record(at: try await journal.append([plain])[0]).body
        #expect(stored(place, address) > size)
        #expect(try await journal.read(address, 0..<UInt64.max).bytes == body)
        await journal.close()
    }

    @Test("A flipped bit anywhere in a compressed body harms one chunk at most, and none in a table")
    func flips() async throws {
        let place = TemporaryJournal()
        let journal = try place.open()
        let body = text(5 * 65_536 + 1000)
        let position = try await journal.append([note("m", body: body)], compression: .whenSmaller)[0]
        let address = try journal.record(at: position).body
        let bytes = place.contents(1)
        let (start, table) = (81, 5 * 8)
        let inTables = Array(start..<(start + table)) + Array((bytes.count - table)..<bytes.count)
        for offset in inTables {
            var damaged = bytes
            damaged[offset] ^= 1 << UInt8(offset % 8)
            place.overwrite(1, damaged)
            for chunk in 0..<5 {
                let place = chunk * 65_536 + 65_530
                let found = try journal.readBlocking(address, UInt64(place)..<UInt64(place + 20))
                #expect(found == BodyOctets(bytes: Array(body[place..<(place + 20)]), lost: []))
            }
        }
        var chunks: Set<UInt64> = []
        for offset in stride(from: start + table, to: bytes.count - table, by: 1499) {
            var damaged = bytes
            damaged[offset] ^= 1 << UInt8(offset % 8)
            place.overwrite(1, damaged)
            let found = try journal.readBlocking(address, 0..<UInt64.max)
            let mended = try journal.readBlocking(address, 0..<UInt64.max, mending: true)
            #expect(mended.bytes == body && mended.lost.isEmpty && mended.mended == found.lost + found.mended)
            guard found.mended.isEmpty else { continue }
            #expect(found.lost.count == 1 && found.lost[0].lowerBound % 65_536 == 0 && found.lost[0].count <= 65_536)
            let lost = Int(found.lost[0].lowerBound)..<Int(found.lost[0].upperBound)
            #expect(found.bytes[..<lost.lowerBound] == body[..<lost.lowerBound])
            #expect(found.bytes[lost.upperBound...] == body[lost.upperBound...])
            chunks.insert(found.lost[0].lowerBound / 65_536)
        }
        #expect(chunks == Set(0...5))
        await journal.close()
    }

    @Test(
        "A body with less octets than its tables would take is lost, and nothing worse",
        arguments: [0, 7, 23, 39, 41]
    )
    func impossible(octets: Int) throws {
        let wanted: Range<UInt64> = 28_672..<94_209
        let found = JournalParsers.compressedBody(pattern(octets), length: 180_264, wanted)
        #expect(found?.bytes == [UInt8](repeating: 0, count: wanted.count))
        #expect(found?.lost.first?.lowerBound == wanted.lowerBound && found?.lost.last?.upperBound == wanted.upperBound)
    }

    @Test("Any overwriting of a compressed body gives right octets or names them, and never the wrong ones")
    func randomDamage() async throws {
        let place = TemporaryJournal()
        let journal = try place.open()
        let body = text(4 * 65_536)
        let position = try await journal.append([note("m", body: body)], compression: .whenSmaller)[0]
        let address = try journal.record(at: position).body
        let bytes = place.contents(1)
        for round in 0..<60 {
            var damaged = bytes
            for _ in 0..<Int.random(in: 1...3) {
                let start = Int.random(in: 81..<damaged.count)
                for place in start..<min(damaged.count, start + Int.random(in: 1...5000)) {
                    damaged[place] = round % 2 == 0 ? 0 : UInt8.random(in: 0...255)
                }
            }
            place.overwrite(1, damaged)
            let found = try journal.readBlocking(address, 0..<UInt64.max)
            #expect(found.bytes.count == body.count)
            var good = body
            for range in found.lost {
                good.replaceSubrange(
                    Int(range.lowerBound)..<Int(range.upperBound),
                    with: repeatElement(0, count: range.count)
                )
            }
            #expect(found.bytes == good)
        }
        await journal.close()
    }
}
