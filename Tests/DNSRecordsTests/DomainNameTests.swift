// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import DNSRecords

@Suite struct DomainNameTests {
    @Test(arguments: [
        ("example.org", "example.org"), ("example.org.", "example.org"), (".", "."), ("A.b", "A.b"),
        ("a\\.b.c", "a\\.b.c"), ("a\\\\b", "a\\\\b"), ("a\\032b", "a\\032b"), ("_dmarc.x", "_dmarc.x"), ("1", "1"),
    ])
    func readsAndShows(text: String, shown: String) throws {
        #expect(try #require(DomainName(text)).description == shown)
    }

    @Test(arguments: ["", "..", ".a", "a..b", "a\\", "a\\2", "a\\25x", "a\\256"])
    func refuses(text: String) {
        #expect(DomainName(text) == nil)
    }

    @Test func labelsAndNamesHaveLimits() {
        let label = String(repeating: "a", count: 63)
        #expect(DomainName(label) != nil)
        #expect(DomainName(label + "a") == nil)
        let longest = [label, label, label, String(repeating: "b", count: 61)].joined(separator: ".")
        #expect(DomainName(longest)?.wire.count == 255)
        #expect(DomainName(longest + "b") == nil)
    }

    @Test func caseDoesNotCount() throws {
        let (one, other) = (try #require(DomainName("Example.ORG")), try #require(DomainName("example.org")))
        #expect(one == other)
        #expect(Set([one, other]).count == 1)
        #expect(one != DomainName("example.com"))
    }

    /// Message octets, where the name begins, and the name with the offset behind it; `nil` for one that is refused.
    static let wires: [(octets: [UInt8], start: Int, expected: (String, Int)?)] = [
        ([0], 0, (".", 1)),
        ([1, 0x61, 0], 0, ("a", 3)),
        ([1, 0x61, 0, 1, 0x62, 0xC0, 0], 3, ("b.a", 7)),
        ([1, 0x61, 0, 0xC0, 0], 3, ("a", 5)),
        // A chain of pointers, each further back.
        ([1, 0x61, 0, 0xC0, 0, 0xC0, 3], 5, ("a", 7)),
        // To itself, to each other, forward, into the labels that lead to it.
        ([0xC0, 0], 0, nil),
        ([0xC0, 2, 0xC0, 0], 2, nil),
        ([0xC0, 2, 0], 0, nil),
        ([1, 0x61, 0xC0, 0], 0, nil),
        ([1, 0x61, 0xC0, 0], 2, nil),
        // Ends too early, in each place.
        ([], 0, nil),
        ([1], 0, nil),
        ([2, 0x61], 0, nil),
        ([1, 0x61], 0, nil),
        ([0xC0], 0, nil),
        // Kinds of labels that there are not.
        ([0x40, 0], 0, nil),
        ([0x80, 0], 0, nil),
        ([63], 0, nil),
    ]

    @Test(arguments: wires.indices)
    func readsWire(row: Int) throws {
        let (octets, start, expected) = Self.wires[row]
        var offset = start
        let name = try? DomainName(in: octets, at: &offset)
        #expect(name?.description == expected?.0)
        if let expected { #expect(offset == expected.1) }
    }

    @Test func nameOf255OctetsIsTheLongest() throws {
        let label: [UInt8] = [63] + [UInt8](repeating: 0x61, count: 63)
        let name = label + label + label + [61] + [UInt8](repeating: 0x62, count: 61) + [0]
        var offset = 0
        #expect(try DomainName(in: name, at: &offset).wire == name)
        let longer = label + label + label + [62] + [UInt8](repeating: 0x62, count: 62) + [0]
        offset = 0
        #expect(throws: DNSSyntaxError(.nameLength, at: 192)) { _ = try DomainName(in: longer, at: &offset) }
    }
}
