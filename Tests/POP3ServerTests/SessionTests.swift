// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

import MailStore
import MailTypes
import POP3Server
import Runtime
import Testing

@Suite(.timeLimit(.minutes(20))) struct SessionTests {
    static let first = "Subject: one\r\n\r\nhello\r\n.dot\r\n"
    static let second = "Subject: two\r\n\r\nlast line without end"
    static let opening = "+OK maildrop has 2 messages (66 octets)\r\n"

    static let exchanges: [(command: String, reply: String)] = [
        ("STAT", "+OK 2 66\r\n"),
        ("LIST", "+OK 2 messages (66 octets)\r\n1 29\r\n2 37\r\n.\r\n"),
        ("LIST 2", "+OK 2 37\r\n"),
        ("LIST 3", "-ERR no such message, the maildrop has 2\r\n"),
        ("UIDL", "+OK unique ids follow\r\n1 1700000000.10\r\n2 1700000000.11\r\n.\r\n"),
        ("UIDL 1", "+OK 1 1700000000.10\r\n"),
        ("UIDL 9", "-ERR no such message, the maildrop has 2\r\n"),
        ("RETR 1", "+OK 29 octets\r\nSubject: one\r\n\r\nhello\r\n..dot\r\n.\r\n"),
        ("RETR 2", "+OK 37 octets\r\nSubject: two\r\n\r\nlast line without end\r\n.\r\n"),
        ("RETR 0", "-ERR RETR needs a number from 1 to 2147483647\r\n"),
        ("TOP 1 0", "+OK top of message follows\r\nSubject: one\r\n\r\n.\r\n"),
        ("TOP 1 1", "+OK top of message follows\r\nSubject: one\r\n\r\nhello\r\n.\r\n"),
        ("TOP 2 99", "+OK top of message follows\r\nSubject: two\r\n\r\nlast line without end\r\n.\r\n"),
        ("NOOP", "+OK\r\n"),
        ("LAST", "-ERR LAST is obsolete: use UIDL\r\n"),
        ("USER x", "-ERR USER is not valid after log-on\r\n"),
        ("STLS", "-ERR STLS is not valid after log-on\r\n"),
        ("LANG", "+OK languages follow\r\ni-default English\r\nen English\r\n.\r\n"),
        ("LANG *", "+OK en Language changed\r\n"),
        ("LANG sv", "-ERR no such language: LANG lists those there are\r\n"),
        ("XTND XMIT", "-ERR unknown command XTND\r\n"),
        (
            "CAPA",
            "+OK capabilities follow\r\nTOP\r\nUIDL\r\nRESP-CODES\r\nAUTH-RESP-CODE\r\nPIPELINING\r\nEXPIRE NEVER\r\n"
                + "LANG\r\nUTF8\r\nUSER\r\nSASL PLAIN LOGIN\r\nIMPLEMENTATION Martlet\r\n.\r\n"
        ),
    ]

    @Test("every command and its reply", arguments: exchanges)
    func exchange(_ command: String, _ reply: String) async throws {
        let said = try await Dialogue([Self.first, Self.second]).session(command + "\r\n")
        #expect(said == Self.opening + reply + Dialogue.farewell)
    }

    @Test("all at once, and octet by octet", arguments: [Int.max, 1, 7]) func pipelined(_ size: Int) async throws {
        let script = Self.exchanges.map { $0.command + "\r\n" }.joined()
        let said = try await Dialogue([Self.first, Self.second]).session(script, cutting: size)
        #expect(said == Self.opening + Self.exchanges.map(\.reply).joined() + Dialogue.farewell)
    }

    @Test("DELE marks, RSET unmarks, QUIT deletes") func deletions() async throws {
        let dialogue = Dialogue([Self.first, Self.second])
        let said = try await dialogue.session(
            "DELE 1\r\nDELE 1\r\nRETR 1\r\nSTAT\r\nLIST\r\nRSET\r\nSTAT\r\nDELE 2\r\nUIDL\r\n"
        )
        let expected = """
            +OK message 1 deleted
            -ERR message 1 is deleted
            -ERR message 1 is deleted
            +OK 1 37
            +OK 1 messages (37 octets)
            2 37
            .
            +OK maildrop has 2 messages (66 octets)
            +OK 2 66
            +OK message 2 deleted
            +OK unique ids follow
            1 1700000000.10
            .
            +OK 1 messages deleted, bye

            """.replacing("\n", with: "\r\n")
        #expect(said == Self.opening + expected)
        #expect(dialogue.maildrop.uids == [UID(10)])
    }

    @Test("without QUIT nothing is deleted") func noQuit() async throws {
        let dialogue = Dialogue([Self.first, Self.second])
        try await EventLoop.run { loop in
            try await Connection.withPeer(loop: loop, peer: { try await dialogue.serve($0) }) { client in
                client.write(Dialogue.logOn + "DELE 1\r\nNOOP\r\n")
                while let line = try await client.readLine(maximum: 512), line.bytes != Array("+OK".utf8) {}
            }
        }
        #expect(dialogue.maildrop.uids == [UID(10), UID(11)])
        #expect(dialogue.events.names.last == "pop3.session.ended")
    }

    @Test("deletions that fail are told at QUIT") func deletionFails() async throws {
        let dialogue = Dialogue(
            [Self.first],
            faults: .init(expunge: MailStoreError(.storageFull, "full", detail: "ENOSPC"))
        )
        let said = try await dialogue.session("DELE 1\r\n")
        #expect(said.hasSuffix("-ERR [SYS/TEMP] some deleted messages were not removed\r\n"))
        #expect(dialogue.events.names.contains("pop3.deletion.failed"))
    }

    @Test("a session does not see what comes in meanwhile, the next one does") func snapshot() async throws {
        let dialogue = Dialogue([Self.first])
        try await EventLoop.run { loop in
            try await Connection.withPeer(loop: loop, peer: { try await dialogue.serve($0) }) { client in
                client.write(Dialogue.logOn)
                while let line = try await client.readLine(maximum: 512), !line.bytes.starts(with: "+OK maildrop".utf8)
                {}
                dialogue.maildrop.deliver(Self.second)
                client.write("STAT\r\nQUIT\r\n")
                #expect(try await client.readLine(maximum: 512)?.bytes == Array("+OK 1 29".utf8))
            }
        }
        #expect(try await dialogue.session("STAT\r\n").contains("+OK 2 66\r\n"))
    }

    @Test("an idle session is closed without a word") func idle() async throws {
        var dialogue = Dialogue([Self.first])
        dialogue.limits.idleTimeout = .milliseconds(100)
        let said = try await dialogue.transcript(Dialogue.logOn + "DELE 1\r\n")
        #expect(said.hasSuffix("+OK message 1 deleted\r\n"))
        #expect(dialogue.maildrop.uids == [UID(10)])
    }

    @Test("overlong lines are answered and the session goes on") func longLine() async throws {
        let said = try await Dialogue([Self.first]).session(String(repeating: "z", count: 100_000) + "\r\nNOOP\r\n")
        #expect(said.hasSuffix("-ERR line too long\r\n+OK\r\n" + Dialogue.farewell))
    }
}
