// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import DNSRecords

private func name(_ text: String) -> DomainName { DomainName(text) ?? .root }

private let zone = name("example.org")
private let records: [DNSRecord] = [
    DNSRecord(zone, ttl: 300, .mx(preference: 10, exchange: name("mx.example.org"))),
    DNSRecord(zone, ttl: 300, .mx(preference: 0, exchange: .root)),
    DNSRecord(name("mx.example.org"), ttl: 60, .a(0xC000_0201)),
    DNSRecord(name("mx.example.org"), ttl: 60, .aaaa(0x2001_0DB8 << 96 | 1)),
    DNSRecord(name("www.example.org"), ttl: 1, .cname(name("mx.example.org"))),
    DNSRecord(zone, ttl: 7, .ns(name("ns.example.net"))),
    DNSRecord(name("1.2.0.192.in-addr.arpa"), ttl: 7, .ptr(name("mx.example.org"))),
    DNSRecord(zone, ttl: 7, .txt([Array("v=spf1 -all".utf8), [], [UInt8](repeating: 0x61, count: 255)])),
    DNSRecord(name("_imaps._tcp.example.org"), ttl: 7, .srv(priority: 1, weight: 2, port: 993, target: zone)),
    DNSRecord(name("_25._tcp.mx"), ttl: 7, .tlsa(usage: 3, selector: 1, matching: 1, association: [1, 2, 3])),
    DNSRecord(
        zone,
        ttl: 3600,
        .soa(
            StartOfAuthority(
                server: name("ns.example.net"),
                mailbox: name("root.example.org"),
                serial: 1,
                refresh: 2,
                retry: 3,
                expire: 4,
                minimum: 5
            )
        )
    ),
    DNSRecord(zone, ttl: 7, .other(RecordType(65_280), [1, 2, 3])),
    DNSRecord(.root, ttl: 0x0100_8000, .opt([EDNSOption(code: 15, data: [0, 6])]), class: 1232),
]

@Suite struct DNSMessageTests {
    static let whole = DNSMessage(
        id: 0xBEEF,
        flags: 0x8180,
        questions: [DNSQuestion(zone, .mx)],
        answers: Array(records.prefix(5)),
        authority: Array(records[5..<7]),
        additional: Array(records[7...])
    )

    @Test func comesBackAsItWas() throws {
        let octets = try Self.whole.encoded()
        #expect(try DNSMessage(parsing: octets) == Self.whole)
    }

    @Test func everyShorterMessageIsRefused() throws {
        let octets = try Self.whole.encoded()
        for count in octets.indices {
            #expect(throws: DNSSyntaxError.self) { _ = try DNSMessage(parsing: Array(octets[..<count])) }
        }
        #expect(throws: DNSSyntaxError(.trailing, at: octets.count)) { _ = try DNSMessage(parsing: octets + [0]) }
    }

    /// Each octet wrong in turn: a value or an error, never a trap, and never more records than were counted.
    @Test func everyChangedOctetIsSurvived() throws {
        let octets = try Self.whole.encoded()
        for index in octets.indices {
            for wrong in [0x00, 0x01, 0x3F, 0x40, 0x80, 0xC0, 0xFF] as [UInt8] {
                var changed = octets
                changed[index] = wrong
                guard let message = try? DNSMessage(parsing: changed) else { continue }
                #expect(message.answers.count <= octets.count / 11)
            }
        }
    }

