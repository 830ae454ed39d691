// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

import MailTypes
import SMTPWire
import Testing
import TransportRole

@Suite struct PickupMessageTests {
    private static let domain = Domain("example.test")

    private func parse(_ text: String) throws -> PickupMessage {
        try PickupMessage(parsing: Array(text.utf8), domain: Self.domain)
    }

    private func text(_ octets: [UInt8]) -> String { String(decoding: octets, as: UTF8.self) }

    @Test func `An envelope in front`() throws {
        let message = try parse(
            "x-sender: ann@example.org\nX-Receiver: <bob@b.c> NOTIFY=NEVER\nX-Receiver: root\nSubject: x\n\nbody\n.\nend"
        )
        #expect("\(message.mail.reversePath)" == "<ann@example.org>")
        #expect(message.recipients.map { "\($0.forwardPath)" } == ["<bob@b.c>", "<root@example.test>"])
        #expect(message.recipients.map(\.notify) == [.never, nil])
        #expect(text(message.header) == "Subject: x\r\n" && text(message.body) == "body\r\n.\r\nend")
    }

    @Test func `Its end keeps the text from adding to it`() throws {
        let message = try parse("X-Sender: <>\nX-Receiver: a@b.c\nX-Envelope-End: yes\nX-Receiver: evil@b.c\n\n")
        #expect(message.recipients.map { "\($0.forwardPath)" } == ["<a@b.c>"])
        #expect(message.mail.reversePath == .null && text(message.header) == "X-Receiver: evil@b.c\r\n")
    }

    @Test func `The header's addresses where there is no envelope`() throws {
        let message = try parse(
            "From: Ann <ann@example.org>\r\nTo: bob@b.c, friends: eve@b.c, dan;\r\nCc: BOB@b.c\r\nBcc: x@y.z\r\n q@y.z\r\n\r\nhi\r\n"
                .replacing("x@y.z\r\n q", with: "x@y.z,\r\n q")
        )
        #expect("\(message.mail.reversePath)" == "<ann@example.org>")
        #expect(
            message.recipients.map { "\($0.forwardPath)" }.prefix(3) == [
                "<bob@b.c>", "<eve@b.c>", "<dan@example.test>",
            ]
        )
        #expect(message.recipients.suffix(2).map { "\($0.forwardPath)" } == ["<x@y.z>", "<q@y.z>"])
        #expect(!text(message.header).contains("Bcc") && message.hasFrom && !message.hasDate)
    }

    @Test func `Who sent it on, where it says so`() throws {
        let message = try parse("From: a@b.c\nTo: d@e.f\nResent-From: g@h.i\nResent-To: j@k.l\n\n")
        #expect("\(message.mail.reversePath)" == "<g@h.i>")
        #expect(message.recipients.map { "\($0.forwardPath)" } == ["<j@k.l>"])
    }

    @Test(arguments: [
        "", "\n", "Subject: nobody\n\n", "From: a@b.c\n\n", "To: a@b.c\n\n", "X-Sender: a b\nX-Receiver: c@d.e\n\n",
        "X-Sender: <>\nX-Sender: <>\nX-Receiver: c@d.e\n\n", "X-Sender: <>\nX-Receiver: <a@b\n\n",
        "X-Sender: <>\nX-Receiver: a@b.c EVIL=1\n\n", "From: a@b.c\nTo: <@>\n\n", "X-Sender: <>\nX-Receiver:\n\n",
    ])
    func `What is no message`(file: String) {
        #expect(throws: PickupMessage.Fault.self) { try parse(file) }
    }

    @Test func `Words between our own parts are not taken from files`() throws {
        let words = "XMARTLET-ACCOUNT=7 XMARTLET-SENT"
        let message = try parse("X-Sender: <> XMARTLET-TRACE=abc\nX-Receiver: <a@b.c> \(words)\n\n")
        #expect(!message.recipients[0].isSentCopy)
        #expect(message.mail.trace == nil && message.recipients[0].account == nil)
    }

    @Test(arguments: ["\r", "\n", "\r\n"])
    func `Whatever ends its lines`(end: String) throws {
        let lines = ["X-Sender: <>", "X-Receiver: a@b.c", "A: b", "", "one", ".", "..two", "three", ""]
        // A CR alone is no line end: it becomes a blank, and the file is one line of envelope.
        guard end != "\r" else {
            #expect(throws: PickupMessage.Fault.self) { try parse(lines.joined(separator: end)) }
            return
        }
        let message = try parse(lines.joined(separator: end))
        #expect(text(message.body) == "one\r\n.\r\n..two\r\nthree\r\n")
    }
}
