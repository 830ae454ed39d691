// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

import POP3Wire
import Testing

@Suite struct POP3StatusLineTests {
    @Test(
        "what a server may say",
        arguments: [
            ("+OK", true, nil, ""), ("+OK ", true, nil, ""), ("-ERR no", false, nil, "no"),
            ("-ERR [IN-USE] busy", false, "IN-USE", "busy"), ("-ERR [sys/temp]", false, "SYS/TEMP", ""),
            ("+OK [no end", true, nil, "[no end"), ("+OK [] x", true, nil, "[] x"),
            ("+OK [a//b] x", true, nil, "[a//b] x"),
        ] as [(String, Bool, String?, String)]
    )
    func valid(_ line: String, _ isPositive: Bool, _ code: String?, _ text: String) throws {
        let read = try POP3StatusLine(parsing: Array(line.utf8))
        #expect(read.isPositive == isPositive && read.code == code && read.text == Array(text.utf8))
    }

    @Test("and what it may not", arguments: [("", 0), ("+ok", 0), ("+OKx", 3), ("-ERR\t", 4), ("+OK a\u{7f}", 5)])
    func invalid(_ line: String, _ offset: Int) {
        let error = #expect(throws: POP3ReplyError.self) { try POP3StatusLine(parsing: Array(line.utf8)) }
        #expect(error?.offset == offset)
    }

    @Test(
        "every command is read as it was written",
        arguments: [
            .capa, .dele(3), .list(nil), .list(4), .noop, .pass(Array("a b".utf8)), .quit, .retr(7), .rset, .stat,
            .stls,
            .top(2, lines: 10), .uidl(nil), .uidl(1), .user(Array("ann".utf8)), .authMechanisms,
            .auth(mechanism: Array("PLAIN".utf8), initialResponse: Array("AA==".utf8)),
        ] as [POP3Command]
    )
    func commands(_ command: POP3Command) throws {
        #expect(try POP3Command(parsing: Array(command.encoded.dropLast(2))) == command)
    }
}
