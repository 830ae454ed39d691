// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

import Glibc
import MessageFormat
import SearchIndex
import Testing

@Suite struct SidecarTests {
    @Test("Finds what reading the messages finds", arguments: [1, 2, 3])
    func agreement(_ seed: UInt64) throws {
        var generator = Generator(seed)
        let bench = Bench()
        try bench.add((0..<60).map { _ in MessageMaker.message(&generator) }, perBlock: 1 + generator.below(20))
        var matches = 0
        for round in 0..<60 {
            let search = MessageMaker.search(&generator)
            if round == 30 { bench.reopen() }
            let (found, leftOver) = bench.find(search)
            #expect(found == search.slow(bench.messages), "\(search.terms)")
            #expect(leftOver == 0)
            matches += found.count
        }
        #expect(matches > 200)
    }

    @Test("A header field of a million matches in the wrong place takes no time that grows with its square")
    func manyMatches() throws {
        let bench = Bench()
        let long = Array("From: a\r\nX-Long: \(String(repeating: "x", count: 1_000_000))\r\n\r\nbody\r\n".utf8)
        try bench.add([long], perBlock: 1)
        for (name, isFound) in [("from", false), ("x-long", true), ("x", false)] {
            let term = MessageSearch.Term(SearchNeedle("x"), in: .header(name))
            let (found, leftOver) = bench.find(TextSearch([term], .term(0)))
            #expect(found == (isFound ? [0] : []) && leftOver == 0)
        }
    }

    @Test("Any damage and any torn end costs time, and nothing else", arguments: [4])
    func damage(_ seed: UInt64) throws {
        var generator = Generator(seed)
        let bench = Bench()
        try bench.add((0..<24).map { _ in MessageMaker.message(&generator) }, perBlock: 6)
        let whole = bench.files.map { ($0, Bench.read($0)) }
        #expect(whole.count == 2)
        let searches = (0..<4).map { _ in MessageMaker.search(&generator) }
        let expected = searches.map { $0.slow(bench.messages) }
        var noticed = 0
        for round in 0..<45 {
            for (path, bytes) in whole { Bench.write(path, bytes) }
            var (path, bytes) = generator.pick(whole)
            switch round % 3 {
            case 0: bytes.removeLast(generator.below(bytes.count))
            case 1: bytes[generator.below(bytes.count)] ^= 1 << UInt8(generator.below(8))
            default:
                let start = generator.below(bytes.count)
                for index in start..<min(bytes.count, start + 300) { bytes[index] = 0 }
            }
            Bench.write(path, bytes)
            bench.reopen()
            for (search, expected) in zip(searches, expected) {
                let (found, leftOver) = bench.find(search)
                #expect(found == expected)
                noticed += leftOver
            }
            // What is missing is made again, behind what is whole.
            let missing = bench.sidecar.load().missing(bench.keys)
            var block = TextBlock()
            for (key, message) in zip(bench.keys, bench.messages) where missing.contains(key) {
                block.add(key, MessageText(of: message, MessageStructure(parsing: message)))
            }
            try bench.sidecar.append(block)
            bench.reopen()
            #expect(bench.find(searches[0]).found == expected[0])
        }
        #expect(noticed > 30)
    }

    @Test("Files of another store, account or version are not taken")
    func identity() throws {
        var generator = Generator(6)
        let bench = Bench()
        try bench.add([MessageMaker.message(&generator)])
        #expect(TextSidecar(bench.place).load().count == 1)
        var other = bench.place
        other.identity[3] ^= 1
        #expect(TextSidecar(other).load().count == 0)
        other = bench.place
        other.account = 8
        #expect(TextSidecar(other).load().count == 0)
        var bytes = Bench.read(bench.place.path)
        bytes[4] += 1
        Bench.write(bench.place.path, bytes)
        #expect(TextSidecar(bench.place).load().count == 0)
    }

    @Test("A place that was given to another message is not mistaken for the first")
    func reuse() throws {
        var generator = Generator(7)
        let bench = Bench()
        try bench.add([MessageMaker.message(&generator)])
        bench.keys[0].check ^= 1
        let search = TextSearch([], .all([]))
        #expect(bench.find(search).leftOver == 1)
    }

