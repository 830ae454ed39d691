// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

import MailTypes
import MessageFormat
import SMTPClient
import SMTPWire
import Testing

@Suite struct TransactionPlanTests {
    private func offer(_ keywords: String) -> SMTPCapabilities {
        let lines = ["mx.example"] + keywords.split(separator: ",").map { String($0) }
        return SMTPCapabilities(reply: SMTPReply(250, lines: lines))
    }

    private func mail(_ line: String) throws -> MailCommand {
        guard case .mail(let mail) = try SMTPCommand.parse(Array("MAIL FROM:\(line)".utf8)) else {
            throw SMTPReply(500)
        }
        return mail
    }

    private func recipient(_ line: String) throws -> RecipientCommand {
        guard case .recipient(let recipient) = try SMTPCommand.parse(Array("RCPT TO:\(line)".utf8)) else {
            throw SMTPReply(500)
        }
        return recipient
    }

    private func plan(
        _ mailLine: String,
        _ recipientLines: [String] = ["<b@x.example>"],
        _ text: String = "Subject: x\r\n\r\nbody\r\n",
        offer keywords: String,
        encrypted: Bool = false,
        authenticated: Bool = false
    ) throws -> TransactionPlan {
        var circumstances = TransactionPlan.Circumstances()
        circumstances.isEncrypted = encrypted
        circumstances.isAuthenticated = authenticated
        return try TransactionPlan(
            mail(mailLine),
            recipientLines.map { try recipient($0) },
            size: UInt64(text.utf8.count),
            ContentFacts(of: Array(text.utf8)),
            for: offer(keywords),
            circumstances
        )
    }

    private func line(_ command: SMTPCommand) -> String { String(decoding: command.encoded.dropLast(2), as: UTF8.self) }

    @Test(arguments: [
        // what came, what is offered, what is said
        ("<a@x.example>", "HELP", "MAIL FROM:<a@x.example>"),
        ("<a@x.example>", "SIZE", "MAIL FROM:<a@x.example> SIZE=20"),
        ("<a@x.example> SIZE=5", "SIZE 0", "MAIL FROM:<a@x.example> SIZE=20"),
        ("<a@x.example> SIZE=5", "HELP", "MAIL FROM:<a@x.example>"),
        ("<> BODY=8BITMIME", "8BITMIME", "MAIL FROM:<> BODY=7BIT"),
        ("<> BODY=8BITMIME", "HELP", "MAIL FROM:<>"),
        ("<>", "8BITMIME", "MAIL FROM:<>"),
        ("<> RET=HDRS ENVID=a+20b", "DSN", "MAIL FROM:<> RET=HDRS ENVID=a+20b"),
        ("<> RET=HDRS ENVID=a+20b", "HELP", "MAIL FROM:<>"),
        ("<> XMARTLET-TRACE=abc", "SIZE", "MAIL FROM:<> SIZE=20"),
        ("<> AUTH=c@x.example", "AUTH PLAIN", "MAIL FROM:<>"),
        ("<> SMTPUTF8", "SMTPUTF8,8BITMIME", "MAIL FROM:<> SMTPUTF8"),
        ("<> SMTPUTF8", "8BITMIME", "MAIL FROM:<>"),
        ("<é@x.example> SMTPUTF8", "SMTPUTF8,8BITMIME", "MAIL FROM:<é@x.example> SMTPUTF8"),
    ])
    func `Servers hear of the extensions they know`(came: String, offered: String, said: String) throws {
        #expect(try line(.mail(plan(came, offer: offered).mail)) == said)
    }

    @Test func `Who is logged on vouches for the submitter`() throws {
        let plan = try plan("<> AUTH=c@x.example", offer: "AUTH PLAIN", authenticated: true)
        #expect(line(.mail(plan.mail)) == "MAIL FROM:<> AUTH=c@x.example")
    }

    @Test(arguments: [
        ("DSN", "RCPT TO:<b@x.example> NOTIFY=SUCCESS,DELAY ORCPT=rfc822;c@y.example"),
        ("HELP", "RCPT TO:<b@x.example>"),
    ])
    func `What recipients asked of reports is passed on, and nothing of our own`(offered: String, said: String) throws {
        let came =
            "<b@x.example> NOTIFY=SUCCESS,DELAY ORCPT=rfc822;c@y.example XMARTLET-ACCOUNT=4 "
            + "XMARTLET-DELIVERY=00112233445566778899aabbccddeeff"
        #expect(try line(.recipient(plan("<>", [came], offer: offered).recipients[0])) == said)
    }

    private static let eightBit = "Subject: x\r\n\r\nbödy\r\n"
    private static let binary = "Subject: x\r\n\r\nb\0dy\r\n"
    private static let bare = "Subject: x\r\n\r\nbo\ndy\r\n"

