// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

import Locking
import MailTypes
import Runtime
import SMTPClient
import SMTPWire
import Testing

@Suite(.timeLimit(.minutes(20))) struct OutboundTests {
    private static let rich = ["PIPELINING", "8BITMIME", "SIZE 100000000", "DSN"]

    @Test(arguments: [[], ["PIPELINING"], ["PIPELINING", "CHUNKING"], ["CHUNKING"], rich])
    func `To servers of any sort, cut anywhere`(extensions: [String]) async throws {
        for piece in [1, 7, .max] {
            let server = ScriptedServer(extensions, piece: piece)
            let ledger = Ledger()
            let result = try await Post.send(Post.message(["a", "b"]), to: [server], Post.options(), ledger)
            #expect(result.summary == "delivered 250, delivered 250")
            #expect(result.recipients[0].isPeersReply && result.recipients[0].reply.lines == ["taken"])
            #expect(result.recipients[0].peerReports == extensions.contains("DSN"))
            #expect(server.contents == [Array(Post.text.utf8)])
            #expect(ledger.told == [[0, 1]])
            #expect(result.attempts.map(\.failure) == [nil])
        }
    }

    @Test func `One result for each recipient, and the ledger hears of those who were accepted (F-59)`() async throws {
        let server = ScriptedServer(Self.rich) { line in
            switch line {
            case "RCPT TO:<no@example.test>": "550 5.1.1 no\r\n"
            case "RCPT TO:<later@example.test>": "450-4.2.0 not\r\n450 4.2.0 now\r\n"
            case "RCPT TO:<odd@example.test>": "354 what?\r\n"
            default: nil
            }
        }
        let ledger = Ledger()
        let message = Post.message(["a", "no", "later", "b", "odd"])
        let result = try await Post.send(message, to: [server], Post.options(), ledger)
        #expect(result.summary == "delivered 250, bounced 550, deferred 450, delivered 250, deferred 451")
        #expect(ledger.told == [[0, 3]])
    }

    @Test func `LMTP: one last word for each recipient`() async throws {
        let count = Lock(0)
        let server = ScriptedServer(["PIPELINING"], isLMTP: true) { line in
            guard line == "END" else { return nil }
            let turn = count.withLock { count in
                count += 1
                return count
            }
            return turn == 2 ? "452 4.2.2 full\r\n" : nil
        }
        let options = Post.options { $0.dialect = .lmtp }
        let result = try await Post.send(Post.message(["a", "b", "c"]), to: [server], options)
        #expect(result.summary == "delivered 250, deferred 452, delivered 250")
        #expect(server.lines[0] == "LHLO client.example")
    }

    // MARK: Next host

    @Test(arguments: [
        ("", "554 5.7.1 go away\r\n"), ("", "DROP"), ("", "garbage\r\n"), ("EHLO client.example", "421 4.3.2 no\r\n"),
        ("MAIL FROM:<> SIZE=31", "451 4.3.0 no\r\n"), ("MAIL FROM:<> SIZE=31", "421 4.3.2 no\r\n"),
        ("RCPT TO:<a@example.test>", "450 4.2.0 no\r\n"),
        ("RCPT TO:<a@example.test>", "DROP"), ("DATA", "451 4.3.0 no\r\n"), ("DATA", "250 what?\r\n"),
        ("CONTENT", "CLOSE 421 4.3.2 no\r\n"), ("CONTENT", "250 2.0.0 so soon?\r\n"), ("CONTENT", "DROP"),
        ("END", "451 4.3.0 no\r\n"), ("END", "421 4.3.2 no\r\n"),
    ])
    func `After any failure before the last word the next host has it (F-61)`(line: String, reply: String) async throws
    {
        let bad = ScriptedServer(Self.rich) { $0 == line ? reply : nil }
        let good = ScriptedServer(Self.rich)
        // Much more than the kernel keeps, so that what is said early is heard early.
        let text = Post.text + String(repeating: String(repeating: "x", count: 70) + "\r\n", count: 200_000)
        let message = Post.message(["a"], line == "CONTENT" ? text : Post.text)
        let result = try await Post.send(message, to: [bad, good])
        #expect(result.summary == "delivered 250", "\(line) \(reply)")
        #expect(good.contents.count == 1)
        #expect(result.attempts.count == 2)
    }

    @Test(arguments: [
        ("MAIL FROM:<> SIZE=31", "550 5.7.1 no\r\n"), ("RCPT TO:<a@example.test>", "550 5.1.1 no\r\n"),
        ("DATA", "554 5.7.1 no\r\n"), ("END", "550 5.7.1 no\r\n"), ("CONTENT", "CLOSE 552 5.3.4 big\r\n"),
    ])
    func `A server's 5yz is final`(line: String, reply: String) async throws {
        let first = ScriptedServer(Self.rich) { $0 == line ? reply : nil }
        let second = ScriptedServer(Self.rich)
        let result = try await Post.send(to: [first, second])
        #expect(result.recipients.map(\.kind) == [.bounced])
        #expect(result.recipients[0].isPeersReply)
        #expect(second.connections == 0)
    }

    @Test(arguments: ["", "DROP", "what?\r\n", "354 more?\r\n"])
    func `The end was sent and no answer came: in doubt, and offered to nobody else (F-58)`(reply: String) async throws
    {
        let ledger = Ledger()
        let first = ScriptedServer(Self.rich) { $0 == "END" ? reply : nil }
        let second = ScriptedServer(Self.rich)
        let options = Post.options { $0.timeouts.answer = reply.isEmpty ? .milliseconds(200) : .seconds(30) }
        let result = try await Post.send(Post.message(["a", "b"]), to: [first, second], options, ledger)
        #expect(result.summary == "inDoubt 451, inDoubt 451")
        #expect(second.connections == 0)
        #expect(ledger.told == [[0, 1]])
    }

    @Test func `Where the ledger cannot be written, nothing is ended`() async throws {
        for extensions in [["PIPELINING"], ["PIPELINING", "CHUNKING"]] {
            let server = ScriptedServer(extensions)
            let result = try await Post.send(to: [server, server], Post.options(), Ledger(mayEnd: false))
            #expect(result.summary == "deferred 451")
            #expect(server.contents.isEmpty && server.connections == 1)
        }
    }

    @Test func `Hosts are looked for only when they are needed, and no host is no failure of the message`() async throws
    {
        let server = ScriptedServer([])
        let (asked, result, none) = try await withPeers([{ try await server.serve($0) }]) { _, hosts in
            let outbound = try SMTPOutbound()
            var asked = 0
            let result = await outbound.send(Post.message(), via: Post.options()) {
                asked += 1
                return hosts[0]
            }
            let none = await outbound.send(Post.message(), via: Post.options(), hosts: [])
            await outbound.closeIdle(all: true)
            return (asked, result, none)
        }
        #expect(asked == 1)
        #expect(result.summary == "delivered 250")
        #expect(none.summary == "deferred 451" && none.destinationFailed)
    }

    @Test func `A dead destination is told from a refusing one`() async throws {
        let refusing = ScriptedServer([]) { $0.hasPrefix("MAIL") ? "451 4.3.0 no\r\n" : nil }
        #expect(try await !Post.send(to: [refusing]).destinationFailed)
        let dead = ScriptedServer([]) { $0.isEmpty ? "DROP" : nil }
        #expect(try await Post.send(to: [dead, dead]).destinationFailed)
        let touchy = ScriptedServer([]) { $0.hasPrefix("MAIL") ? "DROP" : nil }
        #expect(try await !Post.send(to: [touchy]).destinationFailed)
    }

    // MARK: Connections

    @Test func `A connection serves many messages, and one that went away costs none`() async throws {
        let server = ScriptedServer(Self.rich)
        let tired = Lock(false)
        let closing = ScriptedServer(Self.rich) { line in
            line.hasPrefix("MAIL") && tired.withLock({ $0 }) ? "CLOSE 421 4.4.2 idle too long\r\n" : nil
        }
        try await withPeers([{ try await server.serve($0) }, { try await closing.serve($0) }]) { _, hosts in
            let outbound = try SMTPOutbound()
            for turn in 0..<3 {
                let result = await outbound.send(Post.message(), via: Post.options(), hosts: [hosts[0]])
                #expect(result.summary == "delivered 250")
                #expect(result.attempts.map(\.wasReused) == [turn > 0])
            }
            #expect(server.connections == 1)
            _ = await outbound.send(Post.message(), via: Post.options(), hosts: [hosts[1]])
            tired.withLock { $0 = true }
            let put = await outbound.send(Post.message(), via: Post.options(), hosts: [hosts[1]])
            #expect(put.summary == "deferred 421" && closing.connections == 2)
            await outbound.closeIdle(all: true)
            let few = Post.options { $0.maximumMessagesPerConnection = 1 }
            for _ in 0..<2 { _ = await outbound.send(Post.message(), via: few, hosts: [hosts[0]]) }
            #expect(server.connections == 3)
        }
        #expect(server.contents.count == 5)
    }

    @Test func `Who takes the message before for open is asked on a new connection`() async throws {
        let hasTaken = Lock(false)
        let confused = ScriptedServer(Self.rich) { line in
            if line.hasPrefix("EHLO") { hasTaken.withLock { $0 = false } }
            guard line.hasPrefix("MAIL") else { return nil }
            let isSecond = hasTaken.withLock { taken in
                defer { taken = true }
                return taken
            }
            return isSecond ? "503 5.5.1 nested MAIL\r\n" : nil
        }
        try await withPeers([{ try await confused.serve($0) }]) { _, hosts in
            let outbound = try SMTPOutbound()
            for _ in 0..<3 {
                let result = await outbound.send(Post.message(), via: Post.options(), hosts: hosts)
                #expect(result.summary == "delivered 250")
            }
            await outbound.closeIdle(all: true)
        }
        #expect(confused.connections == 3)
        // Who says 354 to a DATA in one go with a MAIL that it refuses gets nothing (RFC 2920 §3.1).
        #expect(confused.contents.filter { !$0.isEmpty }.count == 3, "\(confused.lines)")
    }

    @Test func `As many recipients at a time as the server takes`() async throws {
        let limited = ScriptedServer(["PIPELINING", "LIMITS RCPTMAX=2 MAILMAX=2"])
        let ledger = Ledger()
        let message = Post.message(["a", "b", "c", "d", "e"])
        #expect(
            try await Post.send(message, to: [limited], Post.options(), ledger).summary.contains("deferred") == false
        )
        #expect(ledger.told == [[0, 1], [2, 3], [4]])
        #expect(limited.connections == 2)
    }

    @Test(arguments: ["452 4.5.3 too many", "452 too many", "552 5.5.3 too many", "552 too many"])
    func `Those whom the server does not want beside the others have a transaction of their own`(
        _ reply: String
    ) async throws {
        let message = Post.message(["a", "b", "c", "d", "e"])
        let count = Lock(0)
        let full = ScriptedServer(["PIPELINING"]) { line in
            if line.hasPrefix("MAIL") { count.withLock { $0 = 0 } }
            guard line.hasPrefix("RCPT") else { return nil }
            let turn = count.withLock { count in
                count += 1
                return count
            }
            return turn > 3 ? "\(reply)\r\n" : nil
        }
        #expect(try await Post.send(message, to: [full]).recipients.allSatisfy { $0.kind == .delivered })
        #expect(full.contents.count == 2)
        // Of one alone it is the last word.
        let never = ScriptedServer(["PIPELINING"]) { $0.hasPrefix("RCPT") ? "\(reply)\r\n" : nil }
        let kind: RecipientOutcome.Kind = reply.hasPrefix("5") ? .bounced : .deferred
        #expect(try await Post.send(message, to: [never]).recipients.allSatisfy { $0.kind == kind })
        let one = ScriptedServer(["PIPELINING"]) { $0.hasPrefix("RCPT TO:<c@") ? "\(reply)\r\n" : nil }
        let kinds = try await Post.send(message, to: [one]).recipients.map(\.kind)
        #expect(kinds == [.delivered, .delivered, kind, .delivered, .delivered])
    }

    @Test func `Hosts that are away at once do not hide the one behind them`() async throws {
        let server = ScriptedServer([])
        let result = try await withPeers([{ try await server.serve($0) }]) { _, hosts in
            let nobody = try #require(SocketAddress(host: "127.0.0.1", port: 1))
            var rest = (1...20).map { SMTPHost("mx\($0).example", nobody) } + hosts
            let outbound = try SMTPOutbound()
            let result = await outbound.send(Post.message(), via: Post.options()) {
                rest.isEmpty ? nil : rest.removeFirst()
            }
            await outbound.closeIdle(all: true)
            return result
        }
        #expect(result.summary == "delivered 250" && result.attempts.count == 21)
    }

    @Test func `Old and odd servers`() async throws {
        let old = ScriptedServer([]) { $0.hasPrefix("EHLO") ? "500 what?\r\n" : nil }
        #expect(try await Post.send(to: [old]).summary == "delivered 250")
        let shy = ScriptedServer([]) { $0.hasPrefix("EHLO") ? "DROP" : nil }
        #expect(try await Post.send(to: [shy]).summary == "delivered 250")
        #expect(shy.lines.prefix(2) == ["EHLO client.example", "HELO client.example"])
        let liar = ScriptedServer(["PIPELINING", "CHUNKING"]) { line in
            line == "BDAT" || line.hasPrefix("BDAT") ? "502 5.5.1 no such command\r\n" : nil
        }
        #expect(try await Post.send(to: [liar]).summary == "delivered 250")
        #expect(liar.lines.contains("DATA") && liar.connections == 2)
    }

    @Test(.timeLimit(.minutes(20)))
    func `Replies without end are ended, and so is silence`() async throws {
        let endless: @Sendable (Connection) async throws -> Void = { connection in
            let lines = Array(String(repeating: "250-more and more\r\n", count: 5_000).utf8)
            while true { try await connection.send(lines) }
        }
        let trickling: @Sendable (Connection) async throws -> Void = { connection in
            while true {
                connection.write("2")
                try await connection.flush()
                try await connection.loop.sleep(for: .milliseconds(50))
            }
        }
        let silent: @Sendable (Connection) async throws -> Void = { _ = try await $0.readLine(maximum: 100) }
        try await withPeers([endless, trickling, silent]) { _, hosts in
            let outbound = try SMTPOutbound()
            let patient = await outbound.send(Post.message(), via: Post.options(), hosts: [hosts[0]])
            #expect(patient.attempts.map { $0.failure?.cause } == [.notAReply(.tooLong)])
            let options = Post.options { $0.timeouts.greeting = .milliseconds(500) }
            let result = await outbound.send(Post.message(), via: options, hosts: Array(hosts.dropFirst()))
            #expect(result.summary == "deferred 451")
            #expect(result.attempts.map { $0.failure?.cause } == [.io(.timedOut), .io(.timedOut)])
        }
    }

    @Test func `A server that stops reading is given up`() async throws {
        let stuck: @Sendable (Connection) async throws -> Void = { connection in
            connection.write("220 x\r\n")
            while let line = try await connection.readLine(maximum: 1000) {
                connection.write(line.bytes.starts(with: "DATA".utf8) ? "354 go\r\n" : "250 ok\r\n")
                if line.bytes == Array("DATA".utf8) {
                    try await connection.flush()
                    try await connection.loop.sleep(for: .seconds(10))
                }
            }
        }
        try await withPeers([stuck]) { _, hosts in
            let outbound = try SMTPOutbound()
            let text = String(repeating: String(repeating: "x", count: 998) + "\r\n", count: 20_000)
            let options = Post.options { $0.timeouts.block = .milliseconds(300) }
            let result = await outbound.send(Post.message(["a"], text), via: options, hosts: hosts)
            #expect(result.summary == "deferred 451")
            #expect(result.attempts[0].failure == SMTPClientError(.content, .io(.timedOut)))
        }
    }

    @Test func `The dialogue can be watched`() async throws {
        let server = ScriptedServer(["PIPELINING"])
        let ledger = Ledger()
        _ = try await Post.send(to: [server], Post.options(), ledger)
        let seen = ledger.transcript
        for line in [
            "connected(", "received(\"220 mx.example ready\")", "sent(\"EHLO client.example\")",
            "sent(\"MAIL FROM:<>\")",
            "received(\"250 2.0.0 taken\")",
        ] { #expect(seen.contains(line), "\(line) in \(seen)") }
        #expect(!seen.contains("last line"))
    }
}
