// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

import ByteTools
import MailStore
import POP3Server
import Runtime
import Testing

@Suite(.timeLimit(.minutes(20))) struct LogOnTests {
    static let empty = "+OK maildrop has 0 messages (0 octets)\r\n"

    private func base64(_ text: String) -> String { String(decoding: Base64.encode(Array(text.utf8)), as: UTF8.self) }

    @Test("each way to log on") func ways() async throws {
        let plain = base64("\0alice@example.test\0secret word")
        let user = base64("alice@example.test")
        let password = base64("secret word")
        let scripts = [
            (Dialogue.logOn, "+OK send PASS\r\n"),
            ("AUTH PLAIN \(plain)\r\n", ""),
            ("AUTH PLAIN\r\n\(plain)\r\n", "+ \r\n"),
            ("AUTH LOGIN\r\n\(user)\r\n\(password)\r\n", "+ VXNlcm5hbWU6\r\n+ UGFzc3dvcmQ6\r\n"),
            ("AUTH login \(user)\r\n\(password)\r\n", "+ UGFzc3dvcmQ6\r\n"),
        ]
        for (script, challenges) in scripts {
            let said = try await Dialogue().transcript(script + "QUIT\r\n")
            #expect(said == Dialogue.greeting + challenges + Self.empty + Dialogue.farewell)
        }
    }

    @Test("who logs on again before LOGIN-DELAY has passed is told so") func loginDelay() async throws {
        var dialogue = Dialogue()
        dialogue.pace = FakePace()
        let without = try await dialogue.transcript(Dialogue.logOn + "CAPA\r\nQUIT\r\n")
        #expect(without.contains(Self.empty) && !without.contains("LOGIN-DELAY"))
        dialogue.limits.loginDelay = 300
        let first = try await dialogue.transcript("CAPA\r\n" + Dialogue.logOn + "CAPA\r\nQUIT\r\n")
        #expect(first.contains(Self.empty) && first.components("\r\nLOGIN-DELAY 300\r\n") == 2)
        let refusal = "+OK send PASS\r\n-ERR [LOGIN-DELAY] 300 s must lie between two log-ons\r\n"
        let second = try await dialogue.transcript(Dialogue.logOn + Dialogue.logOn + "QUIT\r\n")
        #expect(second == Dialogue.greeting + refusal + refusal + Dialogue.farewell)
    }

    @Test(
        "refusals keep the connection",
        arguments: [
            (
                "USER alice@example.test\r\nPASS wrong\r\n",
                "+OK send PASS\r\n-ERR [AUTH] user name or password is wrong\r\n"
            ),
            ("USER nobody\r\nPASS wrong\r\n", "+OK send PASS\r\n-ERR [AUTH] user name or password is wrong\r\n"),
            ("USER bob@example.test\r\nPASS x\r\n", "+OK send PASS\r\n-ERR [AUTH] this account may not use POP3\r\n"),
            (
                "USER carol@example.test\r\nPASS x\r\n",
                "+OK send PASS\r\n-ERR [SYS/TEMP] log-on is not possible at the moment, try again\r\n"
            ),
            ("AUTH PLAIN\r\n*\r\n", "+ \r\n-ERR authentication cancelled\r\n"),
            ("AUTH PLAIN\r\n%%%\r\n", "+ \r\n-ERR not base64\r\n"),
            ("AUTH PLAIN =\r\n", "-ERR not the three parts of PLAIN\r\n"),
            ("AUTH\r\n", "+OK mechanisms follow\r\nPLAIN\r\nLOGIN\r\n.\r\n"),
        ]
    )
    func refusals(_ script: String, _ reply: String) async throws {
        let said = try await Dialogue().transcript(script + Dialogue.logOn + "QUIT\r\n")
        #expect(said == Dialogue.greeting + reply + "+OK send PASS\r\n" + Self.empty + Dialogue.farewell)
    }

    @Test("acting for somebody else is refused") func authorizationIdentity() async throws {
        let message = base64("bob@example.test\0alice@example.test\0secret word")
        let said = try await Dialogue().transcript("AUTH PLAIN \(message)\r\nQUIT\r\n")
        #expect(said == Dialogue.greeting + "-ERR [AUTH] cannot act for another user\r\n" + Dialogue.farewell)
    }

    @Test("the third failure closes, and events tell of each") func failures() async throws {
        let dialogue = Dialogue()
        let said = try await dialogue.transcript(String(repeating: "USER x\r\nPASS y\r\n", count: 5))
        #expect(said.components("-ERR [AUTH]") == 3)
        #expect(said.hasSuffix("-ERR too many commands or failures before log-on\r\n"))
        #expect(dialogue.events.names == Array(repeating: "pop3.logon.failed", count: 3) + ["pop3.budget.exceeded"])
    }

    @Test("commands before log-on are counted") func budget() async throws {
        var dialogue = Dialogue()
        dialogue.limits.commandsBeforeLogOn = 10
        let said = try await dialogue.transcript(String(repeating: "CAPA\r\n", count: 50))
        #expect(said.components("IMPLEMENTATION") == 10)
        #expect(said.hasSuffix("-ERR too many commands or failures before log-on\r\n"))
    }

    @Test("the log-on deadline holds whatever the client sends") func deadline() async throws {
        var dialogue = Dialogue()
        dialogue.limits.logOnDeadline = .milliseconds(200)
        let said = try await dialogue.transcript("CAPA\r\n")
        #expect(said.hasSuffix("-ERR log-on took too long\r\n"))
    }

    @Test("overlong lines and noise get a reply, and the session goes on") func badLines() async throws {
        let long = String(repeating: "x", count: 1_000_000)
        let said = try await Dialogue().transcript(
            "\(long)\r\n\u{0}\u{1}\u{fffd}\r\nUSER \(long)\r\n" + Dialogue.logOn + "QUIT\r\n"
        )
        #expect(
            said == Dialogue.greeting + "-ERR line too long\r\n-ERR unknown command ?????\r\n-ERR line too long\r\n"
                + "+OK send PASS\r\n" + Self.empty + Dialogue.farewell
        )
    }

    @Test("AUTH may bring a token of some length, though the RFC has it follow") func longInitialResponse() async throws
    {
        let token = String(repeating: "YWJj", count: 1_000)
        let said = try await Dialogue().transcript(
            "AUTH PLAIN \(token)\r\nAUTH PLAIN \(token)\(token)\(token)\(token)\r\nQUIT\r\n"
        )
        #expect(said.split(separator: "\r\n").count { $0 == "-ERR line too long" } == 1, "only the second: \(said)")
    }

    @Test(
        "a maildrop that is in use or broken refuses the log-on, not the connection",
        arguments: [
            (MailStoreError.Code.busy, "-ERR [IN-USE] the maildrop is in use, try again\r\n"),
            (.unavailable, "-ERR [SYS/TEMP] the maildrop cannot be opened now, try again\r\n"),
            (.damaged, "-ERR [SYS/PERM] the maildrop is damaged\r\n"),
        ]
    )
    func maildropRefused(_ code: MailStoreError.Code, _ reply: String) async throws {
        let dialogue = Dialogue([], faults: .init(snapshot: MailStoreError(code, "x")))
        let said = try await dialogue.transcript(Dialogue.logOn + Dialogue.logOn + "CAPA\r\nQUIT\r\n")
        #expect(
            said.hasPrefix(Dialogue.greeting + "+OK send PASS\r\n" + reply + "+OK send PASS\r\n" + reply + "+OK capa")
        )
        #expect(said.hasSuffix(Dialogue.farewell))
    }

    @Test("STLS, after which the client may log on") func startTLS() async throws {
        try await withTLS { server, client in
            var dialogue = Dialogue()
            dialogue.tls = server
            try await EventLoop.run { [dialogue] loop in
                try await Connection.withPeer(loop: loop, peer: { try await dialogue.serve($0) }) { near in
                    near.write("STLS\r\n")
                    _ = try await near.readLine(maximum: 512)
                    #expect(try await near.readLine(maximum: 512)?.bytes == Array("+OK begin TLS".utf8))
                    try await near.connectTLS(client, serverName: "localhost")
                    near.write("STLS\r\n" + Dialogue.logOn + "QUIT\r\n")
                    let said = String(decoding: try await everything(near), as: UTF8.self)
                    #expect(said == "-ERR TLS is already active\r\n+OK send PASS\r\n" + Self.empty + Dialogue.farewell)
                }
            }
        }
    }

    @Test("octets behind STLS in the clear close the connection") func injection() async throws {
        try await withTLS { server, _ in
            var dialogue = Dialogue()
            dialogue.tls = server
            let said = try await dialogue.transcript("STLS\r\n" + Dialogue.logOn)
            #expect(said == Dialogue.greeting + "+OK begin TLS\r\n")
        }
    }
}

extension String {
    /// How often `part` occurs.
    func components(_ part: String) -> Int { split(separator: part, omittingEmptySubsequences: false).count - 1 }
}
