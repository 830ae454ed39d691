// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import Compression
internal import Testing

@Suite struct ZstdTests {
    private static let text = Array(String(repeating: "Subject: the quick brown fox\r\n", count: 400).utf8)

    private func compress(_ bytes: [UInt8], level: Int = 3, maximum: Int = .max) -> [UInt8]? {
        unsafe Zstd.compress(bytes.span.bytes, level: level, maximum: maximum)
    }

    private func decompress(_ frame: [UInt8], count: Int) -> [UInt8]? {
        unsafe Zstd.decompress(frame.span.bytes, count: count)
    }

    @Test(arguments: [0, 1, 100, 12_000])
    func `What is compressed comes back`(count: Int) throws {
        let bytes = Array(Self.text.prefix(count))
        let frame = try #require(compress(bytes))
        #expect(decompress(frame, count: bytes.count) == bytes)
    }

    @Test func `Text becomes smaller, and a bound on the frame holds`() throws {
        let frame = try #require(compress(Self.text))
        #expect(frame.count < Self.text.count / 10)
        #expect(compress(Self.text, maximum: frame.count - 1) == nil)
        #expect(compress(Self.text, maximum: 0) == nil)
    }

    @Test func `Another length than was asked for is refused`() throws {
        let frame = try #require(compress(Self.text))
        #expect(decompress(frame, count: Self.text.count - 1) == nil)
        #expect(decompress(frame, count: Self.text.count + 1) == nil)
        #expect(decompress(frame, count: 0) == nil)
        #expect(decompress(frame, count: -1) == nil)
    }

    @Test func `Octets that are no frame are refused`() throws {
        #expect(decompress([], count: 10) == nil)
        #expect(decompress(Array("no frame at all".utf8), count: 10) == nil)
        let frame = try #require(compress(Self.text))
        for length in 0..<frame.count {
            #expect(decompress(Array(frame.prefix(length)), count: Self.text.count) == nil)
        }
    }

    @Test func `Many tasks at once get what is theirs`() async {
        await withTaskGroup(of: Bool.self) { group in
            for seed in 0..<32 {
                group.addTask {
                    let bytes = Array(Self.text.dropFirst(seed))
                    guard let frame = self.compress(bytes, level: 1) else { return false }
                    return self.decompress(frame, count: bytes.count) == bytes
                }
            }
            for await isRight in group { #expect(isRight) }
        }
    }
}
