// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

import IMAPServer
import Locking
import MailTypes
import Runtime
import Testing

private let mixed =
    "Subject: parts\r\nX-Other: y\r\nContent-Type: multipart/mixed; boundary=x\r\n\r\n"
    + "--x\r\nContent-Type: text/plain\r\n\r\none\r\n--x\r\nContent-Type: text/html\r\n\r\ntwo\r\n--x--\r\n"

@Suite("CATENATE (RFC 4469)", .timeLimit(.minutes(20)))
struct CatenateTests {
    private func bodies(_ dialogue: Dialogue) -> [String] {
        dialogue.account.state.withLock { state in
            state.bodies.sorted { $0.key < $1.key }.map { String(decoding: $0.value, as: UTF8.self) }
        }
    }

    @Test("Texts and parts of messages make a message, octet for octet, and nothing is seen by it")
    func parts() async throws {
        let dialogue = Dialogue()
        dialogue.account.deliver(mixed, to: "Sent")
        try await dialogue.loggedOn { client in
            try await client.send(
                "a APPEND INBOX (\\Seen $New) \"17-Jul-1996 02:44:25 -0700\" "
                    + "CATENATE (URL \"/Sent;UIDVALIDITY=1002/;UID=1/;section=HEADER\" TEXT {5}\r\n"
            )
            #expect(try await client.receive() == "+ Ready for 5 octets")
            try await client.send("--x\r\n URL /Sent/;UID=1/;SECTION=1.MIME URL {23}\r\n")
            #expect(try await client.receive() == "+ Ready for 23 octets")
            try await client.send("/Sent/;UID=1/;SECTION=1 TEXT {0+}\r\n TEXT {7+}\r\n\r\n--x--)\r\n")
            #expect(try await client.responses(to: "a") == ["OK [APPENDUID 1001 1] APPEND completed"])
            try await client.run("SELECT INBOX")
            try await client.expect(
                "FETCH 1 (FLAGS INTERNALDATE BODY[1])",
                [
                    "1 FETCH (FLAGS (\\Seen $New) INTERNALDATE \"17-Jul-1996 02:44:25 -0700\" BODY[1] {3}\r\none)",
                    "OK FETCH completed",
                ]
            )
            try await client.expect(
                "STATUS Sent (MESSAGES UNSEEN)",
                ["STATUS Sent (MESSAGES 1 UNSEEN 1)", "OK STATUS completed"]
            )
        }
        let header = "Subject: parts\r\nX-Other: y\r\nContent-Type: multipart/mixed; boundary=x\r\n\r\n"
        let made = header + "--x\r\nContent-Type: text/plain\r\n\r\none\r\n--x--"
        #expect(bodies(dialogue).last == made)
    }

    @Test("However the octets come", arguments: [1, 2, 3, 7, 64])
    func pieces(size: Int) async throws {
        let dialogue = Dialogue()
        dialogue.account.deliver(mixed)
        try await dialogue.loggedOn { client in
            let all = Array(
                ("a APPEND INBOX CATENATE (TEXT {4+}\r\nx{3} URL {16+}\r\n/INBOX/;UID=1/;S TEXT {1+}\r\ny)\r\n"
                    + "b APPEND INBOX CATENATE (URL {14+}\r\n/INBOX/;UID=1 URL \"/INBOX/;UID=1/;PARTIAL=9.5\") "
                    + "(\\Seen) CATENATE (TEXT {2+}\r\n\r\n URL /INBOX/;UID=1/;SECTION=2) {3+}\r\n)\r\n\r\nc NOOP\r\n")
                    .utf8
            )
            for start in stride(from: 0, to: all.count, by: size) {
                client.connection.write(all[start..<min(start + size, all.count)])
                try await client.connection.flush()
            }
            #expect(try await client.responses(to: "a").last?.hasPrefix("NO [BADURL /INBOX/;UID=1/;S] ") == true)
            #expect(try await client.responses(to: "b").last?.hasPrefix("BAD ") == true)
            #expect(try await client.responses(to: "c").last == "OK NOOP completed")
            try await client.send(
                "d APPEND INBOX CATENATE (URL \"/INBOX/;UID=1/;PARTIAL=9.5\" URL {13+}\r\n/INBOX/;UID=1) "
                    + "(\\Seen) CATENATE (TEXT {2+}\r\n\r\n URL /INBOX/;UID=1/;SECTION=2) {3+}\r\n)\r\n\r\n"
            )
            #expect(try await client.responses(to: "d").last == "OK [APPENDUID 1001 2:4] APPEND completed")
        }
        #expect(bodies(dialogue).dropFirst() == ["parts" + mixed, "\r\ntwo", ")\r\n"])
    }

