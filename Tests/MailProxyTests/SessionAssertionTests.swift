// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

import ByteTools
import MailProxy
import MailTypes
import Runtime
import Testing

@Suite struct SessionAssertionTests {
    static let now: Int64 = 1_800_000_000_000

    static func key(_ octet: UInt8 = 7) throws -> AssertionSecret {
        try #require(AssertionSecret([UInt8](repeating: octet, count: AssertionSecret.octets)))
    }

    static func assertion(
        _ opening: SessionAssertion.Opening = .logOn(tag: Array("a1".utf8)),
        tls: TLSFacts? = TLSFacts(version: "TLSv1.3", cipher: "TLS_AES_256_GCM_SHA384", serverName: "mx.example.test")
    ) throws -> SessionAssertion {
        SessionAssertion(
            .imap,
            account: AccountID(42),
            name: try #require(MailboxAddress("alice@example.test")),
            clientAddress: "2001:db8::7",
            tls: tls,
            trace: .random(),
            opening: opening
        )
    }

    @Test func roundTrip() throws {
        let plain = TLSFacts(version: "TLSv1.2", cipher: "x", serverName: nil)
        var utf8 = try Self.assertion()
        utf8.acceptsUTF8 = true
        for assertion in [
            utf8, try Self.assertion(), try Self.assertion(.silent), try Self.assertion(.logOn(tag: [])),
            try Self.assertion(tls: nil), try Self.assertion(tls: plain),
        ] {
            let line = assertion.line(key: try Self.key(), now: Self.now)
            #expect(line.count <= SessionAssertion.maximumLineOctets)
            #expect(!line.contains { ASCII.isControl($0) })
            #expect(line.starts(with: "MARTLET1 imap ".utf8))
            #expect(try SessionAssertion(verifying: line, key: try Self.key(), now: Self.now) == assertion)
        }
    }

    @Test(
        "times",
        arguments: [
            (Int64(0), AssertionError?.none), (30_000, nil), (35_000, nil), (35_001, .expired), (-5_000, nil),
            (-5_001, .notYetValid), (.max - now, .malformed), (.min, .notYetValid),
        ]
    )
    func times(_ later: Int64, _ error: AssertionError?) throws {
        let line = try Self.assertion().line(key: try Self.key(), now: Self.now)
        let key = try Self.key()
        let now = Self.now &+ later
        if let error {
            #expect(throws: error) { try SessionAssertion(verifying: line, key: key, now: now) }
        } else {
            #expect(throws: Never.self) { try SessionAssertion(verifying: line, key: key, now: now) }
        }
    }

    @Test("another key") func wrongKey() throws {
        let line = try Self.assertion().line(key: try Self.key(1), now: Self.now)
        let key = try Self.key(2)
        #expect(throws: AssertionError.badSignature) { try SessionAssertion(verifying: line, key: key, now: Self.now) }
    }

    @Test func secretsHave32Octets() {
        #expect(AssertionSecret([1, 2, 3]) == nil)
        #expect(AssertionSecret([UInt8](repeating: 1, count: 33)) == nil)
    }

    @Test("no octet can be changed, left out or added") func tampering() throws {
        let key = try Self.key()
        let line = try Self.assertion().line(key: key, now: Self.now)
        var generator = SystemRandomNumberGenerator()
        for index in line.indices {
            var changed = line
            changed[index] ^= UInt8.random(in: 1...255, using: &generator)
            #expect(throws: AssertionError.self) { try SessionAssertion(verifying: changed, key: key, now: Self.now) }
            var shorter = line
            shorter.remove(at: index)
            #expect(throws: AssertionError.self) { try SessionAssertion(verifying: shorter, key: key, now: Self.now) }
        }
        #expect(throws: AssertionError.self) { try SessionAssertion(verifying: line + [0x41], key: key, now: Self.now) }
    }

    @Test("a proof for one protocol is none for the other") func otherProtocol() throws {
        let key = try Self.key()
        let line = try Self.assertion().line(key: key, now: Self.now)
        let text = String(decoding: line, as: UTF8.self).replacing("MARTLET1 imap", with: "MARTLET1 pop3")
        #expect(throws: AssertionError.badSignature) {
            try SessionAssertion(verifying: Array(text.utf8), key: key, now: Self.now)
        }
    }

    @Test("any octets are an answer") func noise() throws {
        let key = try Self.key()
        for _ in 0..<2000 {
            let noise = (0..<Int.random(in: 0...200)).map { _ in UInt8.random(in: 0...255) }
            for line in [
                noise, Array("MARTLET1 imap ".utf8) + noise, Array("MARTLET1 imap AAAA ".utf8) + Base64.encode(noise),
            ] {
                #expect(throws: AssertionError.self) { try SessionAssertion(verifying: line, key: key, now: Self.now) }
            }
        }
    }
}
