// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

import IMAPClient
import IMAPServer
import IMAPWire
import Locking
import MailTypes
import Runtime
import Testing

/// The strict client and the server, in one process.
@Suite(.timeLimit(.minutes(20))) struct ClientTests {
    private func run(
        _ dialogue: Dialogue = Dialogue(),
        _ body: @escaping @Sendable (IMAPClientSession) async throws -> Void
    ) async throws {
        try await EventLoop.run { loop in
            try await Connection.withPeer(loop: loop, peer: { await dialogue.serve($0) }) { connection in
                let session = IMAPClientSession(connection, limits: IMAPClientLimits(wait: .seconds(180)))
                try await session.open()
                try await body(session)
            }
        }
    }

    private static let all = SequenceSet([.init(.value(1), .largest)])

    private static func message(_ number: Int, octets: Int = 100) -> [UInt8] {
        let line = String(repeating: "x", count: 70) + "\r\n"
        let body = String(repeating: line, count: max(1, octets / 72))
        return Array("From: a@example.test\r\nSubject: number \(number)\r\n\r\n\(body)".utf8)
    }

    @Test func `Every command of the client is understood`() async throws {
        try await run { session in
            try await session.authenticatePlain(user: "alice@example.test", password: Array("secret".utf8))
            try await session.create("Work")
            let names = Set(try await session.list("*").map(\.name))
            #expect(names.isSuperset(of: ["INBOX", "Work"]))
            let messages = (1...3).map { MessageUpload(Self.message($0), flags: FlagSet(system: .flagged)) }
            let stored = try #require(try await session.append(messages, to: "Work"))
            #expect(stored.uids.count == 3)
            #expect(try await session.status(of: "Work", [.messages])[.messages] == 3)
            let opened = try await session.select("Work")
            #expect(opened.exists == 3 && opened.uidValidity == stored.uidValidity)
            #expect(try await session.search(.text(Array("number 2".utf8)), numbers: .uid).count == 1)
            try await session.store(StoreCommand(Self.all, .add, FlagSet(system: .deleted)))
            let copied = try await session.copy(Self.all, numbers: .sequence, to: "INBOX")
            #expect(copied?.target.count == 3)
            try await session.expunge()
            #expect(session.mailbox?.exists == 0)
            try await session.closeMailbox(expunging: false)
            try await session.delete("Work")
            try await session.logOut()
        }
    }

    @Test func `A large message goes and comes back in pieces`() async throws {
        try await run { session in
            try await session.logOn(user: "alice@example.test", password: Array("secret".utf8))
            let octets = Self.message(1, octets: 1_500_000)
            try await session.append([MessageUpload(octets)], to: "INBOX")
            try await session.select("INBOX", readOnly: true)
            let received = Lock<[UInt8]>([])
            let pieces = Lock(0)
            let section = FetchItem.section(SectionSpecifier(), peek: true, partial: nil)
            try await session.fetch(
                FetchCommand(Self.all, items: [.uid, .envelope, .bodyStructure, section]),
                bodies: { _, piece in
                    received.withLock { $0 += piece }
                    pieces.withLock { $0 += 1 }
                }
            )
            #expect(received.withLock { $0 } == octets)
            #expect(pieces.withLock { $0 } > 10)
        }
    }

    @Test func `A hundred commands ahead of their answers`() async throws {
        try await run { session in
            try await session.logOn(user: "alice@example.test", password: Array("secret".utf8))
            let messages = (1...20).map { MessageUpload(Self.message($0)) }
            try await session.append(messages, to: "INBOX")
            try await session.select("INBOX")
            var tags: [IMAPCommandTag] = []
            for number in 0..<100 {
                let flags = FlagSet(system: number % 2 == 0 ? .seen : .answered)
                tags.append(try await session.send(StoreCommand(Self.all, numbers: .uid, .replace, flags)))
            }
            let seen = Lock(0)
            for tag in tags {
                let status = try await session.answer(to: tag) { response in
                    if case .fetch = response { seen.withLock { $0 += 1 } }
                }
                #expect(status.condition == .ok)
            }
            #expect(seen.withLock { $0 } == 2000)
        }
    }

    @Test func `One session's delivery ends another's IDLE`() async throws {
        let dialogue = Dialogue()
        try await run(dialogue) { waiting in
            try await waiting.logOn(user: "alice@example.test", password: Array("secret".utf8))
            try await waiting.select("INBOX")
            // It is heard whether it comes before IDLE or during it.
            try await run(dialogue) { session in
                try await session.logOn(user: "alice@example.test", password: Array("secret".utf8))
                try await session.append([MessageUpload(Self.message(1))], to: "INBOX")
                try await session.logOut()
            }
            let end = try await waiting.idle(for: .seconds(20)) { response in
                if case .exists(1) = response { true } else { false }
            }
            #expect(end == .satisfied && waiting.mailbox?.exists == 1)
        }
    }

    @Test func `STARTTLS, and what the server offers behind it`() async throws {
        try await withTLS { server, client in
            var dialogue = Dialogue()
            dialogue.configuration.tls = server
            try await run(dialogue) { session in
                try await session.startTLS(client, serverName: "localhost")
                #expect(session.tls != nil && !session.capabilities.contains("STARTTLS"))
                try await session.logOn(user: "alice@example.test", password: Array("secret".utf8))
                try await session.logOut()
            }
        }
    }
}
