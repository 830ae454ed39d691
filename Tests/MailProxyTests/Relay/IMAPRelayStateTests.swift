// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

import MailProxy
import Testing

@Suite struct IMAPRelayStateTests {
    typealias Rig = RelayRig<IMAPRelayState>

    /// A session after log-on.
    private func loggedOn(_ size: Int) -> Rig {
        var rig = Rig(IMAPRelayState(logOnTag: Array("L".utf8)), cutting: size)
        rig.backEnd("L OK done\r\n")
        #expect(rig.heard().toClient == "L OK done\r\n")
        return rig
    }

    private func exchange(_ rig: inout Rig, _ command: String, _ responses: String) {
        rig.client(command)
        rig.backEnd(responses)
        let (sent, got) = rig.heard()
        #expect(sent == command)
        #expect(got == responses)
    }

    /// A new back-end greets, and answers what the relay asked.
    private func reopen(_ rig: inout Rig) {
        rig.reopen()
        #expect(rig.toBackEnd.hasPrefix("MARTLET-REOPEN NOOP\r\n"))
        rig.toBackEnd.removeFirst("MARTLET-REOPEN NOOP\r\n".count)
        rig.backEnd("* PREAUTH [CAPABILITY IMAP4rev1] hello\r\nMARTLET-REOPEN OK done\r\n")
        #expect(rig.toClient == "")
    }

    private static let unavailable = "NO [UNAVAILABLE] mail is not available now, try again\r\n"
    private static let bye = "* BYE [UNAVAILABLE] back-end restarted, please reconnect\r\n"

    @Test("octets pass unchanged, whatever the cuts", arguments: [1, 2, 5, Int.max]) func passes(_ size: Int) {
        var rig = loggedOn(size)
        exchange(&rig, "1 SELECT INBOX\r\n", "* 3 EXISTS\r\n1 OK [READ-WRITE] done\r\n")
        exchange(&rig, "2 FETCH 1 BODY[]\r\n", "* 1 FETCH (BODY[] {11}\r\na\r\n2 OK no\r UID 5)\r\n2 OK done\r\n")
        exchange(&rig, "3 NOOP\r\n4 NOOP\r\n", "3 OK x\r\n4 OK x\r\n")
        exchange(&rig, "5 APPEND x {7+}\r\n6 NO\r\n \r\n", "5 OK done\r\n")
        exchange(&rig, "\r\njunk\r\n", "* BAD empty\r\n* BAD what\r\n")
        exchange(&rig, "7 LOGOUT\r\n", "* BYE bye\r\n7 OK done\r\n")
        #expect(rig.lose() == .close([]))
    }

    @Test("responses by number pass unchanged among others, with literals and without", arguments: 1...80)
    func numbered(_ size: Int) {
        var rig = loggedOn(size)
        let responses = """
            * 1 FETCH (FLAGS (\\Seen))\r\n* 2 FETCH (BODY[] {22}\r\n* 9 EXISTS\r\n1 OK no}\r\n)\r\n* 3 EXISTS\r\n\
            * OK [UNSEEN 2] x\r\n* 4 FETCH (FLAGS ())\r\n* 4 EXPUNGE\r\n* \r\n* 5\r\n* 6 X {0}\r\n}\r\n* 7 \n\
            * 8 FETCH (BODY[1] ~{4}\r\n{9}\r BODY[2] {2+}\r\n\n\n BODY[3] {x}\r\n* 9 FETCH (X {99999999999999999999}\r\n\
            * 10 FETCH (A {3}\r\n1 O)\r\n1 OK done\r\n
            """
        exchange(&rig, "1 SELECT INBOX\r\n", responses)
        #expect(!rig.state.isAwaitingResponse)
        rig.backEnd("* 8 FETCH (FLA")
        #expect(rig.lose() == .close(Array(Self.bye.utf8)))
    }

