// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

import IMAPClient
import IMAPWire
import Locking
import MailTypes
import Runtime
import Testing

@Suite(.timeLimit(.minutes(20))) struct SessionTests {
    static let greeting = "S: * OK [CAPABILITY IMAP4rev1 LITERAL+ IDLE SASL-IR AUTH=PLAIN MOVE] other server ready\n"
    static let pieces = [Int.max, 1, 7]

    private func run(
        _ transcript: String,
        cutting piece: Int = .max,
        limits: IMAPClientLimits = IMAPClientLimits(),
        _ body: @escaping @Sendable (IMAPClientSession) async throws -> Void
    ) async throws {
        try await ScriptedServer(transcript: transcript, piece: piece).run { connection in
            let session = IMAPClientSession(connection, limits: limits)
            try await session.open()
            try await body(session)
        }
    }

    static let conversation =
        greeting + #"""
            C: m1 LOGIN ann "se cret"
            S: * CAPABILITY IMAP4rev1 LITERAL+ IDLE
            S: m1 OK [CAPABILITY IMAP4rev1 LITERAL+ IDLE MULTIAPPEND] in
            C: m2 SELECT INBOX
            S: * FLAGS (\Answered \Seen $Forwarded)
            S: * OK [PERMANENTFLAGS (\Seen \*)] limited
            S: * 3 EXISTS
            S: * 0 RECENT
            S: * OK [X-OTHER some argument] a code of theirs
            S: * OK [UIDVALIDITY 77] -
            S: * OK [UIDNEXT 12] -
            S: m2 OK [READ-WRITE] done
            C: m3 UID SEARCH TEXT needle
            S: * SEARCH 4 9 11
            S: m3 OK found {3}
            C: m4 LIST "" "*"
            S: * LIST (\HasNoChildren) "." INBOX
            S: * LIST (\Noselect) NIL {5}\r\nother
            S: m4 OK listed
            C: m5 UID STORE 4 +FLAGS (\Seen)
            S: * 1 FETCH (UID 4 FLAGS (\Seen))
            S: m5 OK stored
            C: m6 EXPUNGE
            S: * 2 EXPUNGE
            S: m6 OK gone
            C: m7 LOGOUT
            S: * BYE then
            S: m7 OK logged out
            """#

    @Test(arguments: pieces) func `A whole conversation, however it is cut`(_ piece: Int) async throws {
        try await run(Self.conversation, cutting: piece) { session in
            try await session.logOn(user: "ann", password: Array("se cret".utf8))
            #expect(session.capabilities.contains("MULTIAPPEND"))
            let opened = try await session.select("INBOX")
            #expect(opened.exists == 3 && opened.uidValidity == UIDValidity(77) && opened.uidNext == UID(12))
            #expect(opened.permanentFlags == ["\\Seen", "\\*"] && !opened.isReadOnly)
            let found = try await session.search(.text(Array("needle".utf8)), numbers: .uid)
            #expect(found == [4, 9, 11])
            let rows = try await session.list("*")
            #expect(rows.map(\.name) == ["INBOX", "other"] && rows.map(\.delimiter) == [0x2E, nil])
            let set = SequenceSet([.init(.value(4), .value(4))])
            try await session.store(StoreCommand(set, numbers: .uid, .add, FlagSet(system: .seen)))
            try await session.expunge()
            #expect(session.mailbox?.exists == 2)
            try await session.logOut()
            #expect(session.state == .loggedOut)
        }
    }

    @Test(arguments: pieces) func `Bodies are streamed in every form`(_ piece: Int) async throws {
        let big = String(repeating: "0123456789", count: 20_000)
        let transcript =
            Self.greeting + #"""
                C: m1 SELECT INBOX
                S: * 4 EXISTS
                S: m1 OK done
                C: m2 UID FETCH 1:* (UID BODY.PEEK[])
                S: * 1 FETCH (UID 5 BODY[] {\#(big.utf8.count)}\r\n\#(big))
                S: * 2 FETCH (BODY[] {0}\r\n UID 6)
                S: * 3 FETCH (UID 7 BODY[] "short")
                S: * 4 FETCH (UID 8 BODY[] NIL FLAGS ())
                S: m2 OK done
                """#
        // Cut into single octets, the large one takes too long.
        let text =
            piece == 1 ? transcript.replacing(big, with: "0123456789").replacing("{200000}", with: "{10}") : transcript
        try await run(text, cutting: piece) { session in
            try await session.select("INBOX")
            let bodies = Lock<[UInt32: Int]>([:])
            let ends = Lock<[UInt32]>([])
            let messages = Lock<[FetchedMessage]>([])
            let all = SequenceSet([.init(.value(1), .largest)])
            let section = FetchItem.section(SectionSpecifier(), peek: true, partial: nil)
            try await session.fetch(
                FetchCommand(all, numbers: .uid, items: [.uid, section]),
                bodies: { body, octets in
                    if octets.isEmpty { ends.withLock { $0.append(body.number.rawValue) } }
                    bodies.withLock { $0[body.number.rawValue, default: 0] += octets.count }
                },
                each: { message in messages.withLock { $0.append(message) } }
            )
            let size = piece == 1 ? 10 : 200_000
            #expect(bodies.withLock { $0 } == [1: size, 2: 0, 3: 5])
            #expect(ends.withLock { $0 } == [1, 2, 3])
            #expect(messages.withLock { $0.map { $0.uid?.rawValue } } == [5, 6, 7, 8])
            #expect(messages.withLock { $0.allSatisfy { $0.values.allSatisfy { $0.bodyOctets?.isEmpty ?? true } } })
        }
    }

    @Test(arguments: pieces) func `Commands may be ahead of their answers`(_ piece: Int) async throws {
        let transcript =
            Self.greeting + #"""
                C: m1 SELECT INBOX
                S: * 2 EXISTS
                S: m1 OK done
                C: m2 NOOP
                C: m3 UID SEARCH ALL
                C: m4 NOOP
                S: m4 OK early
                S: * SEARCH 1 2
                S: m2 OK
                S: m3 NO not so
                """#
        let text = transcript.replacing("S: m2 OK\n", with: "S: m2 OK at last\n")
        try await run(text, cutting: piece) { session in
            try await session.select("INBOX")
            let first = try await session.send(NoopCommand())
            let second = try await session.send(SearchCommand(.all, numbers: .uid))
            let third = try await session.send(NoopCommand())
            let seen = Lock<[Response]>([])
            let answer = try await session.answer(to: second) { response in seen.withLock { $0.append(response) } }
            #expect(answer.condition == .no)
            #expect(try await session.answer(to: first).text == "at last")
            #expect(try await session.answer(to: third).text == "early")
            #expect(seen.withLock { $0 } == [.search([1, 2], modSeq: nil)])
        }
    }

    @Test func `Literals wait for leave where the server has no LITERAL+`() async throws {
        let transcript = #"""
            S: * OK [CAPABILITY IMAP4rev1 IDLE] ready
            C: m1 LOGIN {4}
            S: + go
            C: a"\#u{e9} secret
            S: m1 OK [CAPABILITY IMAP4rev1] in
            C: m2 APPEND INBOX (\Seen) {10}
            S: + go
            C: 0123456789
            S: m2 OK [APPENDUID 7 41] stored
            C: m3 APPEND full {3}
            S: m3 NO [OVERQUOTA] no room
            C: m4 NOOP
            S: m4 OK still there
            """#
        try await run(transcript) { session in
            try await session.logOn(user: "a\"\u{e9}", password: Array("secret".utf8))
            let message = MessageUpload(Array("0123456789".utf8), flags: FlagSet(system: .seen))
            let stored = try await session.append([message], to: "INBOX")
            #expect(stored == AppendedMessages(uidValidity: UIDValidity(7), uids: UIDSet([41...41])))
            let error = await #expect(throws: IMAPClientError.self) {
                try await session.append([MessageUpload(Array("abc".utf8))], to: "full")
            }
            #expect(error?.leavesSessionOpen == true)
            try await session.noop()
        }
    }

    @Test(arguments: pieces) func `IDLE hears until it has enough`(_ piece: Int) async throws {
        let transcript =
            Self.greeting + #"""
                C: m1 SELECT INBOX
                S: * 2 EXISTS
                S: m1 OK done
                C: m2 IDLE
                S: + idling
                S: * OK still here
                S: * 3 EXISTS
                C: DONE
                S: * 4 EXISTS
                S: m2 OK done
                """#
        try await run(transcript, cutting: piece) { session in
            try await session.select("INBOX")
            let end = try await session.idle { response in
                if case .exists = response { true } else { false }
            }
            #expect(end == .satisfied)
            #expect(session.mailbox?.exists == 4)
        }
    }

    @Test func `IDLE ends when it is poked, and when its time is over`() async throws {
        let transcript =
            Self.greeting + """
                C: m1 IDLE
                S: + idling
                C: DONE
                S: m1 OK done
                C: m2 IDLE
                S: + idling
                C: DONE
                S: m2 OK done
                """
        try await run(transcript) { session in
            session.interrupter.notify()
            let poked = try await session.idle { _ in false }
            #expect(poked == .interrupted)
            let waited = try await session.idle(for: .milliseconds(20)) { _ in false }
            #expect(waited == .timedOut)
        }
    }

    @Test func `AUTHENTICATE sends what it has to say at once, or when it is asked`() async throws {
        let once = """
            S: * OK [CAPABILITY IMAP4rev1 SASL-IR AUTH=PLAIN] ready
            C: m1 AUTHENTICATE PLAIN AGFubgBwYXNz
            S: m1 OK [CAPABILITY IMAP4rev1] in
            """
        try await run(once) { try await $0.authenticatePlain(user: "ann", password: Array("pass".utf8)) }
        let asked = """
            S: * OK [CAPABILITY IMAP4rev1 AUTH=PLAIN] ready
            C: m1 AUTHENTICATE PLAIN
            S: + 
            C: AGFubgBwYXNz
            S: m1 NO [AUTHENTICATIONFAILED] no
            """
        try await run(asked) { session in
            let error = await #expect(throws: IMAPClientError.self) {
                try await session.authenticatePlain(user: "ann", password: Array("pass".utf8))
            }
            #expect(error == .refused(StatusResponse(.no, .word(.authenticationFailed), "no")))
        }
    }

    static let wrong: [(said: String, offset: Int, expected: String)] = [
        ("* 1 EXIST", 4, "EXISTS, RECENT, EXPUNGE, FETCH or UIDFETCH"),
        ("* OK", 4, "a space"),
        ("* LIST (\\X) \"/\"  INBOX", 16, "a mailbox name"),
        ("* 1 FETCH (UID 0)", 15, "a number above 0"),
        ("* 1 FETCH (FLAGS (\\Seen) )", 25, "a FETCH data item"),
        ("* SEARCH  1", 9, "a number above 0"),
        ("* 1 FETCH (BODY[] {3+}\\r\\nabc)", 20, "a server's literal"),
        ("+OK", 1, "a space"),
        ("m2", 2, "a space"),
    ]

    @Test(arguments: wrong) func `A wrong octet is named by its place`(
        _ wrong: (said: String, offset: Int, expected: String)
    ) async throws {
        let transcript =
            Self.greeting + "C: m1 SELECT INBOX\nS: * 1 EXISTS\nS: m1 OK -\nC: m2 NOOP\nS: " + wrong.said + "\n"
        for piece in Self.pieces {
            try await run(transcript, cutting: piece) { session in
                try await session.select("INBOX")
                let error = await #expect(throws: IMAPClientError.self) { try await session.noop() }
                guard case .notAResponse(let place, _) = error else {
                    Issue.record("\(String(describing: error))")
                    return
                }
                #expect(place.offset == wrong.offset)
                #expect(place.expected == wrong.expected)
                #expect(session.state == .loggedOut)
                await #expect(throws: IMAPClientError.self) { try await session.noop() }
            }
        }
    }

    static let misplaced = [
        "* 3 EXPUNGE", "* 2 EXPUNGE", "* 1 EXISTS", "* 3 FETCH (FLAGS ())", "m9 OK who?", "+ go on", "* PREAUTH again",
        "* VANISHED 1:9",
    ]

    @Test(arguments: misplaced) func `What is valid and may not come then ends the session`(_ said: String) async throws
    {
        let transcript =
            Self.greeting + "C: m1 SELECT INBOX\nS: * 2 EXISTS\nS: m1 OK -\nC: m2 FETCH 1 (FLAGS)\nS: \(said)\n"
        try await run(transcript) { session in
            try await session.select("INBOX")
            let one = SequenceSet([.init(.value(1), .value(1))])
            let error = await #expect(throws: IMAPClientError.self) {
                try await session.fetch(FetchCommand(one, items: [.flags]))
            }
            guard case .unexpected = error else {
                Issue.record("\(String(describing: error))")
                return
            }
        }
    }

    @Test func `Too much of a response, a bare LF and the end of the stream end it`() async throws {
        let limits = IMAPClientLimits(frameOctets: 1000)
        for said in ["* OK " + String(repeating: "x", count: 2000), "* LIST () \"/\" {1001}\\r\\n"] {
            try await run(Self.greeting + "C: m1 NOOP\nS: \(said)\n", limits: limits) { session in
                let error = await #expect(throws: IMAPClientError.self) { try await session.noop() }
                guard case .tooLong = error else {
                    Issue.record("\(String(describing: error))")
                    return
                }
            }
        }
        try await run(Self.greeting + "C: m1 NOOP\nS: * OK a\u{a}\n".replacing("a\u{a}", with: "bye")) { session in
            await #expect(throws: IMAPClientError.io(.closed)) { try await session.noop() }
        }
        try await run(Self.greeting + "C: m1 NOOP\nS: * BYE good night\n") { session in
            await #expect(throws: IMAPClientError.bye(StatusResponse(.bye, nil, "good night"))) {
                try await session.noop()
            }
        }
    }

    @Test(arguments: ["* BYE no room", "* NO", "hello", "* 1 EXISTS", ""]) func `Not every greeting will do`(
        _ said: String
    )
        async throws
    {
        try await ScriptedServer(transcript: said.isEmpty ? "" : "S: \(said)\n").run { connection in
            let session = IMAPClientSession(connection)
            await #expect(throws: IMAPClientError.self) { try await session.open() }
            #expect(session.state == .loggedOut)
        }
    }
}
