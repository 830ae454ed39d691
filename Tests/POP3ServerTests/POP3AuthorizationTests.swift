// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

import POP3Server
import POP3Wire
import SASL
import Testing

@Suite struct POP3AuthorizationTests {
    private func answers(_ lines: [String], on channel: SASLChannel, hasCertificate: Bool = true)
        -> [POP3Authorization.Action]
    {
        var rules = POP3Authorization(channel: channel, hasCertificate: hasCertificate)
        return lines.map { rules.receive(Array($0.utf8)) }
    }

    private static let alice = POP3Authorization.Action.verify(.password(user: "alice", password: Array("a b".utf8)))
    private static let passAlone = POP3Authorization.Action.reply(.err(nil, "PASS is only valid right after USER"))

    @Test func userAndPass() {
        #expect(answers(["USER alice", "PASS a b"], on: .tls) == [.reply(.ok("send PASS")), Self.alice])
        #expect(answers(["PASS a b"], on: .tls) == [Self.passAlone])
        #expect(answers(["USER alice", "CAPA", "PASS a b"], on: .loopback).last == Self.passAlone)
        #expect(answers(["USER alice", "PASS a b", "PASS a b"], on: .tls).last == Self.passAlone)
        #expect(answers(["USER bob", "USER alice", "PASS a b"], on: .tls).last == Self.alice)
    }

    @Test(
        "in the clear nothing secret is taken",
        arguments: ["USER alice", "PASS x", "AUTH PLAIN", "AUTH LOGIN =", "auth plain AGEAYg=="]
    )
    func inClear(_ line: String) {
        #expect(answers([line], on: .clear) == [.refuseInClear])
        #expect(answers([line], on: .tls) != [.refuseInClear])
        #expect(answers([line], on: .loopback) != [.refuseInClear])
    }

    @Test("CAPA tells what can be done on this connection") func capabilities() {
        let table: [(SASLChannel, Bool, [String])] = [
            (.clear, true, ["STLS"]), (.clear, false, []),
            (.loopback, true, ["USER", "SASL PLAIN LOGIN", "STLS"]), (.tls, true, ["USER", "SASL PLAIN LOGIN"]),
        ]
        for (channel, hasCertificate, varying) in table {
            let lines = POP3Authorization(channel: channel, hasCertificate: hasCertificate).capabilities.all.map(\.line)
            let fixed = ["TOP", "UIDL", "RESP-CODES", "AUTH-RESP-CODE", "PIPELINING", "EXPIRE NEVER", "LANG", "UTF8"]
            #expect(lines == fixed + varying + ["IMPLEMENTATION Martlet"])
        }
    }

    @Test(
        "LANG (RFC 6856 §3.2)",
        arguments: [
            ("LANG", .languages), ("LANG en", .reply(.ok("en Language changed"))),
            ("LANG EN", .reply(.ok("en Language changed"))), ("LANG *", .reply(.ok("en Language changed"))),
            ("LANG i-default", .reply(.ok("i-default Language changed"))),
            ("LANG i", .reply(.ok("i-default Language changed"))), ("LANG i-def", refusal), ("LANG e", refusal),
            ("LANG en-GB", refusal), ("LANG de", refusal), ("LANG \u{7}", refusal), ("LANG -", refusal),
        ] as [(String, POP3Authorization.Action)]
    )
    func languages(_ line: String, _ action: POP3Authorization.Action) {
        #expect(answers([line], on: .tls) == [action])
    }

    private static let refusal = POP3Authorization.Action.reply(
        .err(nil, "no such language: LANG lists those there are")
    )

    @Test func startTLS() {
        #expect(answers(["STLS"], on: .clear) == [.startTLS])
        #expect(
            answers(["STLS"], on: .clear, hasCertificate: false) == [
                .reply(.err(.systemPermanent, "TLS is not available"))
            ]
        )
        #expect(answers(["STLS"], on: .tls) == [.reply(.err(nil, "TLS is already active"))])
    }

    @Test("what came before TLS is forgotten") func tlsForgets() {
        var rules = POP3Authorization(channel: .loopback, hasCertificate: true)
        _ = rules.receive(Array("USER mallory".utf8))
        rules.tlsEstablished(.tls)
        #expect(rules.receive(Array("PASS x".utf8)) == Self.passAlone)
        #expect(rules.channel == .tls)
    }

    @Test(
        "other lines",
        arguments: [
            ("STAT", "STAT is not valid before log-on"), ("RETR 1", "RETR is not valid before log-on"),
            ("NOOP", "NOOP is not valid before log-on"), ("APOP a b", "APOP is not supported"),
            ("AUTH CRAM-MD5", "unknown authentication mechanism"), ("EHLO x", "unknown command EHLO"),
            ("", "empty line where a command was expected"),
        ]
    )
    func others(_ line: String, _ text: String) {
        #expect(answers([line], on: .tls) == [.reply(.err(nil, text))])
    }
}