    @Test("a synchronizing literal waits for its continuation", arguments: [1, Int.max]) func literal(_ size: Int) {
        var rig = loggedOn(size)
        rig.client("1 APPEND x {3}\r\nabc\r\n2 NOOP\r\n")
        #expect(rig.heard().toBackEnd == "1 APPEND x {3}\r\n")
        #expect(rig.heldBack == "abc\r\n2 NOOP\r\n")
        rig.backEnd("+ go\r\n")
        #expect(rig.heard().toBackEnd == "abc\r\n2 NOOP\r\n")
        rig.backEnd("1 OK done\r\n2 OK done\r\n")
        #expect(!rig.state.isAwaitingResponse)

        // Refused: what follows is a command.
        rig.client("3 APPEND x {3}\r\n")
        rig.backEnd("3 NO [TRYCREATE] none\r\n")
        rig.client("4 NOOP\r\n")
        #expect(rig.heard().toBackEnd == "3 APPEND x {3}\r\n4 NOOP\r\n")
        rig.backEnd("4 OK\r\n")
        #expect(rig.lose() == .keep([]))
    }

    @Test("nothing selected: commands in flight are refused and the session lives", arguments: [1, Int.max])
    func keeps(_ size: Int) {
        var rig = loggedOn(size)
        rig.client("1 LIST \"\" *\r\n2 STATUS x (MESSAGES)\r\n")
        rig.backEnd("* LIST () \"/\" INBOX\r\n* LIS")
        _ = rig.lose()
        // The line that was cut off was held back and is dropped.
        #expect(rig.heard().toClient == "* LIST () \"/\" INBOX\r\n1 \(Self.unavailable)2 \(Self.unavailable)")
        #expect(!rig.state.isAwaitingResponse)

        rig.client("3 NOOP\r\n")
        #expect(rig.demand == .backEnd)
        #expect(rig.heard() == ("", ""))
        reopen(&rig)
        #expect(rig.heard().toBackEnd == "3 NOOP\r\n")
        rig.backEnd("3 OK done\r\n")
        #expect(rig.heard().toClient == "3 OK done\r\n")
        #expect(rig.lose() == .keep([]))
    }

    @Test("a mailbox selected: BYE, after the refusals", arguments: [1, Int.max]) func closes(_ size: Int) {
        var rig = loggedOn(size)
        exchange(&rig, "1 SELECT INBOX\r\n", "1 OK done\r\n")
        rig.client("2 NOOP\r\n")
        _ = rig.heard()
        #expect(rig.lose() == .close(Array("2 \(Self.unavailable)\(Self.bye)".utf8)))
    }

    static let selections: [(exchange: [(String, String)], isSelected: Bool)] = [
        ([("1 SELECT a\r\n", "1 OK\r\n")], true),
        ([("1 EXAMINE a\r\n", "1 OK\r\n")], true),
        ([("1 select {1+}\r\na\r\n", "1 OK\r\n")], true),
        ([("1 SELECT a\r\n", "1 NO none\r\n")], false),
        ([("1 SELECT a\r\n", "1 OK\r\n"), ("2 SELECT b\r\n", "2 NO none\r\n")], false),
        ([("1 SELECT a\r\n", "1 OK\r\n"), ("2 SELECT (\r\n", "2 BAD what\r\n")], true),
        ([("1 SELECT a\r\n", "1 OK\r\n"), ("2 CLOSE\r\n", "2 OK\r\n")], false),
        ([("1 SELECT a\r\n", "1 OK\r\n"), ("2 UNSELECT\r\n", "2 OK\r\n")], false),
        ([("1 SELECT a\r\n", "1 OK\r\n"), ("2 CLOSE x\r\n", "2 BAD\r\n")], true),
        ([("1 SELECT a\r\n2 CLOSE\r\n3 NOOP\r\n", "1 OK\r\n2 OK\r\n3 OK\r\n")], false),
    ]

    @Test("what counts as selected", arguments: selections.indices, [1, Int.max])
    func selected(_ index: Int, _ size: Int) {
        let (exchanges, isSelected) = Self.selections[index]
        var rig = loggedOn(size)
        for (command, responses) in exchanges { exchange(&rig, command, responses) }
        #expect(rig.lose() == (isSelected ? .close(Array(Self.bye.utf8)) : .keep([])))
    }

    @Test("a response that was cut after its start went out closes", arguments: [1, Int.max]) func cut(_ size: Int) {
        var rig = loggedOn(size)
        rig.client("1 GETMETADATA x /y\r\n")
        rig.backEnd("* METADATA x (/y {20}\r\nabc")
        #expect(rig.heard().toClient == "* METADATA x (/y {20}\r\nabc")
        #expect(rig.lose() == .close([]))
    }

