// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

import SMTPWire
import Testing

@Suite struct SMTPReplyTests {
    @Test(arguments: [
        (SMTPReply(250, .other, "OK"), "250 2.0.0 OK\r\n"),
        (SMTPReply(550, .noSuchMailbox, "No such mailbox"), "550 5.1.1 No such mailbox\r\n"),
        (SMTPReply(354, .other, "Go on"), "354 Go on\r\n"),
        (SMTPReply(250, nil, "mx.example", "SIZE 10", "HELP"), "250-mx.example\r\n250-SIZE 10\r\n250 HELP\r\n"),
        (SMTPReply(214, .other, "a", "b"), "214-2.0.0 a\r\n214 2.0.0 b\r\n"),
        (SMTPReply(220), "220 \r\n"),
        (SMTPReply(500, .invalidCommand, "a\r\n250 b\u{0}é"), "500 5.5.2 a??250 b???\r\n"),
    ])
    func `Replies as they are sent`(reply: SMTPReply, wire: String) {
        #expect(String(decoding: reply.encoded, as: UTF8.self) == wire)
    }

    @Test func `A long text is cut to the line (F-68)`() {
        let wire = SMTPReply(250, .other, String(repeating: "x", count: 5000)).encoded
        #expect(wire.count == SMTPReply.maximumLineOctets)
        #expect(wire.suffix(2) == [13, 10])
    }

    @Test func `One severity for both codes`() {
        #expect(SMTPReply(451, .mailSystem).enhancedStatusCode?.description == "4.3.0")
        #expect(SMTPReply(550, .mailSystem).enhancedStatusCode?.description == "5.3.0")
        #expect(!SMTPReply(451, .mailSystem).isPositive && SMTPReply(354).isPositive)
    }

    @Test(arguments: [
        ("250 2.1.5 OK\r\n", SMTPReply(250, .recipientValid, "OK")),
        ("250\r\n", SMTPReply(250, nil, "")),
        ("250 OK\n", SMTPReply(250, nil, "OK")),
        ("354-Go\r\n354-on\r\n354 now\r\n", SMTPReply(354, nil, "Go", "on", "now")),
        ("250-a\r\n251 b\r\n", SMTPReply(251, nil, "a", "b")),
        ("550-5.1.1 no\r\n550 5.1.1 such\r\n", SMTPReply(550, .noSuchMailbox, "no", "such")),
        ("550 2.0.0 odd class\r\n", SMTPReply(550, nil, "2.0.0 odd class")),
        ("421 4.3.2\r\n", SMTPReply(421, .notAccepting, "")),
        ("250-\r\n250 \r\n", SMTPReply(250, nil, "", "")),
    ])
    func `Replies as they are read, cut anywhere (F-56)`(wire: String, reply: SMTPReply) throws {
        let octets = Array(wire.utf8) + Array("250 next".utf8)
        for size in 1...octets.count {
            var parser = SMTPReplyParser()
            var offset = 0
            var found: SMTPReply?
            while found == nil, offset < octets.count {
                let piece = Array(octets[offset..<min(offset + size, octets.count)])
                let (consumed, result) = try parser.read(piece)
                found = result
                offset += consumed
            }
            #expect(found == reply)
            #expect(offset == wire.utf8.count)
            #expect(!parser.isInside)
        }
    }

    @Test(arguments: [
        "hello\r\n", "25\r\n", "\r\n", "150 x\r\n", "650 x\r\n", "250x\r\n", "2 50 x\r\n", "+OK\r\n", "\u{0}\n",
    ])
    func `What is no reply is an error`(wire: String) {
        var parser = SMTPReplyParser()
        let octets = Array(wire.utf8)
        #expect(throws: SMTPReplyError.notAReply) { try parser.read(octets) }
    }

    @Test func `A reply without end is an error`() {
        var lines = SMTPReplyParser()
        let many = Array(String(repeating: "250-x\r\n", count: 400).utf8)
        #expect(throws: SMTPReplyError.tooLong) { try lines.read(many) }
        var octets = SMTPReplyParser()
        let long = [UInt8](repeating: 0x32, count: 70_000)
        #expect(throws: SMTPReplyError.tooLong) { try octets.read(long) }
    }

    @Test func `Encoded replies read back`() throws {
        let reply = SMTPReply(452, .tooManyRecipients, "Too many", "recipients")
        var parser = SMTPReplyParser()
        let octets = reply.encoded
        #expect(try parser.read(octets).reply == reply)
    }

    @Test func `Capabilities of an EHLO answer`() {
        let offered = SMTPCapabilities(
            reply: SMTPReply(
                250,
                nil,
                "mx.example hello",
                "PIPELINING",
                "size 52428800",
                "AUTH=LOGIN",
                "AUTH PLAIN LOGIN",
                "LIMITS RCPTMAX=100 MAILMAX=9",
                "",
                "8BITMIME"
            )
        )
        #expect(offered.pipelining && offered.eightBitMIME && !offered.chunking && !offered.startTLS)
        #expect(offered.maximumSize == 52_428_800)
        #expect(offered.authenticationMechanisms == ["LOGIN", "PLAIN", "LOGIN"])
        #expect(offered.maximumRecipients == 100)
        #expect(SMTPCapabilities(reply: SMTPReply(250, nil, "PIPELINING")).pipelining == false)
        #expect(SMTPCapabilities(reply: SMTPReply(250, nil, "x", "SIZE 99999999999999999999999")).maximumSize == nil)
    }
}
