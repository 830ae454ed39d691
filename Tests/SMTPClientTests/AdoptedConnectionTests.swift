// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

import ByteTools
import Glibc
import Locking
import MailTypes
import Runtime
import SMTPClient
import SMTPWire
import Testing

/// Connections that the other side opened (RFC 2645), and their loan to other processes.
@Suite(.timeLimit(.minutes(20))) struct AdoptedConnectionTests {
    private static let options = Post.options {
        $0.isAdopted = true
        $0.security = .none
        $0.maximumIdle = .seconds(120)
    }
    private static let binary = "Subject: x\r\n\r\na\0b\nc\r\n"
    private static let signed =
        "MIME-Version: 1.0\r\nContent-Type: multipart/signed; boundary=b\r\n\r\n"
        + "--b\r\nContent-Type: text/plain; charset=utf-8\r\n\r\nHellö\r\n--b--\r\n"

    private static func requiringTLS() -> OutboundMessage { Post.message { $0.requiresTLS = true } }

    /// Adopts a connection to a server, over TLS or in the clear.
    private func withAdopted(
        _ server: ScriptedServer,
        tls context: TLSContext? = nil,
        _ body: @escaping @Sendable (SMTPOutbound, SMTPHost) async throws -> Void
    ) async throws {
        let serve: @Sendable (Connection) async throws -> Void = { connection in
            if let context { try await connection.startTLS(context) }
            try await server.serve(connection)
        }
        try await withPeers([serve]) { loop, hosts in
            let connection = try await Connection.connect(to: hosts[0].address, loop: loop, timeout: .seconds(30))
            if context != nil {
                try await connection.connectTLS(TLSContext.client(verify: false), serverName: "branch.example")
            }
            let outbound = try SMTPOutbound()
            // Nobody listens there.
            let host = SMTPHost("atrn-1", try #require(SocketAddress(host: "127.0.0.1", port: 0)))
            try await outbound.adopt(connection, as: host, Self.options)
            try await body(outbound, host)
            await outbound.release(host, Self.options)
        }
    }

    @Test func `A message that requires TLS waits, and keeps no other from going`() async throws {
        let server = ScriptedServer(["PIPELINING", "REQUIRETLS"])
        try await withAdopted(server) { outbound, host in
            for _ in 0..<2 {
                let kept = await outbound.send(Self.requiringTLS(), via: Self.options, hosts: [host])
                #expect(kept.summary == "deferred 450")
                #expect(kept.recipients.first?.reply.enhancedStatusCode?.description == "4.7.30")
                #expect(!kept.destinationFailed)
                let sent = await outbound.send(Post.message(), via: Self.options, hosts: [host])
                #expect(sent.summary == "delivered 250")
            }
        }
        #expect(server.connections == 1)
        #expect(server.contents.count == 2)
    }

    @Test(arguments: [(["REQUIRETLS"], "delivered 250"), ([], "deferred 450")])
    func `Over TLS it goes to who will require it, too`(extensions: [String], summary: String) async throws {
        let server = ScriptedServer(extensions)
        let made = try SelfSignedCertificate(names: ["branch.example"])
        let base = "/tmp/martlet-test-\(Hex.encode(secureRandom(8)))"
        for (suffix, bytes) in [(".crt", made.certificate), (".key", made.key)] {
            let fd = unsafe open(base + suffix, O_CREAT | O_WRONLY, 0o600)
            _ = unsafe Glibc.write(fd, bytes, bytes.count)
            close(fd)
        }
        defer { for suffix in [".crt", ".key"] { unsafe unlink(base + suffix) } }
        let context = try TLSContext.server(certificateFile: base + ".crt", keyFile: base + ".key")
        try await withAdopted(server, tls: context) { outbound, host in
            let result = await outbound.send(Self.requiringTLS(), via: Self.options, hosts: [host])
            #expect(result.summary == summary)
        }
        #expect(server.lines.contains("MAIL FROM:<> REQUIRETLS") == !extensions.isEmpty)
    }

    @Test func `What this caller cannot take waits for the next`() async throws {
        let server = ScriptedServer(["PIPELINING"])
        try await withAdopted(server) { outbound, host in
            let kept = await outbound.send(Post.message(["a"], Self.signed), via: Self.options, hosts: [host])
            #expect(kept.summary == "deferred 450")
            #expect(kept.recipients.first?.reply.enhancedStatusCode?.description == "4.6.3")
        }
    }

    @Test func `Who offers BDAT and does not know it gets its mail all the same`() async throws {
        let liar = ScriptedServer(["PIPELINING", "CHUNKING"]) { line in
            line.hasPrefix("BDAT") ? "502 5.5.1 no such command\r\n" : nil
        }
        try await withAdopted(liar) { outbound, host in
            let result = await outbound.send(Post.message(), via: Self.options, hosts: [host])
            #expect(result.summary == "delivered 250")
        }
    }

    private static let attachment =
        "MIME-Version: 1.0\r\nContent-Type: application/octet-stream\r\nContent-Transfer-Encoding: binary\r\n\r\n"
        + "a\0b\r\nRSET\r\n"

    /// What else it is sent would be taken for commands.
    @Test(arguments: ["502 5.5.1 no such command", "551 5.7.1 no empty chunks"])
    func `Binary data for who offers BDAT and does not take it is converted, on the same connection`(answer: String)
        async throws
    {
        let server = ScriptedServer(["PIPELINING", "CHUNKING", "BINARYMIME", "8BITMIME"]) { line in
            line.hasPrefix("BDAT") ? answer + "\r\n" : nil
        }
        try await withAdopted(server) { outbound, host in
            for text in [Self.attachment, Post.text, Self.attachment] {
                let message = Post.message(["a", "b"], text) { $0.body = .binary }
                let result = await outbound.send(message, via: Self.options, hosts: [host])
                #expect(result.summary == "delivered 250, delivered 250")
                #expect(outbound.hasConnection(host, Self.options))
            }
        }
        #expect(server.connections == 1)
        #expect(server.lines.filter { $0.hasPrefix("BDAT") } == ["BDAT 0"])
        let contents = server.contents.map { String(decoding: $0, as: UTF8.self) }
        #expect(contents.count == 3 && contents[1] == Post.text)
        #expect(contents[0].contains("Content-Transfer-Encoding: base64") && contents[2] == contents[0])
    }

    @Test func `What is said to binary data is about the data`() async throws {
        let server = ScriptedServer(["PIPELINING", "CHUNKING", "BINARYMIME", "8BITMIME"]) { line in
            line == "END" ? "501 5.6.0 not such data\r\n" : nil
        }
        try await withAdopted(server) { outbound, host in
            let message = Post.message(["a"], Self.attachment) { $0.body = .binary }
            let result = await outbound.send(message, via: Self.options, hosts: [host])
            #expect(result.summary == "bounced 501")
            #expect(outbound.hasConnection(host, Self.options))
        }
    }

    @Test func `When it is gone no other is opened, and nothing is tried`() async throws {
        let server = ScriptedServer([]) { $0.hasPrefix("MAIL") ? "DROP" : nil }
        try await withAdopted(server) { outbound, host in
            #expect(outbound.hasConnection(host, Self.options))
            for isGone in [false, true] {
                let result = await outbound.send(Post.message(), via: Self.options, hosts: [host])
                #expect(result.summary == "deferred 451")
                #expect(result.destinationFailed)
                // At the first it broke.
                #expect(result.lacksConnection == isGone)
                #expect(!outbound.hasConnection(host, Self.options))
            }
        }
        #expect(server.connections == 1)
    }

    @Test func `Who hangs up at the content has heard of the message, and takes no other`() async throws {
        let server = ScriptedServer(["PIPELINING"]) { $0 == "DATA" ? "DROP" : nil }
        try await withAdopted(server) { outbound, host in
            let broken = await outbound.send(Post.message(), via: Self.options, hosts: [host])
            #expect(broken.summary == "deferred 451" && !broken.lacksConnection)
            #expect(!outbound.hasConnection(host, Self.options))
            #expect(await outbound.send(Post.message(), via: Self.options, hosts: [host]).lacksConnection)
        }
    }

    // MARK: Loans

    /// How a loan ended: `nil` while it lasts.
    private typealias Ending = Lock<Bool?>

    /// Lends an adopted connection by way of a channel, as two processes do it.
    private func withLoan(
        _ server: ScriptedServer,
        isEncrypted: Bool = false,
        _ body: @escaping @Sendable (_ borrower: SMTPOutbound, SMTPHost, _ channel: Connection) async throws -> Void,
        _ after: @escaping @Sendable (_ lender: SMTPOutbound, SMTPHost, _ isIntact: Bool) async throws -> Void
    ) async throws {
        let (lender, borrower) = (try SMTPOutbound(), try SMTPOutbound())
        let host = SMTPHost("atrn-1", try #require(SocketAddress(host: "127.0.0.1", port: 0)))
        let ending = Ending(nil)
        let lend: @Sendable (Connection) async throws -> Void = { channel in
            let isIntact = await lender.lend(host, Self.options, over: channel, until: LoanEnd(secret: "secret"))
            ending.withLock { $0 = isIntact }
        }
        try await withPeers([{ try await server.serve($0) }, lend]) { loop, hosts in
            let connection = try await Connection.connect(to: hosts[0].address, loop: loop, timeout: .seconds(30))
            try await lender.adopt(connection, as: host, Self.options)
            let channel = try await Connection.connect(to: hosts[1].address, loop: loop, timeout: .seconds(30))
            try await borrower.borrow(channel, as: host, Self.options, isEncrypted: isEncrypted)
            try await body(borrower, host, channel)
            var isIntact: Bool?
            while isIntact == nil {
                try await loop.sleep(for: .milliseconds(5))
                isIntact = ending.withLock { $0 }
            }
            channel.abort()
            try await after(lender, host, isIntact ?? false)
            await lender.release(host, Self.options)
        }
    }

    @Test func `A borrower sends whatever the lender could, binary data too`() async throws {
        let server = ScriptedServer(["PIPELINING", "CHUNKING", "BINARYMIME", "8BITMIME", "REQUIRETLS"])
        // What would end a loan whose secret is another.
        let texts = [Self.binary, "\0", "\0other\0", Self.signed, String(repeating: "\0terces\0", count: 40_000)]
        try await withLoan(server, isEncrypted: true) { borrower, host, channel in
            for text in texts {
                let message = Post.message(["a"], text) { $0.body = .binary }
                let result = await borrower.send(message, via: Self.options, hosts: [host])
                #expect(result.summary == "delivered 250")
            }
            let required = await borrower.send(Self.requiringTLS(), via: Self.options, hosts: [host])
            #expect(required.summary == "delivered 250")
            await borrower.giveBack(channel, host, Self.options, LoanEnd(secret: "secret"))
        } _: { lender, host, isIntact in
            #expect(isIntact)
            let result = await lender.send(Post.message(), via: Self.options, hosts: [host])
            #expect(result.summary == "delivered 250")
        }
        #expect(server.connections == 1)
        #expect(server.contents.map { String(decoding: $0, as: UTF8.self) } == texts + [Post.text, Post.text])
    }

    @Test func `A branch that hangs up ends the loan at once, and the mail waits`() async throws {
        let server = ScriptedServer(["PIPELINING"]) { $0.hasPrefix("MAIL") ? "DROP" : nil }
        try await withLoan(server) { borrower, host, _ in
            // With the time-outs of RFC 5321, which are longer than this test may take.
            let result = await borrower.send(Post.message(), via: Self.options, hosts: [host])
            #expect(result.summary == "deferred 451")
            #expect(result.destinationFailed)
        } _: { lender, host, isIntact in
            #expect(!isIntact)
            let result = await lender.send(Post.message(), via: Self.options, hosts: [host])
            #expect(result.destinationFailed)
        }
    }

    @Test func `A borrower that dies leaves no connection behind`() async throws {
        let server = ScriptedServer(["PIPELINING"])
        try await withLoan(server) { _, _, channel in
            channel.abort()
        } _: { _, _, isIntact in
            #expect(!isIntact)
        }
    }
}