    @Test("a very long line is passed on before its end, and then counts as sent") func longLine() {
        var rig = loggedOn(.max)
        rig.client("1 LIST \"\" *\r\n")
        rig.backEnd("* LIST () \"/\" " + String(repeating: "x", count: 20_000))
        #expect(rig.heard().toClient.utf8.count == 20_014)
        #expect(rig.lose() == .close([]))
    }

    @Test("a command of which only a part was sent is answered at its end", arguments: [1, Int.max])
    func unfinishedCommand(_ size: Int) {
        // In the line, in a literal that was not announced, and in one that was continued.
        for (before, after) in [("1 STA", "TUS x (UIDNEXT)\r\n"), ("1 APPEND x {4+}\r\na", "bcd\r\n")] {
            var rig = loggedOn(size)
            rig.client(before)
            #expect(rig.lose() == .keep([]))
            rig.client(after)
            #expect(rig.heard().toClient == "1 \(Self.unavailable)")
            rig.client("2 NOOP\r\n")
            #expect(rig.demand == .backEnd)
        }
        var rig = loggedOn(size)
        rig.client("1 APPEND x {4}\r\n")
        rig.backEnd("+ go\r\n")
        rig.client("ab")
        _ = rig.heard()
        #expect(rig.lose() == .keep([]))
        rig.client("cd {3}\r\n")
        #expect(rig.heard().toClient == "1 \(Self.unavailable)")
        rig.client("2 NOOP\r\n")
        #expect(rig.demand == .backEnd)
    }

    @Test("a literal that was announced and not continued is refused at once", arguments: [1, Int.max])
    func announcedLiteral(_ size: Int) {
        var rig = loggedOn(size)
        rig.client("1 APPEND x {4}\r\n")
        _ = rig.heard()
        #expect(rig.lose() == .keep(Array("1 \(Self.unavailable)".utf8)))
        rig.client("2 NOOP\r\n")
        #expect(rig.demand == .backEnd)
    }

    @Test("IDLE without a mailbox notices nothing", arguments: [1, Int.max]) func idle(_ size: Int) {
        var rig = loggedOn(size)
        exchange(&rig, "1 IDLE\r\n", "+ idling\r\n")
        #expect(!rig.state.isAwaitingResponse)
        #expect(rig.lose() == .keep([]))
        rig.client("DONE\r\n")
        #expect(rig.heard() == ("", "1 OK IDLE terminated\r\n"))
        rig.client("2 NOOP\r\n")
        reopen(&rig)
        rig.backEnd("2 OK\r\n")
        #expect(rig.heard() == ("2 NOOP\r\n", "2 OK\r\n"))
    }

    @Test("IDLE runs and ends; one that was not continued is refused", arguments: [1, Int.max]) func idles(_ size: Int)
    {
        var rig = loggedOn(size)
        exchange(&rig, "1 IDLE\r\n", "+ idling\r\n* 4 EXISTS\r\n")
        exchange(&rig, "DONE\r\n", "1 OK done\r\n")
        exchange(&rig, "2 IDLE\r\nDONE\r\n", "+ idling\r\n2 OK done\r\n")
        exchange(&rig, "3 SELECT a\r\n", "3 OK\r\n")
        exchange(&rig, "4 IDLE\r\n", "+ idling\r\n")
        #expect(rig.lose() == .close(Array(Self.bye.utf8)))

        rig = loggedOn(size)
        rig.client("1 IDLE\r\n")
        #expect(rig.lose() == .keep(Array("1 \(Self.unavailable)".utf8)))
    }