    @Test("Small blocks at the end are put together")
    func tail() throws {
        var generator = Generator(8)
        let bench = Bench()
        for _ in 0..<5 {
            var block = bench.sidecar.smallTail() ?? TextBlock()
            let message = MessageMaker.message(&generator)
            bench.messages.append(message)
            bench.keys.append(TextKey(UInt64(bench.keys.count), check: 1))
            block.add(bench.keys[bench.keys.count - 1], MessageText(of: message, MessageStructure(parsing: message)))
            try bench.sidecar.append(block)
        }
        let state = bench.sidecar.load()
        #expect((state.count, state.listed) == (5, 15))
        #expect(bench.sidecar.smallTail()?.count == 5)
        let search = MessageMaker.search(&generator)
        #expect(bench.find(search).found == search.slow(bench.messages))
    }

    @Test("Written anew it has the living only, and searches under way go on")
    func rewriting() throws {
        var generator = Generator(9)
        let bench = Bench()
        try bench.add((0..<40).map { _ in MessageMaker.message(&generator) }, perBlock: 7)
        let search = TextSearch([MessageSearch.Term(SearchNeedle("e"), in: .text)], .term(0))
        let keys = bench.keys
        let before = bench.sidecar.load()
        let run = SidecarSearch(bench.sidecar, search, Array(keys.indices)) { keys[$0] }
        #expect(!run.step(nanoseconds: 0))
        try bench.sidecar.rewrite(where: { $0.number.isMultiple(of: 300) })
        while !run.step(nanoseconds: 0) {}
        #expect(run.result.leftOver.isEmpty)
        #expect(run.result.matches == search.slow(bench.messages))
        for _ in 0..<2 {
            let state = bench.sidecar.load()
            #expect(state.count == 14 && state.listed == 14 && state.generation == before.generation + 1)
            #expect(bench.find(search).leftOver == 26)
            #expect(bench.find(search).found == search.slow(bench.messages))
            bench.reopen()
        }
        #expect(bench.files.count == 2)
        #expect(throws: TextSidecar.Failure.self) { try bench.sidecar.rewrite(where: { _ in true }, pause: { false }) }
        #expect(bench.sidecar.load().count == 14 && bench.files.count == 2)
    }

    @Test("Only the messages that are asked for are answered")
    func candidates() throws {
        var generator = Generator(11)
        let bench = Bench()
        try bench.add((0..<50).map { _ in MessageMaker.message(&generator) }, perBlock: 9)
        for _ in 0..<20 {
            let search = MessageMaker.search(&generator)
            let some = (0..<50).filter { _ in generator.below(3) == 0 }.shuffled()
            #expect(bench.find(search, some).found == search.slow(bench.messages).filter(some.contains))
        }
    }

    @Test("A text that is too large is left to be read")
    func tooLarge() throws {
        let bench = Bench()
        let line = "x".repeated(99) + "\n"
        let small = Array("Subject: s\n\nneedle".utf8)
        try bench.add([small])
        var text = MessageText()
        let lines = Array(line.repeated(10_000).utf8)
        for _ in 0...(MessageText.maximumOctets / lines.count) { text.add([.body(lines)]) }
        #expect(text.isTooLarge && text.count == 0)
        bench.messages.append(Array("Subject: big\n\nneedle".utf8))
        bench.keys.append(TextKey(3000, check: 3))
        var block = TextBlock()
        block.add(bench.keys[1], text)
        try bench.sidecar.append(block)
        bench.reopen()
        #expect(bench.sidecar.load().missing(bench.keys).isEmpty)
        let search = TextSearch([MessageSearch.Term(SearchNeedle("needle"), in: .text)], .term(0))
        #expect(bench.find(search) == ([0, 1], 1))
        try bench.sidecar.rewrite(where: { _ in true })
        #expect(bench.find(search) == ([0, 1], 1))
    }

    @Test("Nothing is written into room that others need")
    func room() throws {
        let bench = Bench()
        let sidecar = TextSidecar(bench.place, reserve: .max / 2)
        var block = TextBlock()
        block.add(TextKey(1, check: 1), MessageText())
        #expect(throws: TextSidecar.Failure.self) { try sidecar.append(block) }
        #expect(sidecar.load().count == 0)
    }
}

extension String {
    fileprivate func repeated(_ count: Int) -> String { String(repeating: self, count: count) }
}
