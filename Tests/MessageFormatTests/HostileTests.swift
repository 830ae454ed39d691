// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

import MessageFormat
import Testing

/// Messages made to exhaust a parser.
///
/// Each must give a consistent answer at once.
@Suite struct HostileTests {
    private func parse(_ bytes: [UInt8], sourceLocation: SourceLocation = #_sourceLocation) -> MessageStructure {
        let start = threadSeconds()
        let structure = MessageStructure(parsing: bytes)
        let encoded = MessageSummary(structure: structure).encode()
        // Of the processor's time in a debug build; a release build takes a tenth.
        let taken = threadSeconds() - start
        #expect(taken < 10, sourceLocation: sourceLocation)
        #expect(MessageSummary.decode(encoded)?.structure == structure, sourceLocation: sourceLocation)
        return structure
    }

    @Test(arguments: [1, 10, 97, 98, 99, 100, 101, 1_000, 10_000])
    func nestedMultiparts(_ depth: Int) {
        var bytes: [UInt8] = []
        for level in 0..<depth {
            bytes += octets("Content-Type: multipart/mixed; boundary=b\(level)\r\n\r\n--b\(level)\r\n")
        }
        bytes += octets("\r\ninnermost\r\n")
        let structure = parse(bytes)
        #expect(inconsistencies(of: structure, in: bytes).isEmpty)
        #expect(structure.faults.contains(.tooDeep) == (depth >= 100))
    }

    @Test(arguments: [98, 99, 100, 10_000])
    func nestedMessages(_ depth: Int) {
        let bytes = Array(repeating("Content-Type: message/rfc822\r\n\r\n", depth).prefix(32 * depth)) + octets("x")
        let structure = parse(bytes)
        #expect(inconsistencies(of: structure, in: bytes).isEmpty)
        #expect(structure.faults.contains(.tooDeep) == (depth >= 100))
    }

    @Test func manyParts() {
        let bytes = octets("Content-Type: multipart/mixed; boundary=b\r\n\r\n") + repeating("--b\r\n\r\nx\r\n", 100_000)
        let structure = parse(bytes)
        #expect(structure.root.children.count == 9_999)
        #expect(structure.faults.contains(.tooManyParts))
        #expect(inconsistencies(of: structure, in: bytes).isEmpty)
    }

    @Test func hugeHeader() {
        let filler = "X-Filler: " + String(repeating: "x", count: 60) + "\r\n"
        let bytes = octets("Subject: a\r\n") + repeating(filler, 840_000) + octets("To: late@x.test\r\n\r\nbody")
        let structure = parse(bytes)
        #expect(structure.root.octets == 4)
        #expect(structure.faults.contains(.headerCut) && structure.envelope.to.isEmpty)
    }

    @Test func hugeField() {
        let bytes = octets("Subject: ") + [UInt8](repeating: 0x61, count: 60 << 20) + octets("\r\n\r\nbody")
        let structure = parse(bytes)
        #expect(structure.root.octets == 4)
        #expect(structure.envelope.subject?.count == MessageLimits.standard.fieldOctets)
    }

    @Test func manyParameters() {
        let bytes = octets("Content-Type: text/plain") + repeating("; a=b", 1_000_000) + octets("\r\n\r\n")
        let structure = parse(bytes)
        #expect(structure.root.mediaType.parameters.entries.count == MessageLimits.standard.parameters)
        #expect(structure.faults.contains(.tooManyParameters))
    }

    @Test(arguments: ["a@b,", "x:;", "(", "((((", "\"", "<", "<@a,", "a ", ":", "@", "[", "a@b <", ",", "\\", "a:b,;"])
    func manyAddresses(_ piece: String) {
        let bytes = octets("To: ") + repeating(piece, 100_000) + octets("\r\n\r\n")
        let structure = parse(bytes)
        #expect(structure.envelope.to.count <= MessageLimits.standard.addresses + 1)
    }

    @Test func lookAlikeBoundaries() {
        var bytes: [UInt8] = []
        let stem = String(repeating: "-", count: 60)
        for level in 0..<98 {
            bytes += octets("Content-Type: multipart/mixed; boundary=\"\(stem)\(level)\"\r\n\r\n--\(stem)\(level)\r\n")
        }
        bytes += octets("\r\n") + repeating("--\(stem)9x\r\n", 20_000)
        #expect(inconsistencies(of: parse(bytes), in: bytes).isEmpty)
    }

    @Test(arguments: [
        [UInt8](repeating: 0, count: 100_000), [UInt8](repeating: 0x0D, count: 100_000),
        [UInt8](repeating: 0x0A, count: 100_000), [UInt8](repeating: 0x20, count: 100_000),
        [UInt8](repeating: 0x2D, count: 100_000), [UInt8](repeating: 0x3A, count: 100_000),
        [UInt8](repeating: 0xFF, count: 100_000), octets("\0: \0\r\n\r\n\0"),
        octets("Content-Type: multipart/mixed; boundary=\"\"\r\n\r\n--\r\n----\r\n"),
        octets("Content-Type: text/plain; charset=\"\"\r\nContent-Transfer-Encoding:\r\n\r\nx"),
        octets("Subject: a\rContent-Type: b\r\n\rx\r\n\r\n"),
    ])
    func oddOctets(_ bytes: [UInt8]) {
        #expect(inconsistencies(of: parse(bytes), in: bytes).isEmpty)
    }

    @Test func valuesHoldNoLineEndsAndNoNull() {
        let structure = parse(octets("Subject: a\0b\rc\r\n\td\r\nContent-ID: \0\r\n\r\n"))
        #expect(text(structure.envelope.subject) == "abc\td")
        #expect(structure.root.contentID == [])
    }

    @Test func damagedSummariesAreRefusedOrConsistent() {
        let encoded = MessageSummary(parsing: SectionTests.bytes).encode()
        for index in encoded.indices {
            for bit in 0..<8 {
                var damaged = encoded
                damaged[index] ^= 1 << UInt8(bit)
                guard let summary = MessageSummary.decode(damaged) else { continue }
                #expect(summary.structure.root.body.upperBound == summary.structure.size)
            }
        }
    }
}