    /// RFC 9267: lengths that lie.
    @Test(
        arguments: [
            // MX with RDLENGTH 0 to 3, its name behind it.
            ([0, 0], [0, 10, 0]), ([0, 1], [0, 10, 0]), ([0, 2], [0, 10, 0]), ([0, 4], [0, 10, 0]),
            ([0xFF, 0xFF], [0, 10, 0]), ([0, 2], [0, 10]), ([0, 3], [0, 10, 1]), ([0, 3], [0, 10, 0xC0]),
            // A label that goes on behind the data.
            ([0, 4], [0, 10, 5, 0x61]),
        ] as [([UInt8], [UInt8])]
    )
    func lyingMXIsRefused(length: [UInt8], data: [UInt8]) {
        let head: [UInt8] = [0, 1, 0x81, 0x80, 0, 0, 0, 1, 0, 0, 0, 0]
        let octets = head + [1, 0x61, 0, 0, 15, 0, 1, 0, 0, 0, 60] + length + data
        #expect(throws: DNSSyntaxError.self) { _ = try DNSMessage(parsing: octets) }
    }

    @Test func countsThatLieAreRefused() throws {
        var octets = try Self.whole.encoded()
        for place in [4, 6, 8, 10] {
            let kept = octets[place]
            octets[place] = 0xFF
            #expect(throws: DNSSyntaxError.self) { _ = try DNSMessage(parsing: octets) }
            octets[place] = kept
        }
    }

    @Test func messageOf65535OctetsIsRead() throws {
        var message = DNSMessage(id: 1, flags: 0x8180, questions: [DNSQuestion(zone, .mx)])
        var size = try message.encoded().count
        var number = 0
        while size < DNSMessage.maximumOctets - 60 {
            number += 1
            let record = DNSRecord(zone, ttl: 60, .mx(preference: 1, exchange: name("m\(number).example.org")))
            message.answers.append(record)
            size += 12 + 2 + 2 + "m\(number)".utf8.count + 1
        }
        let rest = DNSMessage.maximumOctets - size - 12 - 1
        message.answers.append(DNSRecord(zone, ttl: 60, .txt([[UInt8](repeating: 0x61, count: rest)])))
        let octets = try message.encoded()
        #expect(octets.count == 65_535)
        #expect(try DNSMessage(parsing: octets) == message)
        message.answers.append(DNSRecord(zone, ttl: 60, .a(0)))
        #expect(throws: DNSSyntaxError.self) { _ = try message.encoded() }
    }

    @Test func aliasesAreFollowedAndBounded() throws {
        func chain(_ length: Int) -> DNSMessage {
            var message = DNSMessage(id: 0, flags: 0x8180)
            for step in 0..<length {
                message.answers.append(DNSRecord(name("c\(step)"), ttl: 1, .cname(name("c\(step + 1)"))))
            }
            message.answers.append(DNSRecord(name("c\(length)"), ttl: 1, .a(1)))
            return message
        }
        for length in 0...16 {
            let found = try #require(chain(length).records(of: name("c0"), .a))
            #expect(found.owner == name("c\(length)") && found.records.count == 1)
        }
        #expect(chain(17).records(of: name("c0"), .a) == nil)
        var loop = DNSMessage(id: 0, flags: 0x8180)
        loop.answers = [
            DNSRecord(name("a"), ttl: 1, .cname(name("b"))), DNSRecord(name("b"), ttl: 1, .cname(name("a"))),
        ]
        #expect(loop.records(of: name("a"), .mx) == nil)
        #expect(loop.records(of: name("a"), .cname)?.records.count == 1)
    }

    @Test func responseCodeHasItsHighBits() {
        var message = DNSMessage(id: 0, flags: 0x8183)
        #expect(message.responseCode == .nameError)
        message.additional = [DNSRecord(.root, ttl: 0x0100_0000, .opt([]), class: 1232)]
        #expect(message.responseCode == ResponseCode(19))
    }

    @Test(arguments: [("mx", RecordType.mx), ("AAAA", .aaaa), ("TYPE65", RecordType(65)), ("TYPE15", .mx)])
    func typesAreRead(text: String, type: RecordType) {
        #expect(RecordType(text) == type)
    }

    @Test func typesThatAreNoneAreRefused() {
        #expect(RecordType("") == nil && RecordType("TYPE65536") == nil && RecordType("MXX") == nil)
    }
}