    @Test("A line that is too long behind a text is refused, and the session goes on")
    func longLine() async throws {
        let dialogue = Dialogue()
        try await dialogue.loggedOn { client in
            let long = String(repeating: "x", count: 1_100_000)
            for behind in [" URL \"\(long)\")", ")\(long)", " TEXT {3+}\r\nabc\(long)"] {
                try await client.send("a APPEND INBOX CATENATE (TEXT {1+}\r\nx\(behind)\r\n")
                #expect(try await client.receive() == "a BAD Line of more than 1048576 octets")
            }
            try await client.send("b APPEND INBOX {1}\r\n")
            #expect(try await client.receive() == "+ Ready for 1 octets")
            try await client.send("x\(long) {10+}\r\nc LOGOUT\r\n\r\n")
            #expect(try await client.receive() == "b BAD Line of more than 1048576 octets")
            try await client.expect("NOOP", ["OK NOOP completed"])
        }
        #expect(bodies(dialogue).isEmpty)
    }

    @Test("Relative URLs count from the selected mailbox; fields of a header can be picked")
    func relative() async throws {
        let dialogue = Dialogue()
        try await dialogue.loggedOn { client in
            try await client.run("CREATE a/b")
            try await client.run("CREATE a/c")
            dialogue.account.deliver(mixed, to: "a/b")
            dialogue.account.deliver("Subject: c\r\n\r\nc", to: "a/c")
            let bad = "NO [BADURL ;UID=1] No such mailbox"
            try await client.expect("APPEND INBOX CATENATE (URL ;UID=1)", [bad])
            try await client.run("SELECT a/b")
            try await client.run(
                "APPEND INBOX CATENATE (URL \";UID=1/;SECTION=HEADER.FIELDS%20(Subject)\" URL c/;UID=1/;SECTION=TEXT)"
            )
            let others = ";UID=1/;SECTION=HEADER.FIELDS.NOT%20(Subject)/;PARTIAL=2.3"
            try await client.run("APPEND INBOX CATENATE (URL \"\(others)\")")
            let both = try await client.run("UID REPLACE 1 INBOX CATENATE (URL ;UID=1/;SECTION=2)")
            #expect(both == ["OK [APPENDUID 1001 3] Replacement", "1 EXPUNGE", "OK UID REPLACE completed"])
        }
        #expect(bodies(dialogue).dropFirst(2) == ["Subject: parts\r\n\r\nc", "Oth", "two"])
    }