    @Test("the log-on is tried again as long as nothing was answered", arguments: [1, Int.max]) func logOn(_ size: Int)
    {
        var rig = Rig(IMAPRelayState(logOnTag: Array("L".utf8)), cutting: size)
        rig.client("1 NOOP\r\n")
        #expect(rig.heldBack == "1 NOOP\r\n")
        rig.backEnd("L O")
        #expect(rig.lose() == .retryLogOn)
        rig.reopen()
        rig.backEnd("L OK done\r\n")
        #expect(rig.heard() == ("1 NOOP\r\n", "L OK done\r\n"))
        #expect(
            String(decoding: rig.state.farewell(.shutdown), as: UTF8.self)
                == "* BYE [UNAVAILABLE] server is restarting, please reconnect\r\n"
        )
    }

    @Test("what a command switched on by itself is between the back-ends and the front-end", arguments: [1, Int.max])
    func switchedOn(_ size: Int) {
        var rig = loggedOn(size)
        rig.client("1 STATUS x (HIGHESTMODSEQ)\r\n")
        rig.backEnd("* MARTLET-ENABLED CONDSTORE\r\n* STATUS x (HIGHESTMODSEQ 7)\r\n1 OK done\r\n")
        #expect(rig.heard().toClient == "* STATUS x (HIGHESTMODSEQ 7)\r\n1 OK done\r\n")
        #expect(rig.lose() == .keep([]))
        rig.client("2 NOOP\r\n")
        rig.reopen()
        #expect(rig.heard().toBackEnd == "MARTLET-REOPEN ENABLE CONDSTORE\r\n2 NOOP\r\n")
    }

    @Test("who has used NOTIFY is told that it is over, and of nothing after", arguments: [1, Int.max])
    func notifications(_ size: Int) {
        var rig = loggedOn(size)
        rig.client("1 NOTIFY SET (PERSONAL (MailboxName))\r\n")
        rig.backEnd("* MARTLET-ENABLED MARTLET-NOTIFY\r\n1 OK done\r\n* LIST () \"/\" x\r\n")
        #expect(rig.heard().toClient == "1 OK done\r\n* LIST () \"/\" x\r\n")
        guard case .keep(let told) = rig.lose() else { return #expect(Bool(false), "the session is kept") }
        #expect(String(decoding: told, as: UTF8.self).hasPrefix("* OK [NOTIFICATIONOVERFLOW] "))
        rig.client("2 NOOP\r\n")
        rig.reopen()
        #expect(rig.heard().toBackEnd == "MARTLET-REOPEN ENABLE MARTLET-SILENCE\r\n2 NOOP\r\n")
        rig.backEnd("* PREAUTH hello\r\n* ENABLED MARTLET-SILENCE\r\nMARTLET-REOPEN OK done\r\n2 OK done\r\n")
        #expect(rig.lose() == .keep([]), "it was told once")
    }

    @Test("who has ended NOTIFY has nothing to lose, and another back-end is silent, too", arguments: [1, Int.max])
    func noNotifications(_ size: Int) {
        var rig = loggedOn(size)
        rig.client("1 NOTIFY SET (PERSONAL (MailboxName))\r\n")
        rig.backEnd("* MARTLET-ENABLED MARTLET-NOTIFY\r\n1 OK done\r\n")
        rig.client("2 NOTIFY NONE\r\n")
        rig.backEnd("* MARTLET-ENABLED MARTLET-SILENCE\r\n2 OK done\r\n")
        #expect(rig.lose() == .keep([]))
        rig.client("3 NOOP\r\n")
        rig.reopen()
        let sent = rig.heard().toBackEnd
        #expect(sent.hasSuffix("MARTLET-REOPEN ENABLE MARTLET-SILENCE\r\n3 NOOP\r\n"))
    }

    @Test("whatever line comes next ends IDLE, and is no command", arguments: [1, 5, Int.max])
    func idleEnds(_ size: Int) {
        for line in ["DONE", "z FOO", "FOO", "", "x COMPRESS DEFLATE", "x UNAUTHENTICATE", "x APPEND a {5}"] {
            var rig = loggedOn(size)
            // Sent at once, too, with a command behind it.
            rig.client("1 IDLE\r\n\(line)\r\n2 APPEND a {3+}\r\na\r\n\r\n")
            #expect(rig.heard().toBackEnd == "1 IDLE\r\n")
            rig.backEnd("+ idling\r\n")
            #expect(rig.heard().toBackEnd == "\(line)\r\n2 APPEND a {3+}\r\na\r\n\r\n", "\(line)")
            rig.backEnd("1 BAD expected DONE\r\n2 OK done\r\n")
            #expect(!rig.state.isAwaitingResponse && rig.state.forwardAllowance == .max)
        }
    }

    @Test("a line of one word and answers without a tag leave nothing unanswered", arguments: [1, Int.max])
    func strangeLines(_ size: Int) {
        for (line, answer) in [
            ("FOO", "FOO BAD what"), ("", "* BAD empty"), (String(repeating: "x", count: 70) + " NOOP", "* BAD tag"),
        ] {
            var rig = loggedOn(size)
            rig.client("\(line)\r\n2 APPEND a {3}\r\n")
            rig.backEnd("\(answer)\r\n+ go on\r\n")
            rig.client("{9}\r\n")
            #expect(rig.heard().toBackEnd == "\(line)\r\n2 APPEND a {3}\r\n{9}\r\n", "\(line)")
            rig.backEnd("2 OK done\r\n")
            #expect(!rig.state.isAwaitingResponse && rig.state.forwardAllowance == .max)
        }
    }

    @Test("a text that ends like a literal's announcement announces none", arguments: [1, Int.max])
    func texts(_ size: Int) {
        for text in ["1 NO [NONEXISTENT] No mailbox x{5}", "* OK x {200}\r\n1 OK x{3+}", "+ go {7}\r\n1 BAD {1}"] {
            var rig = loggedOn(size)
            exchange(&rig, "1 NOOP\r\n", text + "\r\n")
            #expect(!rig.state.isAwaitingResponse)
        }
    }

    @Test("what follows COMPRESS waits for its answer, and may be compressed", arguments: [1, Int.max])
    func compression(_ size: Int) {
        var rig = loggedOn(size)
        for (answer, begins) in [("1 NO [CANNOT] x\r\n", false), ("1 BAD x\r\n", false), ("1 OK active\r\n", true)] {
            rig.client("1 COMPRESS DEFLATE\r\nwhat?\r\n")
            #expect(rig.heard().toBackEnd == "1 COMPRESS DEFLATE\r\n")
            #expect(rig.heldBack == "what?\r\n")
            let early = rig.state.takeCompression()
            rig.backEnd(answer)
            let (begun, again) = (rig.state.takeCompression(), rig.state.takeCompression())
            #expect((early, begun, again) == (false, begins, false))
            #expect(rig.heard() == ("what?\r\n", answer))
            rig.backEnd("* BAD what\r\n")
            _ = rig.heard()
        }
        #expect(rig.lose() == .keep([]))
        rig.client("2 NOOP\r\n")
        rig.reopen()
        #expect(rig.heard().toBackEnd == "MARTLET-REOPEN ENABLE MARTLET-DEFLATE\r\n2 NOOP\r\n")
    }

    @Test("what the back-end says behind its answer to COMPRESS is kept until it can be compressed")
    func behindCompression() {
        var rig = loggedOn(.max)
        rig.client("1 COMPRESS DEFLATE\r\n")
        let behind = "* STATUS INBOX (MESSAGES 5)\r\n* 3 EXISTS\r\n"
        rig.backEnd("* 2 EXISTS\r\n1 OK active\r\n" + behind)
        #expect(rig.heard().toClient == "* 2 EXISTS\r\n1 OK active\r\n")
        let isCompressed = rig.state.takeCompression()
        #expect(isCompressed)
        let (kept, again) = (rig.state.takeBehindCompression(), rig.state.takeBehindCompression())
        #expect((kept, again) == (Array(behind.utf8), []))
        let told = rig.state.fromBackEnd(kept)
        #expect(told == kept)
    }

    @Test("what follows UNAUTHENTICATE is for another session", arguments: [1, Int.max])
    func logOff(_ size: Int) {
        var rig = loggedOn(size)
        exchange(&rig, "1 SELECT INBOX\r\n", "1 OK\r\n")
        rig.client("2 UNAUTHENTICATE x\r\n3 NOOP\r\n")
        #expect(rig.heard().toBackEnd == "2 UNAUTHENTICATE x\r\n")
        rig.backEnd("2 BAD what\r\n3 OK\r\n")
        #expect(!rig.state.isLoggedOff)
        _ = rig.heard()
        rig.client("4 unauthenticate\r\n5 LOGIN x y\r\n")
        #expect(rig.heard().toBackEnd == "4 unauthenticate\r\n")
        #expect(rig.state.isLoggingOff && rig.heldBack == "5 LOGIN x y\r\n")
        rig.backEnd("4 OK done\r\n")
        #expect(rig.state.isLoggedOff && !rig.state.isLoggingOff)
        #expect(rig.heard().toClient == "4 OK done\r\n")
    }

    @Test("a back-end that is gone, or does not come, is no reason to refuse UNAUTHENTICATE")
    func logOffAlone() {
        var rig = loggedOn(1)
        exchange(&rig, "1 SELECT INBOX\r\n", "1 OK\r\n")
        rig.client("2 UNAUTHENTICATE\r\n")
        #expect(rig.lose() == .keep(Array("2 OK UNAUTHENTICATE completed\r\n".utf8)))
        #expect(rig.state.isLoggedOff)

        var other = loggedOn(1)
        #expect(other.lose() == .keep([]))
        other.client("3 UNAUTHENTICATE\r\n4 LOGIN")
        other.stayAway()
        #expect(other.state.isLoggedOff)
        #expect(other.heldBack == "4 LOGIN")
        #expect(other.heard().toClient == "3 OK UNAUTHENTICATE completed\r\n")
    }

    @Test("what was enabled is enabled again, unseen", arguments: [1, Int.max]) func enabled(_ size: Int) {
        var rig = loggedOn(size)
        exchange(&rig, "1 ENABLE CONDSTORE QRESYNC\r\n", "* ENABLED CONDSTORE QRESYNC\r\n1 OK\r\n")
        exchange(&rig, "2 ENABLE UTF8=ACCEPT\r\n", "2 NO\r\n")
        exchange(&rig, "3 enable IMAP4rev2\r\n", "* ENABLED IMAP4rev2\r\n3 OK\r\n")
        #expect(rig.lose() == .keep([]))
        rig.client("4 NOOP\r\n")
        rig.reopen()
        #expect(rig.heard().toBackEnd == "MARTLET-REOPEN ENABLE CONDSTORE QRESYNC IMAP4rev2\r\n4 NOOP\r\n")
        rig.backEnd(
            "* PREAUTH hello\r\n* ENABLED CONDSTORE QRESYNC IMAP4REV2\r\nMARTLET-REOPEN OK done\r\n4 OK done\r\n"
        )
        #expect(rig.heard().toClient == "4 OK done\r\n")
    }

    @Test("no back-end within the deadline: each command is refused, LOGOUT is not", arguments: [1, Int.max])
    func unavailable(_ size: Int) {
        var rig = loggedOn(size)
        #expect(rig.lose() == .keep([]))
        for command in ["1 NOOP\r\n", "2 APPEND x {3+}\r\nabc\r\n", "3 APPEND x {3}\r\n"] {
            rig.client(command)
            #expect(rig.demand == .backEnd)
            rig.stayAway()
            #expect(rig.heard() == ("", "\(command.prefix(1)) \(Self.unavailable)"))
        }
        rig.client("4 LOGOUT\r\n")
        rig.stayAway()
        #expect(rig.heard() == ("", "* BYE logging out\r\n4 OK LOGOUT completed\r\n"))
        #expect(rig.demand == .close)
    }

    @Test("commands are sent on in a window while older ones are unanswered") func window() {
        var rig = loggedOn(.max)
        rig.client(String(repeating: "1 NOOP\r\n", count: 20_000))
        #expect(rig.heard().toBackEnd.utf8.count == 160_000)
        #expect(rig.state.forwardAllowance == 0)
        // A literal of the only command may be of any size.
        rig = loggedOn(1000)
        rig.client("1 APPEND x {1000000+}\r\n" + String(repeating: "x", count: 1_000_000) + "\r\n")
        #expect(rig.heldBack == "")
        rig.backEnd("1 OK\r\n")
        rig.client("2 APPEND x {1000000}\r\n")
        rig.backEnd("+ go\r\n")
        rig.client(String(repeating: "x", count: 1_000_000))
        #expect(rig.heldBack == "")
    }

    @Test("any octets from both ends are an answer") func noise() {
        let alphabet = Array("a1 *+{}3\r\n\r\nDONE{2}\r\nIDLE ".utf8)
        for _ in 0..<3000 {
            var rig = loggedOn(Int.random(in: 1...9))
            for _ in 0..<6 {
                let noise = String(
                    decoding: (0..<Int.random(in: 0...30)).map { _ in alphabet.randomElement() ?? 0 },
                    as: UTF8.self
                )
                if Bool.random() { rig.client(noise) } else { rig.backEnd(noise) }
                if Int.random(in: 0..<4) == 0, case .keep = rig.lose() {
                    if Bool.random() { rig.reopen() } else { rig.stayAway() }
                }
            }
        }
    }
}
