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

@Suite(.timeLimit(.minutes(20))) struct OutboundSecurityTests {
    /// A certificate for the first of the test's hosts, in files for the time of a test.
    private func withCertificate<R>(
        days: Int = 2,
        _ body: (TLSContext, String) async throws -> R
    ) async throws -> R {
        let made = try SelfSignedCertificate(names: ["mx1.example"], days: days)
        let base = "/tmp/martlet-test-\(Hex.encode(secureRandom(8)))"
        for (suffix, bytes) in [(".crt", made.certificate), (".key", made.key)] {
            let fd = unsafe open(base + suffix, O_CREAT | O_WRONLY, 0o600)
            _ = unsafe Glibc.write(fd, bytes, bytes.count)
            close(fd)
        }
        defer { for suffix in [".crt", ".key"] { unsafe unlink(base + suffix) } }
        return try await body(
            try TLSContext.server(certificateFile: base + ".crt", keyFile: base + ".key"),
            base + ".crt"
        )
    }

    @Test(arguments: OutboundSecurity.allCases)
    func `A server with TLS`(security: OutboundSecurity) async throws {
        try await withCertificate { context, authorities in
            let server = ScriptedServer(["PIPELINING"], tls: context)
            let options = Post.options { $0.security = security }
            let result = try await Post.send(to: [server], options, authoritiesFile: authorities)
            #expect(result.summary == "delivered 250")
            #expect(server.lines.contains("STARTTLS") == (security != .none))
            #expect((result.attempts[0].tls != nil) == (security != .none))
        }
    }

    @Test(arguments: [OutboundSecurity.none, .may, .require, .verify])
    func `A server without TLS`(security: OutboundSecurity) async throws {
        let server = ScriptedServer(["PIPELINING"])
        let options = Post.options { $0.security = security }
        let result = try await Post.send(to: [server], options)
        #expect(result.summary == (security.needsTLS ? "deferred 451" : "delivered 250"))
        if security.needsTLS {
            #expect(result.recipients[0].reply.enhancedStatusCode?.description == "4.7.4")
            #expect(!server.lines.contains { $0.hasPrefix("MAIL") })
        }
    }

    @Test func `A certificate that proves nothing will do for all but verify`() async throws {
        try await withCertificate { context, _ in
            let wrongName = SMTPOutboundOptions(heloName: "x")
            #expect(wrongName.security == .may)
            for security in [OutboundSecurity.may, .require, .verify] {
                let server = ScriptedServer([], tls: context)
                let result = try await Post.send(to: [server], Post.options { $0.security = security })
                #expect(result.summary == (security == .verify ? "deferred 451" : "delivered 250"))
                if security == .verify {
                    #expect(result.recipients[0].reply.enhancedStatusCode?.description == "4.7.5")
                }
            }
        }
    }

    @Test func `A certificate whose time is over is no proof`() async throws {
        try await withCertificate(days: -1) { context, authorities in
            for security in [OutboundSecurity.require, .verify] {
                let server = ScriptedServer([], tls: context)
                let options = Post.options { $0.security = security }
                let result = try await Post.send(to: [server], options, authoritiesFile: authorities)
                #expect(result.summary == (security == .verify ? "deferred 451" : "delivered 250"))
                guard security == .verify else { continue }
                let reply = result.recipients[0].reply
                #expect(reply.enhancedStatusCode?.description == "4.7.5")
                #expect(reply.lines.joined().contains("expired"), "\(reply.lines)")
            }
        }
    }

    @Test func `A certificate of another name is no proof`() async throws {
        try await withCertificate { context, authorities in
            let servers = (0..<2).map { _ in ScriptedServer([], tls: context) }
            let options = Post.options { $0.security = .verify }
            // The second host is mx2.example, which the certificate does not name.
            let off = ScriptedServer([]) { $0.isEmpty ? "DROP" : nil }
            let result = try await Post.send(to: [off, servers[1]], options, authoritiesFile: authorities)
            #expect(result.summary == "deferred 451")
            #expect(servers[1].lines == ["EHLO client.example", "STARTTLS"])
        }
    }

    @Test(arguments: ["220 go\r\n", "454 4.7.0 not now\r\n", "CLOSE 220 go\r\n", "220 go\r\n250 injected\r\n"])
    func `TLS that fails: in the clear where that will do, else not at all`(reply: String) async throws {
        for (security, summary) in [(OutboundSecurity.may, "delivered 250"), (.require, "deferred 451")] {
            // Offers STARTTLS, and then goes on in the clear.
            let server = ScriptedServer(["PIPELINING", "STARTTLS"]) { $0 == "STARTTLS" ? reply : nil }
            let result = try await Post.send(to: [server], Post.options { $0.security = security })
            #expect(result.summary == summary, "\(reply)")
        }
    }

    @Test func `Implicit TLS`() async throws {
        try await withCertificate { context, authorities in
            let server = ScriptedServer(["PIPELINING"])
            let serve: @Sendable (Connection) async throws -> Void = { connection in
                try await connection.startTLS(context)
                try await server.serve(connection)
            }
            try await withPeers([serve]) { _, hosts in
                let outbound = try SMTPOutbound(authoritiesFile: authorities)
                let options = Post.options {
                    $0.implicitTLS = true
                    $0.security = .verify
                }
                let result = await outbound.send(Post.message(), via: options, hosts: hosts)
                #expect(result.summary == "delivered 250")
                #expect(result.attempts[0].tls?.version == "TLSv1.3")
                await outbound.closeIdle(all: true)
            }
        }
    }

    @Test func `REQUIRETLS: a verified host that will require it too, or a report`() async throws {
        try await withCertificate { context, authorities in
            for (extensions, summary) in [(["REQUIRETLS"], "delivered 250"), ([], "bounced 550")] {
                let server = ScriptedServer(extensions, tls: context)
                let message = Post.message { $0.requiresTLS = true }
                let result = try await Post.send(message, to: [server], authoritiesFile: authorities)
                #expect(result.summary == summary)
            }
            let message = Post.message { $0.requiresTLS = true }
            // Without TLS, and with a certificate that nobody vouches for; the next host may do.
            #expect(try await Post.send(message, to: [ScriptedServer([])]).summary == "bounced 550")
            let unknown = ScriptedServer(["REQUIRETLS"], tls: context)
            let refused = try await Post.send(message, to: [unknown])
            #expect(refused.summary == "bounced 550")
            #expect(refused.recipients.first?.reply.enhancedStatusCode?.description == "5.7.30")
            #expect(!refused.destinationFailed)
            let two = try await Post.send(message, to: [ScriptedServer([]), unknown])
            #expect(two.attempts.count == 2, "the next host is asked, too")
        }
    }

    // MARK: Log-on

    private static let credentials = SMTPCredentials(user: "user", password: Array("pencil".utf8))

    @Test func `By PLAIN, by LOGIN, as the server has it`() async throws {
        let plain = ScriptedServer(["AUTH LOGIN PLAIN"])
        let options = Post.options { $0.credentials = Self.credentials }
        let ledger = Ledger()
        #expect(try await Post.send(to: [plain], options, ledger).summary == "delivered 250")
        #expect(plain.lines[1] == "AUTH PLAIN AHVzZXIAcGVuY2ls")
        #expect(ledger.transcript.contains("AUTH PLAIN ***") && !ledger.transcript.contains("AHVzZXIAcGVuY2ls"))
        let login = ScriptedServer(["AUTH=LOGIN"]) { line in
            switch line {
            case "AUTH LOGIN": "334 VXNlcm5hbWU6\r\n"
            case "dXNlcg==": "334 Your password, please:\r\n"
            case "cGVuY2ls": "235 2.7.0 welcome\r\n"
            default: nil
            }
        }
        #expect(try await Post.send(to: [login], options).summary == "delivered 250")
    }

    @Test(arguments: [
        (["AUTH PLAIN"], "535 5.7.8 no\r\n", "4.7.8"), (["AUTH PLAIN"], "454 4.7.0 later\r\n", "4.7.8"),
        (["AUTH GSSAPI"], "", "4.7.4"), ([], "", "4.7.4"),
    ])
    func `Without a log-on that works nothing is sent, and nothing comes back`(
        extensions: [String],
        reply: String,
        status: String
    ) async throws {
        let server = ScriptedServer(extensions) { $0.hasPrefix("AUTH") ? reply : nil }
        let result = try await Post.send(to: [server], Post.options { $0.credentials = Self.credentials })
        #expect(result.summary == "deferred 451")
        #expect(result.recipients[0].reply.enhancedStatusCode?.description == status)
        #expect(!server.lines.contains { $0.hasPrefix("MAIL") })
    }

    @Test func `A probe tells what there is`() async throws {
        let server = ScriptedServer(["AUTH PLAIN", "SIZE 10"])
        let probe = try await withPeers([{ try await server.serve($0) }]) { _, hosts in
            try await SMTPOutbound().probe(hosts[0], via: Post.options { $0.credentials = Self.credentials })
        }
        #expect(probe.failure == nil && probe.isAuthenticated && probe.serverName == "mx.example")
        #expect(probe.capabilities.keywords == ["AUTH", "SIZE"])
    }
}
