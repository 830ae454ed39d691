// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

import MailProxy
import Testing

@Suite struct POP3RelayStateTests {
    typealias Rig = RelayRig<POP3RelayState>
    private static let lost = "-ERR [SYS/TEMP] server restarted, nothing was deleted, please reconnect\r\n"

    private func loggedOn(_ size: Int) -> Rig {
        var rig = Rig(POP3RelayState(), cutting: size)
        rig.backEnd("+OK maildrop has 2 messages\r\n")
        #expect(rig.heard().toClient == "+OK maildrop has 2 messages\r\n")
        return rig
    }

    static let exchanges: [(command: String, response: String)] = [
        ("STAT\r\n", "+OK 2 320\r\n"),
        ("LIST\r\n", "+OK\r\n1 120\r\n2 200\r\n.\r\n"),
        ("list  \r\n", "+OK\r\n.\r\n"),
        ("LIST 1\r\n", "+OK 1 120\r\n"),
        ("UIDL 1\r\n", "+OK 1 abc\r\n"),
        ("RETR 1\r\n", "+OK\r\n..\r\n.x\r\n-ERR not a status\r\n\r\n.\r\n"),
        ("RETR 9\r\n", "-ERR no such message\r\n"),
        ("TOP 1 2\r\n", "+OK\r\n\r\n.\r\n"),
        ("CAPA\r\n", "+OK\r\nTOP\r\n.\r\n"),
        ("LANG\r\n", "+OK\r\ni-default English\r\n.\r\n"),
        ("LANG en\r\n", "+OK en Language changed\r\n"),
        ("XYZ\r\n", "-ERR unknown\r\n"),
        ("QUIT\n", "+OK bye\r\n"),
    ]

    @Test("octets pass unchanged and every response is counted", arguments: [1, 3, Int.max]) func passes(_ size: Int) {
        var rig = loggedOn(size)
        for (command, response) in Self.exchanges {
            rig.client(command)
            #expect(rig.state.isAwaitingResponse)
            rig.backEnd(response)
            #expect(rig.heard() == (command, response))
            #expect(!rig.state.isAwaitingResponse)
        }
        // After QUIT the end is expected.
        #expect(rig.lose() == .close([]))
    }

    @Test("pipelined", arguments: [1, Int.max]) func pipelined(_ size: Int) {
        var rig = loggedOn(size)
        rig.client(Self.exchanges.map(\.command).joined())
        rig.backEnd(Self.exchanges.map(\.response).joined())
        #expect(rig.heard().toClient == Self.exchanges.map(\.response).joined())
        #expect(!rig.state.isAwaitingResponse)
    }

    @Test("a loss is told when something was asked, and never in the middle of a response", arguments: [1, Int.max])
    func losses(_ size: Int) {
        let table: [(asked: String, answered: String, loss: String)] = [
            ("", "", ""),
            ("STAT\r\n", "", Self.lost),
            ("STAT\r\n", "+OK 2", Self.lost),
            ("RETR 1\r\n", "", Self.lost),
            ("RETR 1\r\n", "+OK 12 octets\r\n", ""),
            ("RETR 1\r\n", "+OK 12 octets\r\nabc", ""),
            ("RETR 1\r\n", "+OK 12 octets\r\nabc\r\n.", ""),
            ("RETR 1\r\n", "+OK 12 octets\r\nabc\r\n.\r\n", ""),
            ("RETR 1\r\nSTAT\r\n", "+OK 12 octets\r\nabc\r\n.\r\n", Self.lost),
            ("RETR 9\r\nSTAT\r\n", "-ERR none\r\n", Self.lost),
            ("DELE 1\r\nQUIT\r\n", "+OK\r\n", Self.lost),
            ("QUIT\r\n", "+OK bye\r\n", ""),
        ]
        for (asked, answered, loss) in table {
            var rig = loggedOn(size)
            rig.client(asked)
            rig.backEnd(answered)
            #expect(rig.lose() == .close(Array(loss.utf8)), "\(asked) \(answered)")
            rig.client("NOOP\r\n")
            #expect(rig.demand == .close)
        }
    }

    @Test("the log-on is tried again") func logOn() {
        var rig = Rig(POP3RelayState(), cutting: 1)
        rig.client("STAT\r\n")
        rig.backEnd("+O")
        #expect(rig.lose() == .retryLogOn)
        rig.reopen()
        rig.backEnd("+OK maildrop\r\n+OK 0 0\r\n")
        #expect(rig.heard() == ("STAT\r\n", "+OK maildrop\r\n+OK 0 0\r\n"))
    }

    @Test func farewells() {
        var rig = loggedOn(.max)
        #expect(rig.state.farewell(.shutdown) == [])
        rig.client("STAT\r\n")
        #expect(rig.state.farewell(.idle) == [])
        #expect(String(decoding: rig.state.farewell(.shutdown), as: UTF8.self).hasPrefix("-ERR [SYS/TEMP]"))
    }

    @Test("any octets from both ends are an answer") func noise() {
        let alphabet = Array("+OK-ERR .\r\n\r\nLISTRETR 1".utf8)
        for _ in 0..<3000 {
            var rig = loggedOn(Int.random(in: 1...9))
            for _ in 0..<6 {
                let noise = String(
                    decoding: (0..<Int.random(in: 0...30)).map { _ in alphabet.randomElement() ?? 0 },
                    as: UTF8.self
                )
                if Bool.random() { rig.client(noise) } else { rig.backEnd(noise) }
            }
            _ = rig.lose()
        }
    }
}
