// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

import Locking
import MailTypes
import Runtime
import SMTPClient
import SMTPWire
import Testing

@Suite(.timeLimit(.minutes(20))) struct SMTPClientSessionTests {
    private static let text = ".dot\r\n..\r\nlast line without end"

    private func recipients(_ names: [String]) -> [RecipientCommand] {
        names.compactMap { MailboxAddress("\($0)@example.test") }.map { RecipientCommand(.address($0)) }
    }

    /// Opens a session with the server, sends one message, and says goodbye.
    private func send(
        to server: ScriptedServer,
        _ names: [String],
        text: String = SMTPClientSessionTests.text,
        optimistic: Bool = false
    ) async throws -> [Int] {
        let recipients = recipients(names)
        let timeouts = SMTPTimeouts(
            connect: .seconds(1),
            greeting: .seconds(1),
            command: .seconds(30),
            dataStart: .seconds(30),
            block: .seconds(30),
            answer: .seconds(1)
        )
        return try await EventLoop.run { loop in
            try await Connection.withPeer(loop: loop, peer: { try? await server.serve($0) }) { connection in
                let session = SMTPClientSession(connection, server.isLMTP ? .lmtp : .smtp, timeouts: timeouts)
                try await session.open(as: "client.example")
                let content = MemoryContent(text)
                let replies = try await session.transact(
                    MailCommand(.null),
                    recipients,
                    content,
                    optimistic: optimistic
                )
                await session.quit()
                return replies.map { Int($0.code) }
            }
        }
    }

    @Test(arguments: [["PIPELINING"], ["HELP"], ["PIPELINING", "CHUNKING"], ["CHUNKING"]])
    func `By DATA and by BDAT, pipelined or not`(extensions: [String]) async throws {
        let server = ScriptedServer(extensions)
        #expect(try await send(to: server, ["a", "b"], optimistic: true) == [250, 250])
        let isCounted = extensions.contains("CHUNKING")
        #expect(server.contents == [Array((Self.text + (isCounted ? "" : "\r\n")).utf8)])
        #expect(server.lines.first == "EHLO client.example")
        #expect(server.lines.contains("DATA") == !isCounted)
    }

    @Test(arguments: [true, false])
    func `One result for each recipient (F-59)`(optimistic: Bool) async throws {
        let server = ScriptedServer(["PIPELINING", "CHUNKING"], isLMTP: true) { line in
            switch line {
            case "RCPT TO:<no@example.test>": "550 5.1.1 no\r\n"
            case "RCPT TO:<later@example.test>": "450-4.2.0 not\r\n450 4.2.0 now\r\n"
            default: nil
            }
        }
        #expect(try await send(to: server, ["a", "no", "b", "later"], optimistic: optimistic) == [250, 550, 250, 450])
    }

    @Test(arguments: [true, false])
    func `With nobody to take it, the transaction is ended`(optimistic: Bool) async throws {
        let server = ScriptedServer(["PIPELINING", "CHUNKING"]) { $0.hasPrefix("RCPT") ? "550 5.1.1 no\r\n" : nil }
        #expect(try await send(to: server, ["a", "b"], optimistic: optimistic) == [550, 550])
        #expect(server.lines.suffix(2) == ["RSET", "QUIT"])
        #expect(server.contents.count == (optimistic ? 1 : 0))
        let refusing = ScriptedServer(["PIPELINING"]) { $0.hasPrefix("MAIL") ? "552 5.3.4 big\r\n" : nil }
        #expect(try await send(to: refusing, ["a", "b"]) == [552, 552])
    }

    @Test func `An answer to DATA that is no 354 is everybody's`() async throws {
        let server = ScriptedServer(["PIPELINING"]) { $0 == "DATA" ? "451 4.3.0 not now\r\n" : nil }
        #expect(try await send(to: server, ["a", "b"]) == [451, 451])
        let multiline = ScriptedServer(["PIPELINING"]) { $0 == "DATA" ? "354-go\r\n354 on\r\n" : nil }
        #expect(try await send(to: multiline, ["a"]) == [250])
    }

    @Test func `A server without EHLO is asked with HELO`() async throws {
        let server = ScriptedServer([]) { $0.hasPrefix("EHLO") ? "500 what?\r\n" : nil }
        #expect(try await send(to: server, ["a"]) == [250])
        #expect(server.lines.prefix(2) == ["EHLO client.example", "HELO client.example"])
    }

    @Test(arguments: [
        ("", "554 5.7.1 go away\r\n", SMTPClientError.Stage.greeting), ("", "hello\r\n", .greeting),
        ("", "", .greeting),
        ("EHLO client.example", "421 4.3.2 closing\r\n", .hello), ("MAIL FROM:<>", "DROP", .envelope),
        ("RCPT TO:<a@example.test>", "what\r\n", .envelope), ("DATA", "DROP", .envelope), ("END", "bye\r\n", .answer),
        ("END", "", .answer),
    ])
    func `An error says how far it had come`(line: String, reply: String, stage: SMTPClientError.Stage) async throws {
        let server = ScriptedServer(["PIPELINING"]) { $0 == line ? reply : nil }
        let error = await #expect(throws: SMTPClientError.self) { try await send(to: server, ["a"]) }
        #expect(error?.stage == stage)
        #expect(error?.isInDoubt == (stage == .answer))
    }

    @Test func `A large message goes in pieces`() async throws {
        let line = String(repeating: "x", count: 70) + "\r\n"
        let text = String(repeating: "." + line, count: 40_000)
        for extensions in [["PIPELINING"], ["PIPELINING", "CHUNKING"]] {
            let server = ScriptedServer(extensions)
            #expect(try await send(to: server, ["a"], text: text) == [250])
            #expect(server.contents.first?.elementsEqual(text.utf8) == true)
        }
    }
}
