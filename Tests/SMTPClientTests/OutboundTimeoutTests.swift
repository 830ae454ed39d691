// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

import Glibc
import MailTypes
import Runtime
import SMTPClient
import Testing

/// Each wait of RFC 5321 §4.5.3.2 has a time-out of its own.
@Suite(.timeLimit(.minutes(20))) struct OutboundTimeoutTests {
    enum Wait: String, Sendable, CaseIterable {
        case greeting, command, dataStart, answer
    }

    /// All of them longer than the suite may take, but one.
    private static func timeouts(short wait: Wait) -> SMTPTimeouts {
        var timeouts = SMTPTimeouts(
            connect: .seconds(3600),
            greeting: .seconds(3600),
            command: .seconds(3600),
            dataStart: .seconds(3600),
            block: .seconds(3600),
            answer: .seconds(3600)
        )
        let short = Duration.milliseconds(200)
        switch wait {
        case .greeting: timeouts.greeting = short
        case .command: timeouts.command = short
        case .dataStart: timeouts.dataStart = short
        case .answer: timeouts.answer = short
        }
        return timeouts
    }

    @Test(
        arguments: [
            // the command that nothing is said to, what is waited for, and how far it had come
            ("", .greeting, .greeting), ("EHLO", .command, .hello), ("STARTTLS", .command, .tls),
            ("AUTH", .command, .authentication), ("MAIL", .command, .envelope), ("RCPT", .command, .envelope),
            ("DATA", .dataStart, .envelope), ("END", .answer, .answer),
        ] as [(String, Wait, SMTPClientError.Stage)]
    )
    func `Silence is waited out for as long as that answer may take`(
        verb: String,
        wait: Wait,
        stage: SMTPClientError.Stage
    ) async throws {
        let server = ScriptedServer(["STARTTLS", "AUTH PLAIN"]) { line in
            (verb.isEmpty ? line.isEmpty : line.hasPrefix(verb)) ? "" : nil
        }
        let options = Post.options {
            $0.timeouts = Self.timeouts(short: wait)
            $0.security = verb == "STARTTLS" ? .require : .none
            if verb == "AUTH" { $0.credentials = SMTPCredentials(user: "user", password: Array("pencil".utf8)) }
        }
        let result = try await Post.send(to: [server], options)
        #expect(result.attempts.map(\.failure) == [SMTPClientError(stage, .io(.timedOut))])
        #expect(result.recipients.map(\.kind) == [verb == "END" ? .inDoubt : .deferred])
    }

    @Test func `A host that takes no connection is given up, and the next one asked`() async throws {
        let address = try #require(SocketAddress(host: "127.0.0.1", port: 0))
        let full = try bindTCP(address, backlog: 0)
        defer { close(full) }
        let bound = try #require(localAddress(of: full))
        let server = ScriptedServer([])
        try await withPeers([{ try await server.serve($0) }]) { loop, hosts in
            // Nobody takes these; behind them the kernel lets others wait.
            var waiting: [Connection] = []
            for _ in 0..<8 {
                let one = try? await Connection.connect(to: bound, loop: loop, timeout: .milliseconds(50))
                if let one { waiting.append(one) }
            }
            let outbound = try SMTPOutbound()
            let options = Post.options { $0.timeouts.connect = .milliseconds(200) }
            let result = await outbound.send(
                Post.message(),
                via: options,
                hosts: [SMTPHost("full.example", bound)] + hosts
            )
            #expect(result.summary == "delivered 250")
            #expect(result.attempts.first?.failure == SMTPClientError(.connect, .io(.timedOut)))
            await outbound.closeIdle(all: true)
            for connection in waiting { connection.abort() }
        }
    }

    @Test func `What is waited for other systems is what RFC 5321 asks for`() {
        let standard = SMTPTimeouts.standard
        #expect(standard.greeting == .seconds(300))
        #expect(standard.command == .seconds(300))
        #expect(standard.dataStart == .seconds(120))
        #expect(standard.block == .seconds(180))
        #expect(standard.answer == .seconds(600))
    }
}
