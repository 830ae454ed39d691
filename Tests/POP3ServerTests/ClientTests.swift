// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

import Locking
import POP3Client
import POP3Wire
import Runtime
import Testing

/// The strict client and the server, in one process.
@Suite(.timeLimit(.minutes(20))) struct ClientTests {
    static let texts = ["Subject: one\r\n\r\nhello\r\n.dot\r\n", "Subject: two\r\n\r\n..\r\n.\r\nno end"]

    private func run(
        _ dialogue: Dialogue,
        _ body: @escaping @Sendable (POP3ClientSession) async throws -> Void
    ) async throws {
        try await EventLoop.run { loop in
            try await Connection.withPeer(loop: loop, peer: { try await dialogue.serve($0) }) { connection in
                let session = POP3ClientSession(connection, limits: POP3ClientLimits(wait: .seconds(180)))
                try await session.open()
                try await body(session)
            }
        }
    }

    @Test func `Every command of the client is understood`() async throws {
        try await run(Dialogue(Self.texts)) { session in
            try await session.logOn(user: "alice@example.test", password: Array("secret word".utf8))
            let (messages, octets) = try await session.stat()
            #expect(messages == 2 && octets == UInt64(Self.texts.map(\.utf8.count).reduce(0, +)))
            #expect(try await session.list().count == 2)
            #expect(try await session.uniqueIDs().keys.sorted() == [1, 2])
            let received = Lock<[Int: String]>([:])
            let refused = try await session.retrieve([1, 2, 3]) { number, octets in
                received.withLock { $0[number, default: ""] += String(decoding: octets, as: UTF8.self) }
            }
            #expect(refused.keys.sorted() == [3])
            #expect(received.withLock { $0 } == [1: Self.texts[0], 2: Self.texts[1] + "\r\n"])
            try await session.delete(2)
            try await session.reset()
            try await session.noop()
            try await session.quit()
        }
    }

    @Test func `Messages that are marked go with QUIT`() async throws {
        let dialogue = Dialogue(Self.texts)
        try await run(dialogue) { session in
            try await session.authenticatePlain(user: "alice@example.test", password: Array("secret word".utf8))
            try await session.delete(1)
            try await session.quit()
        }
        #expect(dialogue.maildrop.uids.count == 1)
    }

    @Test func `STLS, and what the server offers behind it`() async throws {
        try await withTLS { server, client in
            var dialogue = Dialogue(Self.texts)
            dialogue.tls = server
            try await run(dialogue) { session in
                try await session.startTLS(client, serverName: "localhost")
                #expect(session.tls != nil && !session.offers("STLS"))
                try await session.logOn(user: "alice@example.test", password: Array("secret word".utf8))
                try await session.quit()
            }
        }
    }
}
