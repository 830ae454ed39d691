// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

import SearchIndex
import Testing

@Suite struct FilterTests {
    @Test("What is in a text passes its filters", arguments: [GramFilter.Width.three, .four])
    func passes(_ width: GramFilter.Width) {
        var generator = Generator(1)
        let text = (0..<5000).map { _ in generator.pick(Array("abcdefghijklmnop ".utf8) + [0xFF]) }
        let filter = GramFilter(width, of: text)
        for _ in 0..<500 {
            let start = generator.below(text.count - 12)
            let needle = text[start..<(start + 1 + generator.below(12))].prefix { $0 < 0xFC }
            #expect(filter.passes(Array(needle)))
        }
    }

    @Test("Little of what is not in a text passes", arguments: [GramFilter.Width.three, .four])
    func keepsOut(_ width: GramFilter.Width) {
        var generator = Generator(2)
        let text = (0..<20_000).map { _ in UInt8(ascii: "a") + UInt8(generator.below(16)) }
        let filter = GramFilter(width, of: text)
        let absent = (0..<1000).map { _ in (0..<4).map { _ in UInt8(ascii: "q") + UInt8(generator.below(10)) } }
        #expect(absent.count(where: filter.passes) < 300)
        #expect(filter.bytes.count <= 16 << 10)
    }

    @Test func lengths() {
        #expect(GramFilter(.four, reading: []) != nil)
        for count in [1, 63, 65, 100, 3 << 20] {
            #expect(GramFilter(.four, reading: [UInt8](repeating: 0, count: count)) == nil)
        }
        #expect(GramFilter(.four, of: []).passes(Array("abcd".utf8)) == false)
        #expect(GramFilter.width(for: 2) == nil)
    }
}

@Suite struct RecordTests {
    @Test("A record with any octet changed is none")
    func changes() throws {
        let bench = Bench()
        try bench.add([Array("Subject: one\n\ntwo".utf8), Array("\nthree".utf8)])
        let file = Bench.read(bench.place.path)
        let payload = Int(file[56]) | Int(file[57]) << 8
        let bytes = Array(file[48..<(68 + payload)])
        #expect(SidecarRecord(reading: bytes)?.encode() == bytes)
        for index in bytes.indices {
            var changed = bytes
            changed[index] ^= 0x11
            #expect(SidecarRecord(reading: changed) == nil)
            #expect(SidecarRecord(reading: Array(bytes.prefix(index))) == nil)
        }
    }
}
