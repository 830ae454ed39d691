// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import AdminCLI

@Suite struct SendmailOptionsTests {
    private func parse(_ line: String, as name: String = "sendmail") throws -> SendmailOptions {
        try SendmailOptions(line.split(separator: " ").map(String.init), name: name)
    }

    @Test func `What programs write`() throws {
        var expected = SendmailOptions()
        expected.readsRecipients = true
        expected.ignoresDots = true
        #expect(try parse("-t -i") == expected)
        #expect(try parse("-ti") == expected)
        #expect(try parse("-t -oi -oem -B8BITMIME -odb") == expected)
        expected.sender = "a@b.c"
        for line in ["-f a@b.c -t -oi", "-fa@b.c -t -i", "-r a@b.c -ti", "-f <a@b.c> -it"] {
            #expect(try parse(line) == expected)
        }
        expected.recipients = ["d@e.f", "-g"]
        expected.fullName = "Ann"
        #expect(try parse("-it -FAnn -f a@b.c d@e.f -- -g") == expected)
    }

    @Test func `Reports`() throws {
        let options = try parse("-N success,delay -R hdrs -V id a@b.c")
        #expect(options.notify == "SUCCESS,DELAY" && options.returns == "HDRS" && options.envelopeID == "id")
        #expect(try parse("-Nnever a").notify == "NEVER")
    }

    @Test func `Modes, and names that are modes`() throws {
        #expect(try parse("-bs").mode == .dialogue && parse("-bp").mode == .queue && parse("-bm a").mode == .message)
        #expect(try parse("-bi").mode == .nothing && parse("-q30m").mode == .nothing)
        #expect(try parse("", as: "mailq").mode == .queue && parse("", as: "newaliases").mode == .nothing)
        #expect(try parse("--help").mode == .help && parse("--data /x a").data == "/x")
    }

    @Test(arguments: ["-Z", "-f", "-bd", "-N sometimes", "-R some", "--what", "a\u{1}b"])
    func `What is none`(line: String) {
        #expect(throws: CommandError.self) { try parse(line) }
    }
}

@Suite struct SendmailMessageTests {
    private func file(_ input: String, _ line: String) throws -> String {
        let options = try SendmailOptions(line.split(separator: " ").map(String.init))
        let message = try SendmailMessage(Array(input.utf8), options, user: "ann", host: "h.example")
        return String(decoding: message.file, as: UTF8.self)
    }

    @Test func `The envelope of the command line`() throws {
        #expect(
            try file("Subject: x\n\nhi\n", "-f s@b.c -N never -R full r@b.c,q@b.c root")
                == "X-Sender: <s@b.c> RET=FULL\nX-Receiver: <r@b.c> NOTIFY=NEVER\nX-Receiver: <q@b.c> NOTIFY=NEVER\n"
                + "X-Receiver: <root> NOTIFY=NEVER\nX-Envelope-End: yes\nSubject: x\n\nhi\n"
        )
        #expect(try file("Subject: x\n\n", "-f <> a@b.c").hasPrefix("X-Sender: <>\n"))
    }

    @Test func `The envelope of the header`() throws {
        let found = try file("To: a@b.c, \"x y\"@b.c\nBcc: root\n\nhi\n", "-t d@e.f")
        for address in ["d@e.f", "a@b.c", "\"x y\"@b.c", "root"] {
            #expect(found.contains("X-Receiver: <\(address)>\n"))
        }
        #expect(found.hasPrefix("X-Sender: <ann>\n"))
    }

    @Test func `An envelope that the server could not read is refused at once`() throws {
        for words in [
            ["-f", "a b@c", "x@y.z"], ["-f", "a@", "x@y.z"], ["x y@z.z"], ["<x@y.z"], ["x@y.z>"],
            ["-V", String(repeating: "x", count: 200), "x@y.z"],
        ] {
            let options = try SendmailOptions(words)
            let error = #expect(throws: CommandError.self, "\(words)") {
                try SendmailMessage([], options, user: "ann", host: "h.example")
            }
            #expect(error?.exitCode == .data)
        }
    }

    @Test func `A dot ends the message, unless it is not to`() throws {
        #expect(try file("A: b\n\none\n.\ntwo\n", "a").hasSuffix("\none\n"))
        #expect(try file("A: b\n\none\n.\r\ntwo\n", "a").hasSuffix("\none\n"))
        #expect(try file("A: b\n\none\n.\ntwo\n", "-i a").hasSuffix("one\n.\ntwo\n"))
    }

    @Test func `A text without a header, a line of mbox, a full name`() throws {
        #expect(try file("just text\n", "a").hasSuffix("X-Envelope-End: yes\n\njust text\n"))
        #expect(try file("From x Mon\nA: b\n\n", "a").hasSuffix("X-Envelope-End: yes\nA: b\n\n"))
        #expect(try file("A: b\n\n", "-FAnn a").contains("\nFrom: \"Ann\" <ann@h.example>\nA: b\n"))
        #expect(try !file("From: x@y.z\n\n", "-FAnn a").contains("Ann"))
    }

    @Test(arguments: [("A: b\n\n", ""), ("A: b\n\n", "-t"), ("To: ,\n\n", "-t")])
    func `Nobody to send it to`(input: String, line: String) {
        #expect(throws: CommandError.self) { try file(input, line) }
    }
}
