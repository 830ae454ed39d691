// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

import Compression
import Testing

private func inflated(_ compressed: [UInt8], by piece: Int, maximum: Int) throws -> [UInt8] {
    let inflater = try #require(Inflater())
    var whole: [UInt8] = []
    for start in stride(from: 0, to: compressed.count, by: piece) {
        let octets = Array(compressed[start..<min(start + piece, compressed.count)])
        unsafe octets.withUnsafeBytes { unsafe inflater.add($0) }
        while inflater.hasPending {
            let read = try inflater.read(maximum: maximum)
            #expect(read.count <= maximum)
            if read.isEmpty { break }
            whole += read
        }
    }
    return whole
}

@Suite("DEFLATE")
struct DeflateTests {
    @Test("What was compressed comes back, piece by piece", arguments: [1, 7, 1000, 1 << 20], [1, 100, 65_536])
    func roundTrip(piece: Int, maximum: Int) throws {
        let texts: [[UInt8]] = [
            Array("* OK hello\r\n".utf8), [0], Array(String(repeating: "* 1 FETCH (FLAGS ())\r\n", count: 200).utf8),
            (0..<3000).map { UInt8(truncatingIfNeeded: $0 &* $0 >> 3) },
        ]
        let compressed = try texts.flatMap { try #require(Deflate.compress($0)) }
        #expect(try inflated(compressed, by: piece, maximum: maximum) == Array(texts.joined()))
    }

    @Test("Each piece can be read when it has come")
    func flushed() throws {
        let inflater = try #require(Inflater())
        for text in ["a1 NOOP\r\n", "a2 SELECT INBOX\r\n"] {
            let octets = try #require(Deflate.compress(Array(text.utf8)))
            unsafe octets.withUnsafeBytes { unsafe inflater.add($0) }
            #expect(try inflater.read(maximum: 100) == Array(text.utf8))
            #expect(try inflater.read(maximum: 100).isEmpty)
        }
        #expect(Deflate.compress([]) == [])
    }

    @Test("A little that stands for much is given out in pieces")
    func bomb() throws {
        let octets = try #require(Deflate.compress([UInt8](repeating: 0, count: 20_000_000)))
        #expect(octets.count < 100_000)
        let inflater = try #require(Inflater())
        unsafe octets.withUnsafeBytes { unsafe inflater.add($0) }
        #expect(try inflater.read(maximum: 65_536).count == 65_536)
        #expect(inflater.hasPending)
    }

    @Test("What is no DEFLATE, or ends, is an error and no trap")
    func hostile() throws {
        for octets: [UInt8] in [[0xFF, 0xFF, 0xFF], [0x03, 0x00], [0x07], Array("a1 NOOP\r\n".utf8)] {
            let inflater = try #require(Inflater())
            unsafe octets.withUnsafeBytes { unsafe inflater.add($0) }
            #expect(throws: Inflater.Failure.self) { for _ in 0..<3 { _ = try inflater.read(maximum: 100) } }
        }
        for _ in 0..<300 {
            let octets = (0..<Int.random(in: 1..<60)).map { _ in UInt8.random(in: 0...255) }
            _ = try? inflated(octets, by: 7, maximum: 50)
        }
    }
}
