// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

import MailTypes
import MessageFormat
import POP3Server
import POP3Wire
import SASL
import Testing

@Suite("POP3 UTF8 (RFC 6856)", .timeLimit(.minutes(20)))
struct UTF8Tests {
    private static let plain = "Subject: one\r\n\r\nhello\r\n"
    private static let body = "\r\n.dot ü\r\nlast\r\n"
    private static let international = "Subject: Grüße\r\nX-Note: ü\r\nDate: x\r\n" + body
    private static var surrogate: String {
        "Subject: \(String(decoding: EncodedWord.encode("Grüße"), as: UTF8.self))\r\nDate: x\r\n" + body
    }
    private static func stuffed(_ text: String) -> String { text.replacing("\r\n.", with: "\r\n..") }

    @Test("Who has said it gets every octet as it is, and who has not a surrogate; sizes are those of what is sent")
    func both() async throws {
        let dialogue = Dialogue([Self.plain, Self.international])
        for (command, text) in [("", Self.surrogate), ("UTF8\r\n", Self.international)] {
            let sizes = (Self.plain.utf8.count, text.utf8.count)
            let commands = [
                "STAT", "LIST", "LIST 2", "RETR 2", "TOP 2 1", "DELE 1", "STAT", "DELE 2", "STAT", "RSET", "STAT",
                "RETR 1", "QUIT",
            ]
            let script = command + Dialogue.logOn + commands.map { $0 + "\r\n" }.joined()
            let said = try await dialogue.transcript(script)
            let all = sizes.0 + sizes.1
            let expected = [
                "+OK 2 \(all)", "+OK 2 messages (\(all) octets)", "1 \(sizes.0)", "2 \(sizes.1)", ".",
                "+OK 2 \(sizes.1)", "+OK \(sizes.1) octets", Self.stuffed(text) + ".", "+OK top of message follows",
                Self.stuffed(text).replacing("last\r\n", with: "."), "+OK message 1 deleted", "+OK 1 \(sizes.1)",
                "+OK message 2 deleted", "+OK 0 0", "+OK maildrop has 2 messages (\(all) octets)", "+OK 2 \(all)",
                "+OK \(sizes.0) octets", Self.plain + ".", "+OK bye", "",
            ].joined(separator: "\r\n")
            let opening = Dialogue.greeting + (command.isEmpty ? "" : "+OK UTF8 enabled\r\n") + "+OK send PASS\r\n"
            #expect(said.hasPrefix(opening))
            #expect(said.hasSuffix(expected))
        }
    }

    @Test("RETR before any size was asked for sends the same")
    func retrievalFirst() async throws {
        let said = try await Dialogue([Self.international]).session("RETR 1\r\nLIST 1\r\n")
        let size = Self.surrogate.utf8.count
        #expect(said.contains("+OK \(size) octets\r\n\(Self.stuffed(Self.surrogate)).\r\n+OK 1 \(size)\r\n"))
    }

    @Test("What goes over many pieces")
    func large() async throws {
        let text = Self.international + String(repeating: "line ü\r\n", count: 30_000)
        let said = try await Dialogue([text]).session("RETR 1\r\n")
        let sent = Self.surrogate + String(repeating: "line ü\r\n", count: 30_000)
        let expected = "+OK \(sent.utf8.count) octets\r\n\(Self.stuffed(sent)).\r\n" + Dialogue.farewell
        #expect(said.utf8.suffix(expected.utf8.count).elementsEqual(expected.utf8))
    }

    @Test("Headers too large to be exchanged are refused, and sent to who has said UTF8")
    func tooLarge() async throws {
        let text = "Subject: ü\r\nX: " + String(repeating: "x", count: 4 << 20) + "\r\n\r\nbody\r\n"
        let dialogue = Dialogue([text, Self.plain])
        let refusal = "-ERR [UTF8] message 1 can be had after UTF8 only\r\n"
        let said = try await dialogue.session("RETR 1\r\nTOP 1 0\r\nLIST 1\r\nLIST 2\r\n")
        #expect(said.contains(refusal + refusal + refusal + "+OK 2 \(Self.plain.utf8.count)\r\n"))
        let whole = try await dialogue.transcript("UTF8\r\n" + Dialogue.logOn + "RETR 1\r\nQUIT\r\n")
        #expect(whole.contains("+OK \(text.utf8.count) octets\r\n"))
    }

    @Test("It is said before the log-on, outlives one that fails, and comes behind STLS")
    func order() async throws {
        let dialogue = Dialogue([Self.international])
        let late = try await dialogue.session("UTF8\r\nRETR 1\r\n")
        #expect(late.contains("-ERR UTF8 is not valid after log-on\r\n+OK \(Self.surrogate.utf8.count) octets\r\n"))
        let again = try await dialogue.transcript(
            "UTF8\r\nUSER bob@example.test\r\nPASS x\r\n" + Dialogue.logOn + "RETR 1\r\nQUIT\r\n"
        )
        #expect(again.contains("+OK \(Self.international.utf8.count) octets\r\n"))
        var rules = POP3Authorization(channel: .clear, hasCertificate: true)
        #expect(rules.receive(Array("UTF8".utf8)) == .reply(.ok("UTF8 enabled")))
        #expect(rules.receive(Array("utf8".utf8)) == .reply(.ok("UTF8 enabled")))
        #expect(rules.receive(Array("STLS".utf8)) == .reply(.err(nil, "STLS comes before UTF8")))
        #expect(rules.acceptsUTF8)
        rules.tlsEstablished(.tls)
        #expect(!rules.acceptsUTF8)
    }

    @Test("Messages that need no surrogate are found out once, within bounds")
    func known() {
        let plain = PlainMessages(maximum: 3)
        let (account, mailbox) = (AccountID(1), MailboxID(1))
        plain.add(UIDSet(ascending: [UID(1), UID(2)]), account, mailbox)
        plain.add(UIDSet(ascending: [UID(3), UID(9)]), account, mailbox)
        #expect(plain.known(account, mailbox).description == "1:3,9")
        #expect(plain.known(account, MailboxID(2)).isEmpty && plain.known(AccountID(2), mailbox).isEmpty)
        plain.add(UIDSet(ascending: [UID(4)]), account, MailboxID(2))
        #expect(plain.known(account, mailbox).count == 4)
        plain.add(UIDSet(ascending: [UID(9)]), account, MailboxID(2))
        #expect(plain.known(account, mailbox).isEmpty)
    }
}
