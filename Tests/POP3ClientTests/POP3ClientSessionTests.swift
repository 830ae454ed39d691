// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

import Locking
import POP3Client
import POP3Wire
import Runtime
import Testing

@Suite(.timeLimit(.minutes(20))) struct POP3ClientSessionTests {
    static let opening = """
        S: +OK ready <1@example>
        C: CAPA
        S: +OK
        S: PIPELINING
        S: SASL LOGIN PLAIN
        S: UIDL
        S: .

        """
    static let logOn = """
        C: USER ann
        C: PASS se cret
        S: +OK
        S: +OK 2 messages
        C: CAPA
        S: +OK
        S: PIPELINING
        S: .

        """
    static let pieces = [Int.max, 1, 7]

    private func run(
        _ transcript: String,
        cutting piece: Int = .max,
        _ body: @escaping @Sendable (POP3ClientSession) async throws -> Void
    ) async throws {
        try await ScriptedServer(transcript: transcript, piece: piece).run { connection in
            let session = POP3ClientSession(connection)
            try await session.open()
            try await body(session)
        }
    }

    @Test(arguments: pieces) func `A whole conversation, however it is cut`(_ piece: Int) async throws {
        let transcript =
            Self.opening + Self.logOn + """
                C: STAT
                S: +OK 3 320 (more words)
                C: LIST
                S: +OK
                S: 1 120
                S: 3 200
                S: .
                C: UIDL
                S: +OK
                S: 1 1234.5
                S: 3 ~!x
                S: .
                C: RETR 1
                C: RETR 2
                C: RETR 3
                S: +OK 120 octets
                S: Subject: one
                S: 
                S: ..dot
                S: ...
                S: .
                S: -ERR [SYS/TEMP] not now
                S: +OK
                S: .
                C: TOP 1 0
                S: +OK
                S: Subject: one
                S: 
                S: .
                C: DELE 1
                S: +OK
                C: DELE 9
                S: -ERR no such message
                C: QUIT
                S: +OK bye
                """
        try await run(transcript, cutting: piece) { session in
            try await session.logOn(user: "ann", password: Array("se cret".utf8))
            #expect(session.offers("PIPELINING") && !session.offers("SASL"))
            let (messages, octets) = try await session.stat()
            #expect(messages == 3 && octets == 320)
            let sizes = try await session.list()
            #expect(sizes == [1: 120, 3: 200])
            let ids = try await session.uniqueIDs()
            #expect(ids == [1: Array("1234.5".utf8), 3: Array("~!x".utf8)])
            let texts = Lock<[Int: String]>([:])
            let sink: POP3ClientSession.MessageSink = { number, octets in
                texts.withLock {
                    $0[number, default: ""] += octets.isEmpty ? "|" : String(decoding: octets, as: UTF8.self)
                }
            }
            let refused = try await session.retrieve([1, 2, 3], sink)
            #expect(refused.keys.sorted() == [2] && refused[2]?.code == "SYS/TEMP")
            try await session.top([1], lines: 0, sink)
            #expect(texts.withLock { $0 } == [1: "Subject: one\r\n\r\n.dot\r\n..\r\n|Subject: one\r\n\r\n|", 3: "|"])
            try await session.delete(1)
            await #expect(throws: POP3ClientError.self) { try await session.delete(9) }
            try await session.quit()
            #expect(session.state == .closed)
        }
    }

    @Test func `A server without PIPELINING is asked step by step`() async throws {
        let transcript = """
            S: +OK
            C: CAPA
            S: -ERR what?
            C: USER ann
            S: +OK
            C: PASS x
            S: -ERR [AUTH] no
            """
        try await run(transcript) { session in
            let error = await #expect(throws: POP3ClientError.self) {
                try await session.logOn(user: "ann", password: [0x78])
            }
            guard case .refused(let line) = error else {
                Issue.record("\(String(describing: error))")
                return
            }
            #expect(line.code == "AUTH")
        }
    }

    @Test func `SASL PLAIN goes with its command`() async throws {
        let transcript = Self.opening + "C: AUTH PLAIN AGFubgBwYXNz\nS: +OK\nC: CAPA\nS: +OK\nS: .\n"
        try await run(transcript) { session in
            try await session.authenticatePlain(user: "ann", password: Array("pass".utf8))
            #expect(session.state == .transaction)
        }
    }

    static let wrong: [(said: String, offset: Int)] = [
        ("OK 1 2", 0), ("+OKAY", 3), ("+OK 1 2x", 3), ("+OK x", 0), ("+OK 1", 1), ("+OK \u{1}", 4), ("-ERRx", 4),
    ]

    @Test(arguments: wrong) func `A wrong octet is named by its place`(_ wrong: (said: String, offset: Int))
        async throws
    {
        for piece in Self.pieces {
            try await run(Self.opening + "C: STAT\nS: \(wrong.said)\n", cutting: piece) { session in
                let error = await #expect(throws: POP3ClientError.self) { _ = try await session.stat() }
                guard case .notAReply(let place, _) = error else {
                    Issue.record("\(String(describing: error))")
                    return
                }
                #expect(place.offset == wrong.offset)
                #expect(session.state == .closed)
            }
        }
    }

    @Test(arguments: pieces) func `A dot that is not doubled ends the session`(_ piece: Int) async throws {
        try await run(Self.opening + "C: RETR 1\nS: +OK\nS: .x\n", cutting: piece) { session in
            let error = await #expect(throws: POP3ClientError.self) { try await session.retrieve([1]) { _, _ in } }
            #expect(error?.leavesSessionOpen == false)
        }
    }
}
