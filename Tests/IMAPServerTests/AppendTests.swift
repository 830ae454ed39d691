// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

import IMAPServer
import Locking
import MailTypes
import Runtime
import Testing

@Suite("APPEND", .timeLimit(.minutes(20)))
struct AppendTests {
    @Test("With leave, without leave, with flags and date, at once visible where it went")
    func append() async throws {
        try await Dialogue().loggedOn { client in
            try await client.run("SELECT INBOX")
            try await client.talk(
                """
                C: a APPEND INBOX (\\Seen $Work) "17-Jul-1996 02:44:25 -0700" {12}
                S: + Ready for 12 octets
                """
            )
            try await client.send("A: b\r\n\r\nbody\r\n")
            #expect(
                try await client.responses(to: "a") == [
                    "FLAGS (\\Answered \\Flagged \\Deleted \\Seen \\Draft $Work)", "1 EXISTS",
                    "OK [APPENDUID 1001 1] APPEND completed",
                ]
            )
            try await client.expect(
                "FETCH 1 (FLAGS INTERNALDATE BODY[])",
                [
                    "1 FETCH (FLAGS (\\Seen $Work) INTERNALDATE \"17-Jul-1996 02:44:25 -0700\" BODY[] {12}\r\nA: b\r\n\r\nbody)",
                    "OK FETCH completed",
                ]
            )
            try await client.send("b APPEND {4+}\r\nSent {3+}\r\na\0b\r\nc APPEND \"sent\" {1+}\r\nx\r\n")
            #expect(try await client.responses(to: "b") == ["OK [APPENDUID 1002 1] APPEND completed"])
            #expect(try await client.responses(to: "c").last?.hasPrefix("NO [TRYCREATE]") == true)
        }
    }

    @Test("What is refused is refused before leave is given, or read past")
    func refused() async throws {
        var dialogue = Dialogue()
        dialogue.configuration.maximumMessageOctets = 1000
        try await dialogue.loggedOn { client in
            try await client.talk(
                """
                C: a APPEND INBOX {1001}
                S: a NO [TOOBIG] Messages may have 1000 octets
                C: b APPEND Nowhere {10}
                S: b NO [TRYCREATE] No mailbox Nowhere
                C: c APPEND a//b {10}
                S: c NO [CANNOT] ...
                C: d APPEND INBOX {0}
                S: d NO [CANNOT] A message has at least one octet
                C: e APPEND INBOX hello
                S: e BAD Expected the message as a literal...
                C: f APPEND INBOX (\\Foo) {10}
                S: + Ready for 10 octets
                C: 0123456789
                S: f BAD ...
                """
            )
            let text = String(repeating: "x", count: 2_000)
            try await client.send(
                "g APPEND INBOX {2000+}\r\n\(text)\r\nh APPEND No {500+}\r\n\(text.prefix(500))\r\ni NOOP\r\n"
            )
            #expect(try await client.receive() == "g NO [TOOBIG] Messages may have 1000 octets")
            let missing = try await client.receive()
            #expect(missing == "h NO [TRYCREATE] No mailbox No")
            #expect(try await client.receive() == "i OK NOOP completed")
            try await client.send("j APPEND INBOX {2+}\r\nxx junk\r\nk STATUS INBOX (MESSAGES)\r\n")
            #expect(try await client.receive().hasPrefix("j BAD Expected the message as a literal"))
            #expect(try await client.responses(to: "k").first == "STATUS INBOX (MESSAGES 0)")
        }
    }

    @Test("However the octets come, also with the line end in a read of its own", arguments: [1, 2, 3, 7, 64])
    func pieces(size: Int) async throws {
        let dialogue = Dialogue()
        try await dialogue.loggedOn { client in
            let all = Array(
                "a APPEND INBOX {20+}\r\n0123456789\r\n01234567\r\nb LOGIN {3+}\r\nx\r\n y\r\nc NOOP\r\n".utf8
            )
            for start in stride(from: 0, to: all.count, by: size) {
                client.connection.write(all[start..<min(start + size, all.count)])
                try await client.connection.flush()
            }
            #expect(try await client.responses(to: "a").last == "OK [APPENDUID 1001 1] APPEND completed")
            #expect(try await client.responses(to: "b").last == "BAD LOGIN is valid before log-on only")
            #expect(try await client.responses(to: "c").last == "OK NOOP completed")
        }
        #expect(dialogue.account.state.withLock { $0.bodies[1] } == Array("0123456789\r\n01234567".utf8))
    }

    @Test("A connection that dies at any octet of an APPEND stores nothing")
    func aborted() async throws {
        let all = Array("a APPEND INBOX {20+}\r\n0123456789\r\n01234567\r\n".utf8)
        for cut in 0..<all.count - 1 {
            let dialogue = Dialogue()
            try await dialogue.loggedOn { client in
                client.connection.write(all[..<cut])
                try await client.connection.flush()
            }
            #expect(dialogue.account.state.withLock { $0.bodies.isEmpty })
            #expect(dialogue.events.names.last == "imap.session.ended")
        }
    }
}
