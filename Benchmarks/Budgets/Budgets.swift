// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

import ByteTools
import Glibc
import IMAPWire
import MessageFormat
import POP3Wire
import SMTPWire

// Does one thing of a hot path so many times, for script/budgets, which counts the processor's instructions:
//
//     budgets NAME TIMES
//
// Two runs with different numbers of times tell what one time costs.

/// What is counted: a name, and the work of one time, which gives a number so that nothing is left out.
private let paths: [(name: String, work: @Sendable () throws -> Int)] = [
    ("imap-parse-fetch", { try parse("a1 UID FETCH 1:* (UID FLAGS RFC822.SIZE ENVELOPE)") }),
    (
        "imap-parse-store",
        { try parse("a1 UID STORE 4,9:12,400 (UNCHANGEDSINCE 12345) +FLAGS.SILENT (\\Seen $Forwarded)") }
    ),
    ("imap-encode-flags", { encode(flags) }),
    ("imap-encode-envelope", { encode(envelope) }),
    ("imap-read-envelope", { try ResponseParser.parse(envelopeFrame).hashValue & 1 }),
    ("smtp-parse-mail", { try smtp("MAIL FROM:<somebody@example.org> SIZE=10240 BODY=8BITMIME RET=HDRS ENVID=abc") }),
    ("smtp-parse-rcpt", { try smtp("RCPT TO:<somebody.else@example.test> NOTIFY=FAILURE,DELAY") }),
    ("smtp-data-10k", { decode(dotted) }),
    ("pop3-stuff-10k", { stuff(message) }),
    ("message-structure-10k", { MessageSummary(parsing: message).encode().count }),
]

private func parse(_ command: String) throws -> Int { try AnyCommand.parse(Array(command.utf8)).tag.count }
private func smtp(_ line: String) throws -> Int { try SMTPCommand.parse(Array(line.utf8)) == .data ? 1 : 2 }

private func encode(_ response: Response) -> Int {
    var encoder = WireEncoder()
    encoder.response(response)
    return encoder.bytes.count
}

private func decode(_ octets: [UInt8]) -> Int {
    var decoder = DataDecoder(framing: .dotted, bareNewlines: .keep)
    var output: [UInt8] = []
    output.reserveCapacity(octets.count)
    return unsafe decoder.decode(octets.span.bytes, into: &output) + output.count
}

private func stuff(_ octets: [UInt8]) -> Int {
    var stuffer = DotStuffer()
    return stuffer.encode(octets).count + stuffer.finish().count
}

private let envelopeFrame = Array(
    (#"* 1234 FETCH (UID 5678 FLAGS (\Seen) RFC822.SIZE 10240 ENVELOPE ("Sat, 21 Nov 2026 07:28:46 +0000" "#
        + #""A subject of usual length" (("Some Body" NIL "some.body" "example.org")) "#
        + #"(("Some Body" NIL "some.body" "example.org")) (("Some Body" NIL "some.body" "example.org")) "#
        + #"(("Other Body" NIL "other.body" "example.test")) NIL NIL "<1@example.org>" "<2@example.org>"))"#).utf8
)
private let envelope = (try? ResponseParser.parse(envelopeFrame)) ?? .namespace(others: nil)
private let flags =
    (try? ResponseParser.parse(Array(#"* 1234 FETCH (UID 5678 FLAGS (\Seen \Answered $Forwarded))"#.utf8)))
    ?? .namespace(others: nil)

/// A message of two parts and 10 kB, some of whose lines begin with a dot.
private let message: [UInt8] = {
    var text = """
        Received: from mail.example.org by mx.example.test with ESMTPS; Sat, 21 Nov 2026 07:28:46 +0000\r
        From: Some Body <some.body@example.org>\r
        To: Other Body <other.body@example.test>\r
        Subject: =?utf-8?Q?A_subject_of_usual_length?=\r
        Date: Sat, 21 Nov 2026 07:28:46 +0000\r
        Message-ID: <2@example.org>\r
        MIME-Version: 1.0\r
        Content-Type: multipart/alternative; boundary="edge"\r
        \r
        --edge\r
        Content-Type: text/plain; charset=utf-8\r
        \r

        """
    for number in 0..<60 { text += "\(number % 9 == 0 ? "." : "")a line of text that is as long as such lines are\r\n" }
    text += "\r\n--edge\r\nContent-Type: text/html; charset=utf-8\r\n\r\n"
    for _ in 0..<110 { text += "<p>a line of text that is as long as such lines are</p>\r\n" }
    return Array((text + "\r\n--edge--\r\n").utf8)
}()

private let dotted: [UInt8] = {
    var encoder = DataEncoder(bareNewlines: .normalize)
    var octets: [UInt8] = []
    encoder.encode(message, into: &octets)
    encoder.finish(into: &octets)
    return octets
}()

@main
enum Budgets {
    static func main() {
        let words = CommandLine.arguments
        if words.count == 2, words[1] == "list" { return paths.forEach { print($0.name) } }
        guard words.count == 3, let times = Int(words[2]), let path = paths.first(where: { $0.name == words[1] }) else {
            print("usage: budgets list | NAME TIMES")
            exit(64)
        }
        var sum = 0
        do { for _ in 0..<times { sum &+= try path.work() } } catch {
            print("\(path.name): \(error)")
            exit(70)
        }
        print(sum)
    }
}
