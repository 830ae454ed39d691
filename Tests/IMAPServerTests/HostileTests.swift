// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

import IMAPServer
import Runtime
import Testing

@Suite("Bad input", .timeLimit(.minutes(20)))
struct HostileTests {
    @Test("Each kind of bad command has its own answer, and the next one works")
    func specific() async throws {
        try await Dialogue().loggedOn { client in
            try await client.talk(
                """
                C: 
                S: * BAD Expected a tag at octet 0
                C: (
                S: * BAD Expected a tag at octet 0
                C: a
                S: a BAD Expected a space at octet 1
                C: b (
                S: b BAD Expected a command at octet 2
                C: c FROB
                S: c BAD Unknown command FROB
                C: d SELECT
                S: d BAD Expected a space at octet 8
                C: e SELECT INBOX now
                S: e BAD Expected "(" at octet 15
                C: f UID NOOP
                S: f BAD Expected COPY, EXPUNGE, FETCH, MOVE, REPLACE, SEARCH, SORT, STORE or THREAD after UID at octet 10
                C: g LIST "" {99999999}
                S: g NO [TOOBIG] ...
                C: h NOOP
                S: h OK NOOP completed
                """
            )
        }
    }

    @Test("A line of a megabyte, and a literal nobody asked for, are read past")
    func long() async throws {
        try await Dialogue().loggedOn { client in
            try await client.send("a " + String(repeating: "x", count: 1 << 20) + "\r\nb NOOP\r\n")
            #expect(try await client.receive() == "a BAD Line of more than 1048576 octets")
            #expect(try await client.receive() == "b OK NOOP completed")
            let text = String(repeating: "y", count: 2 << 20)
            try await client.send("c LIST \"\" {\(text.utf8.count)+}\r\n\(text) {3+}\r\nabc\r\nd NOOP\r\n")
            #expect(try await client.receive().hasPrefix("c NO [TOOBIG]"))
            #expect(try await client.receive() == "d OK NOOP completed")
            try await client.send("e LIST \"\" {999999999999+}\r\n")
            #expect(try await client.receive() == "* BYE [TOOBIG] Too many octets at once")
        }
    }

    @Test(
        "A literal that a line ends with which was too long is no command",
        arguments: [1_048_577, 1_048_578, 1_048_579, 1_060_000, 1_300_000]
    )
    func longLineWithLiteral(octets: Int) async throws {
        try await Dialogue().loggedOn { client in
            let literal = "x DELETE INBOX\r\ny LOGOUT\r\n"
            let end = " {\(literal.utf8.count)+}"
            let line = "a " + String(repeating: "x", count: octets - 2 - end.utf8.count) + end
            // Sent at once, and with the line's end by itself.
            try await client.send("\(line)\r\n\(literal) {1+}\r\nz\r\nb NOOP\r\n")
            #expect(try await client.receive() == "a BAD Line of more than 1048576 octets")
            #expect(try await client.receive() == "b OK NOOP completed")
            try await client.send(String(line.dropLast(3)))
            try await client.send(String(line.suffix(3)) + "\r")
            try await client.send("\n\(literal)\r\nc NOOP\r\n")
            #expect(try await client.receive() == "a BAD Line of more than 1048576 octets")
            #expect(try await client.receive() == "c OK NOOP completed")
        }
    }

    @Test("Binary noise is answered BAD until it is too much")
    func noise() async throws {
        try await Dialogue().loggedOn { client in
            var state: UInt64 = 88
            var noise: [UInt8] = []
            for _ in 0..<25 {
                for _ in 0..<200 {
                    state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
                    let octet = UInt8(truncatingIfNeeded: state >> 56)
                    noise.append(octet == 10 || octet == 13 || octet == 0x7D ? 0 : octet)
                }
                noise += [13, 10]
            }
            client.connection.write(noise)
            try await client.connection.flush()
            for _ in 0..<25 { #expect(try await client.receive().contains(" BAD ")) }
            #expect(try await client.receive() == "* BYE Too many bad commands")
            #expect(try await client.connection.readLine(maximum: 100) == nil)
        }
    }

    @Test("Only bad commands in a row count")
    func inARow() async throws {
        try await Dialogue().loggedOn { client in
            for _ in 0..<3 {
                for _ in 0..<24 { try await client.expect("FOO", ["BAD Unknown command FOO"]) }
                try await client.expect("NOOP", ["OK NOOP completed"])
            }
        }
    }

    @Test(
        "A client that is gone in the middle of anything leaves a session that ends",
        arguments: [
            "a SEL", "a LOGIN {5", "a SELECT {5}\r\n", "a SELECT {5+}\r\nIN", "a APPEND INBOX {50}\r\n",
            "a APPEND INBOX {50+}\r\nabc",
            "a IDLE\r\n", "a IDLE\r\nDON",
        ]
    )
    func gone(text: String) async throws {
        let dialogue = Dialogue()
        try await dialogue.loggedOn { client in try await client.send(text) }
        #expect(dialogue.events.names.last == "imap.session.ended")
    }

    @Test("A session that is idle for too long is told so")
    func idle() async throws {
        var dialogue = Dialogue()
        dialogue.configuration.idleTimeout = .milliseconds(50)
        try await dialogue.loggedOn { client in
            let goodbye = try await client.receive()
            #expect(goodbye == "* BYE Idle for too long")
        }
    }

    @Test("Bare line feeds end commands as well")
    func bareLineFeed() async throws {
        try await Dialogue().loggedOn { client in
            try await client.send("a NOOP\nb LIST \"\" {1}\n")
            #expect(try await client.receive() == "a OK NOOP completed")
            #expect(try await client.receive() == "+ Ready for 1 octets")
            try await client.send("*\n")
            #expect(try await client.responses(to: "b").last == "OK LIST completed")
        }
    }
}
