// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

import POP3Wire
import Testing

@Suite struct POP3ReplyTests {
    @Test(
        "status lines",
        arguments: [
            (POP3Reply.ok(""), "+OK\r\n"),
            (.ok("2 320"), "+OK 2 320\r\n"),
            (.err(nil, "no such message"), "-ERR no such message\r\n"),
            (.err(.inUse, "busy"), "-ERR [IN-USE] busy\r\n"),
            (.err(.utf8, "no"), "-ERR [UTF8] no\r\n"),
            (.err(.systemTemporary, "later"), "-ERR [SYS/TEMP] later\r\n"),
            (.err(.systemPermanent, "a\r\n+OK b\0"), "-ERR [SYS/PERM] a??+OK b?\r\n"),
        ]
    )
    func encodes(_ reply: POP3Reply, _ line: String) {
        #expect(String(decoding: reply.encoded, as: UTF8.self) == line)
    }

    @Test func isCutAt512() {
        let line = POP3Reply.ok(String(repeating: "x", count: 1000)).encoded
        #expect(line.count == 512)
        #expect(line.suffix(3).elementsEqual("x\r\n".utf8))
    }

    @Test("lines of CAPA") func capabilities() {
        let lines = [
            POP3Capability.sasl(["PLAIN", "LOGIN"]), .expireNever, .implementation("Martlet"), .authResponseCode,
        ]
        #expect(lines.map(\.line) == ["SASL PLAIN LOGIN", "EXPIRE NEVER", "IMPLEMENTATION Martlet", "AUTH-RESP-CODE"])
    }
}
