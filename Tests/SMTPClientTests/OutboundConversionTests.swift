// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

import MessageFormat
import SMTPClient
import SMTPWire
import Testing

@Suite(.timeLimit(.minutes(20))) struct OutboundConversionTests {
    private static let text =
        "Subject: x\r\nMIME-Version: 1.0\r\nContent-Type: text/plain; charset=utf-8\r\n"
        + "Content-Transfer-Encoding: 8bit\r\n\r\nHellö\r\n.dot\r\n"
    private static let signed =
        "Subject: x\r\nMIME-Version: 1.0\r\nContent-Type: multipart/signed; boundary=b\r\n\r\n"
        + "--b\r\nContent-Type: text/plain; charset=utf-8\r\n\r\nHellö\r\n--b\r\n"
        + "Content-Type: application/pgp-signature\r\n\r\nx\r\n--b--\r\n"

    @Test func `A server without 8BITMIME gets 7-bit data`() async throws {
        for extensions in [["PIPELINING"], ["PIPELINING", "CHUNKING", "SIZE"]] {
            let server = ScriptedServer(extensions)
            #expect(try await Post.send(Post.message(["a"], Self.text), to: [server]).summary == "delivered 250")
            let content = String(decoding: server.contents.first ?? [], as: UTF8.self)
            #expect(content == Self.text.replacing("8bit", with: "quoted-printable").replacing("ö", with: "=C3=B6"))
        }
    }

    @Test func `A server with 8BITMIME gets what came`() async throws {
        let server = ScriptedServer(["8BITMIME"])
        #expect(try await Post.send(Post.message(["a"], Self.text), to: [server]).summary == "delivered 250")
        #expect(server.contents == [Array(Self.text.utf8)])
        #expect(server.lines.contains("MAIL FROM:<> BODY=8BITMIME"))
    }

    @Test func `What is signed is not changed: another host, or 5.6.3`() async throws {
        let old = ScriptedServer(["PIPELINING"])
        let message = Post.message(["a"], Self.signed)
        let result = try await Post.send(message, to: [old])
        #expect(result.summary == "bounced 550")
        #expect(result.recipients[0].reply.enhancedStatusCode?.description == "5.6.3")
        #expect(!result.recipients[0].isPeersReply)
        let good = ScriptedServer(["8BITMIME"])
        #expect(try await Post.send(message, to: [old, good]).summary == "delivered 250")
        // A host that cannot be asked today may take it tomorrow.
        let dead = ScriptedServer([]) { $0.isEmpty ? "DROP" : nil }
        #expect(try await Post.send(message, to: [dead, old]).summary == "deferred 450")
    }

    private static let withDKIM = "DKIM-Signature: v=1; a=rsa-sha256; d=x.example;\r\n b=x\r\n" + text

    private func withDKIM(_ policy: SignedEightBit, to servers: [ScriptedServer]) async throws -> OutboundResult {
        let message = Post.message(["a"], Self.withDKIM) { $0.body = .eightBit }
        return try await Post.send(message, to: servers, Post.options { $0.signedEightBit = policy })
    }

    @Test func `As installed, mail with a DKIM signature arrives as 7-bit data`() async throws {
        #expect(Post.options().signedEightBit == .convert)
        let old = ScriptedServer(["PIPELINING", "SIZE"])
        #expect(try await withDKIM(.convert, to: [old]).summary == "delivered 250")
        let converted = Self.withDKIM.replacing("8bit", with: "quoted-printable").replacing("ö", with: "=C3=B6")
        #expect(old.contents == [Array(converted.utf8)])
        #expect(old.lines.contains { $0.hasPrefix("MAIL") && !$0.contains("BODY") })
    }

    @Test func `A DKIM signature is kept by sending 8-bit data to whom it may concern`() async throws {
        for extensions in [["PIPELINING"], ["CHUNKING", "SIZE"]] {
            let old = ScriptedServer(extensions)
            #expect(try await withDKIM(.asIs, to: [old]).summary == "delivered 250")
            #expect(old.contents == [Array(Self.withDKIM.utf8)])
            #expect(old.lines.contains { $0.hasPrefix("MAIL") && !$0.contains("BODY") })
            #expect(!old.lines.contains { $0.hasPrefix("BDAT") })
        }
        // Octets that no line has cannot go that way.
        let binary = Post.message(["a"], Self.withDKIM + "\0\r\n") { $0.body = .binary }
        let options = Post.options { $0.signedEightBit = .asIs }
        let refused = try await Post.send(binary, to: [ScriptedServer(["PIPELINING"])], options)
        #expect(refused.recipients[0].reply.enhancedStatusCode?.description == "5.6.3")
    }

    @Test func `For a signature's sake lines that are too long go as 8-bit data, and are called so`() async throws {
        let server = ScriptedServer(["8BITMIME"])
        let text = Self.withDKIM + String(repeating: "ö", count: 600) + "\r\n"
        let message = Post.message(["a"], text) { $0.body = .binary }
        let options = Post.options { $0.signedEightBit = .asIs }
        #expect(try await Post.send(message, to: [server], options).summary == "delivered 250")
        #expect(server.contents == [Array(text.utf8)])
        #expect(server.lines.contains("MAIL FROM:<> BODY=8BITMIME"))
    }

    @Test func `A DKIM signature is kept by another host, or 5.6.3`() async throws {
        let old = ScriptedServer(["PIPELINING"])
        let result = try await withDKIM(.giveBack, to: [old])
        #expect(result.recipients[0].reply.enhancedStatusCode?.description == "5.6.3")
        let good = ScriptedServer(["8BITMIME"])
        #expect(try await withDKIM(.giveBack, to: [old, good]).summary == "delivered 250")
        #expect(good.contents == [Array(Self.withDKIM.utf8)])
        // What goes as it is goes to any.
        let plain = Post.message(["a"], "DKIM-Signature: v=1; b=x\r\nSubject: x\r\n\r\nHello\r\n")
        let options = Post.options { $0.signedEightBit = .giveBack }
        #expect(try await Post.send(plain, to: [ScriptedServer([])], options).summary == "delivered 250")
    }

    @Test func `A server that lacks SMTPUTF8 is well`() async throws {
        let result = try await Post.send(Post.message(["é"], Self.text), to: [ScriptedServer(["8BITMIME"])])
        #expect(result.recipients[0].reply.enhancedStatusCode?.description == "5.6.7")
        #expect(!result.destinationFailed)
    }

    @Test func `Octets that stand for nothing never leave: no CR or LF alone (A3.4)`() async throws {
        let text = "Subject: x\r\n\r\na\n.\nb\r.\rc\r\n"
        for extensions in [["PIPELINING"], ["PIPELINING", "CHUNKING", "8BITMIME"]] {
            let server = ScriptedServer(extensions)
            #expect(try await Post.send(Post.message(["a"], text), to: [server]).summary == "delivered 250")
            let content = try #require(server.contents.first)
            #expect(!ContentFacts(of: content).hasBareNewline)
        }
    }
}