    @Test("What cannot be made is refused as a whole, before leave is given, or read past")
    func refused() async throws {
        var dialogue = Dialogue()
        dialogue.configuration.maximumMessageOctets = 200
        dialogue.account.deliver(mixed)
        dialogue.account.deliver("Subject: lost\r\n\r\nlost")
        dialogue.account.deliver("Subject: refused\r\n\r\nlost")
        dialogue.account.damage(UID(2), .filled(3..<9))
        dialogue.account.damage(UID(3), .refused)
        try await dialogue.loggedOn { client in
            for url in [
                "/INBOX", "/INBOX/;UID=9", "/INBOX;UIDVALIDITY=1/;UID=1", "/No/;UID=1", "/INBOX/;UID=1/;SECTION=7",
                "imap://alice@h/INBOX/;UID=1", "/INBOX/;UID=2", "/INBOX/;UID=3", "/a%5D/;UID=1",
            ] {
                let answer = try await client.run(
                    "APPEND INBOX CATENATE (TEXT {1+}\r\nx URL \"\(url)\" TEXT {1+}\r\ny)"
                )
                #expect(answer.count == 1 && answer[0].hasPrefix("NO [BADURL \(url)] "), "\(answer)")
            }
            try await client.expect(
                "APPEND INBOX CATENATE (URL \"a]\")",
                ["NO [BADURL a%5D] Not a URL of a message here"]
            )
            try await client.talk(
                """
                C: a APPEND INBOX CATENATE (URL /INBOX/;UID=1 TEXT {60}
                S: a NO [TOOBIG] Messages may have 200 octets
                C: b APPEND INBOX CATENATE (URL /INBOX/;UID=1 URL /INBOX/;UID=1)
                S: b NO [TOOBIG] Messages may have 200 octets
                C: c APPEND INBOX CATENATE (URL /INBOX/;UID=1) CATENATE (TEXT {60}
                S: c NO [LIMIT] ...
                C: d APPEND No CATENATE (URL /INBOX/;UID=1)
                S: d NO [TRYCREATE] ...
                C: e APPEND INBOX CATENATE (URL /INBOX/;UID=1/;PARTIAL=900)
                S: e NO [CANNOT] A message has at least one octet
                C: f APPEND INBOX CATENATE (UTF8 (~{5}
                S: f BAD UTF8=ACCEPT must be enabled first
                C: g REPLACE 1 INBOX CATENATE (URL /INBOX/;UID=1)
                S: g BAD REPLACE needs a selected mailbox
                """
            )
            let long = String(repeating: "y", count: 300)
            try await client.send("h APPEND INBOX CATENATE (TEXT {1+}\r\nx TEXT {300+}\r\n\(long))\r\n")
            #expect(try await client.receive() == "h NO [TOOBIG] Messages may have 200 octets")
            try await client.send("i APPEND INBOX CATENATE (TEXT {1+}\r\nx TXT {3+}\r\nxyz)\r\n")
            #expect(try await client.receive().hasPrefix("i BAD Expected URL, TEXT or UTF8"))
            let longer = String(repeating: "z", count: 5000)
            try await client.send("j APPEND INBOX CATENATE (TEXT {1+}\r\nx URL {5000+}\r\n\(longer))\r\n")
            #expect(try await client.receive().hasPrefix("j BAD "))
            try await client.expect("STATUS INBOX (MESSAGES)", ["STATUS INBOX (MESSAGES 3)", "OK STATUS completed"])
        }
    }

    @Test("A connection that dies at any octet stores nothing")
    func aborted() async throws {
        let all = Array(
            "a APPEND INBOX CATENATE (URL {13+}\r\n/INBOX/;UID=1 TEXT {4+}\r\nx\r\ny URL /INBOX/;UID=1)\r\n".utf8
        )
        for cut in 0..<all.count - 1 {
            let dialogue = Dialogue()
            dialogue.account.deliver("x")
            try await dialogue.loggedOn { client in
                client.connection.write(all[..<cut])
                try await client.connection.flush()
            }
            #expect(dialogue.account.state.withLock { $0.bodies.count } == 1)
        }
    }

    @Test("A large part is read piece by piece")
    func large() async throws {
        let dialogue = Dialogue()
        let text = "Subject: large\r\n\r\n" + String(repeating: "0123456789", count: 300_000)
        dialogue.account.deliver(text)
        try await dialogue.loggedOn { client in
            let url = "URL /INBOX/;UID=1/;SECTION=TEXT"
            try await client.run("APPEND INBOX CATENATE (\(url) \(url))")
        }
        #expect(bodies(dialogue).last?.utf8.count == 6_000_000)
        #expect(dialogue.account.state.withLock { $0.largestRead } <= 1 << 18)
    }
}