    @Test(
        arguments: [
            // what came, the octets, what is offered, what is said of them, what is done to them, whether by BDAT
            ("<>", eightBit, "8BITMIME", .eightBit, nil, false),
            ("<>", eightBit, "8BITMIME,CHUNKING", .eightBit, nil, true),
            ("<>", eightBit, "CHUNKING", nil, .sevenBit, false),
            ("<>", binary, "8BITMIME,CHUNKING,BINARYMIME", .binary, nil, true),
            ("<>", binary, "8BITMIME,BINARYMIME", nil, .eightBit, false),
            ("<>", binary, "8BITMIME,CHUNKING", nil, .eightBit, false),
            ("<>", binary, "HELP", nil, .sevenBit, false),
            ("<>", bare, "8BITMIME,CHUNKING,BINARYMIME", nil, nil, false),
            ("<> BODY=BINARYMIME", bare, "8BITMIME,CHUNKING,BINARYMIME", .binary, nil, true),
            ("<> BODY=BINARYMIME", bare, "8BITMIME", nil, .eightBit, false),
            ("<> BODY=BINARYMIME", eightBit, "8BITMIME", .eightBit, nil, false),
        ] as [(String, String, String, MailCommand.Body?, MessageConversion.Target?, Bool)]
    )
    func `Content is changed only where it must be (F-62)`(
        came: String,
        text: String,
        offered: String,
        body: MailCommand.Body?,
        conversion: MessageConversion.Target?,
        chunking: Bool
    ) throws {
        let plan = try plan(came, ["<b@x.example>"], text, offer: offered)
        #expect(plan.mail.body == body)
        #expect(plan.conversion == conversion)
        #expect(plan.usesChunking == chunking)
    }

    @Test(arguments: [
        ("<>", "SIZE 19", "552 5.3.4"),
        ("<> REQUIRETLS", "REQUIRETLS", "550 5.7.30"),
        ("<é@x.example> SMTPUTF8", "8BITMIME", "550 5.6.7"),
    ])
    func `What nobody there can have is refused by us`(came: String, offered: String, reply: String) throws {
        let refusal = #expect(throws: TransactionPlan.Refusal.self) { try plan(came, offer: offered) }
        #expect(refusal?.reply.summary.hasPrefix(reply) == true)
    }

    @Test func `REQUIRETLS needs TLS and a server that will require it`() throws {
        #expect(throws: TransactionPlan.Refusal.self) { try plan("<> REQUIRETLS", offer: "SIZE", encrypted: true) }
        let allowed = try plan("<> REQUIRETLS", offer: "REQUIRETLS", encrypted: true)
        #expect(line(.mail(allowed.mail)) == "MAIL FROM:<> REQUIRETLS")
    }

    @Test func `A header in UTF-8 needs SMTPUTF8, unless it never was declared`() throws {
        let text = "Subject: é\r\n\r\nbody\r\n"
        let names = ["<b@x.example>", "<é@x.example>"]
        let refused = try plan("<> SMTPUTF8", names, text, offer: "8BITMIME")
        #expect(refused.recipients.isEmpty)
        // RFC 6531 §3.5: an address is its own reason.
        #expect(refused.refusals[0]?.summary.hasPrefix("550 5.6.9") == true)
        #expect(refused.refusals[1]?.summary.hasPrefix("553 5.6.7") == true)
        #expect(try plan("<>", ["<b@x.example>"], text, offer: "8BITMIME").mail.body == .eightBit)
    }

    @Test func `Recipients who are not ASCII are refused one by one`() throws {
        let names = ["<b@x.example>", "<é@x.example>", "<c@x.example>"]
        let plan = try plan("<>", names, offer: "8BITMIME")
        #expect(plan.places == [0, 2])
        #expect(plan.refusals.mapValues(\.code) == [1: 553])
        #expect(!plan.mail.usesUTF8)
        #expect(try self.plan("<>", names, offer: "SMTPUTF8").mail.usesUTF8)
    }

    @Test(arguments: [
        ("<a@b> HOLDFOR=60", "HELP", "MAIL FROM:<a@b>", false),
        ("<a@b> MT-PRIORITY=4 SOLICIT=a:b", "HELP", "MAIL FROM:<a@b>", false),
        (
            "<a@b> MT-PRIORITY=4 SOLICIT=a:b", "MT-PRIORITY,NO-SOLICITING", "MAIL FROM:<a@b> MT-PRIORITY=4 SOLICIT=a:b",
            false
        ),
        ("<a@b> BY=120;N", "DELIVERBY 60", "MAIL FROM:<a@b> BY=120;N", false),
        ("<a@b> BY=120;N", "HELP", "MAIL FROM:<a@b>", true),
        ("<a@b> BY=120;RT", "DELIVERBY 60", "MAIL FROM:<a@b> BY=120;RT", true),
    ])
    func `Times, priorities and labels go to servers that know them`(
        given: String,
        offered: String,
        said: String,
        isReported: Bool
    ) throws {
        let plan = try plan(given, offer: offered)
        #expect(line(.mail(plan.mail)) == said)
        #expect(plan.reportsRelay == isReported)
    }

    @Test(arguments: ["HELP", "DELIVERBY 300"])
    func `What is to go back when it is late goes to nobody who will not see to it`(offered: String) throws {
        let refusal = #expect(throws: TransactionPlan.Refusal.self) { try plan("<a@b> BY=120;R", offer: offered) }
        #expect(refusal?.reply.enhancedStatusCode?.description == "5.3.3")
    }
}
