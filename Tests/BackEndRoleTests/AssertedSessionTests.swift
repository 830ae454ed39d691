// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

import BackEndRole
import ByteTools
import Events
import Glibc
import IMAPServer
import MailProxy
import MailStore
import MailTypes
import POP3Server
import Runtime
import SASL
import Settings
import Testing

@Suite("Sessions that a front-end opens", .timeLimit(.minutes(20))) struct AssertedSessionTests {
    static let messages = [
        "From: a@example.test\r\nSubject: one\r\n\r\nhello\r\n.dot\r\n",
        "Subject: two\r\n\r\n" + String(repeating: "a long line of text\r\n", count: 20_000),
    ]
    static let imap = """
        2 NOOP
        3 LIST "" *
        4 SELECT INBOX
        5 FETCH 1:2 (UID RFC822.SIZE BODY.PEEK[])
        6 BOGUS
        7 UID FETCH 2 BODY.PEEK[]<100.50>
        8 STATUS INBOX (MESSAGES UIDNEXT)
        9 SELECT nowhere
        10 LOGOUT

        """.replacing("\n", with: "\r\n")
    static let pop3 = "STAT\r\nUIDL\r\nRETR 1\r\nRETR 2\r\nTOP 2 1\r\nRETR 3\r\nCAPA\r\nLAST\r\nQUIT\r\n"

    private let secret: AssertionSecret
    private let alice: AuthenticatedUser

    init() throws {
        secret = try #require(AssertionSecret([UInt8](repeating: 3, count: AssertionSecret.octets)))
        alice = AuthenticatedUser(account: AccountID(42), name: try #require(MailboxAddress("alice@example.test")))
    }

    private func assertion(_ protocol: AssertedProtocol, _ tag: String) -> SessionAssertion {
        SessionAssertion(
            `protocol`,
            account: alice.account,
            name: alice.name,
            clientAddress: "127.0.0.1",
            tls: nil,
            trace: .random(),
            opening: .logOn(tag: Array(tag.utf8))
        )
    }

    /// Runs `body` while a back-end listens at a socket.
    private func withBackEnd<Result: Sendable>(
        _ store: InboxStore,
        _ body: @escaping @Sendable (BackEndDialer, EventLoop, String) async throws -> Result
    ) async throws -> Result {
        let path = "/tmp/martlet-test-\(Hex.encode(secureRandom(8))).sock"
        let sessions = AssertedSession(
            store: store,
            secret: secret,
            authenticator: NobodyLogsOn(),
            settings: LiveSettings(),
            refusesDamaged: { _ in false },
            events: .none
        )
        let dialer = BackEndDialer(path: { _ in path }, key: secret, deadline: .seconds(5), events: .none)
        return try await EventLoop.run { loop in
            let fd = try bindUnix(path: path, mode: 0o600)
            let listener = Listener(fd: fd, loops: [loop], maximumConnections: 10) { await sessions.serve($0) }
            listener.start()
            defer {
                listener.stop()
                close(fd)
                unsafe unlink(path)
            }
            return try await body(dialer, loop, path)
        }
    }

    /// What a client gets for `script` from a peer.
    private func transcript(
        _ script: String,
        _ loop: EventLoop,
        _ peer: @escaping @Sendable (Connection) async throws -> Void
    ) async throws -> String {
        try await Connection.withPeer(loop: loop, peer: peer) { client in
            client.write(script)
            var all: [UInt8] = []
            while true {
                let some = try await client.readSome(maximum: 65_536)
                if some.isEmpty { return String(decoding: all, as: UTF8.self) }
                all += some
            }
        }
    }

    @Test("IMAP answers the same octets direct and relayed") func imap() async throws {
        let store = InboxStore(Self.messages)
        let (user, assertion) = (alice, assertion(.imap, "1"))
        let (direct, relayed) = try await withBackEnd(store) { dialer, loop, _ in
            let direct = try await transcript(Self.imap, loop) { connection in
                let session = IMAPSession(
                    connection,
                    user: user,
                    account: store,
                    store: store,
                    configuration: IMAPConfiguration(),
                    events: .none
                )
                await session.run(resuming: Array("1".utf8))
            }
            let relayed = try await transcript(Self.imap, loop) { client in
                let backEnd = try await dialer.open(assertion, on: loop)
                var relay = Relay(
                    client: client,
                    backEnd: backEnd,
                    state: IMAPRelayState(logOnTag: Array("1".utf8)),
                    events: .none
                )
                await relay.run { _ in nil }
            }
            return (direct, relayed)
        }
        #expect(relayed == direct)
        #expect(relayed.hasPrefix("1 OK"))
        #expect(relayed.contains("\r\n10 OK"))
        #expect(relayed.contains(Self.messages[1]))
    }

    @Test("POP3 answers the same octets direct and relayed") func pop3() async throws {
        let store = InboxStore(Self.messages)
        let (user, assertion) = (alice, assertion(.pop3, ""))
        let (direct, relayed) = try await withBackEnd(store) { dialer, loop, _ in
            let direct = try await transcript(Self.pop3, loop) { connection in
                var session = try await POP3Session.open(
                    store,
                    for: POP3Client(user: user, peer: "127.0.0.1", channel: .loopback),
                    limits: POP3Limits(),
                    refusesDamaged: false,
                    events: .none
                )
                await session.run(connection)
            }
            let relayed = try await transcript(Self.pop3, loop) { client in
                let backEnd = try await dialer.open(assertion, on: loop)
                var relay = Relay(client: client, backEnd: backEnd, state: POP3RelayState(), events: .none)
                await relay.run { _ in nil }
            }
            return (direct, relayed)
        }
        #expect(relayed == direct)
        #expect(relayed.hasPrefix("+OK maildrop has 2 messages"))
        #expect(relayed.hasSuffix("+OK bye\r\n"))
        #expect(relayed.contains(Self.messages[1] + ".\r\n"))
    }

    @Test("a log-on whose back-end dies is answered by the next one") func logOnAgain() async throws {
        let assertion = assertion(.imap, "1")
        let said = try await withBackEnd(InboxStore(Self.messages)) { dialer, loop, _ in
            try await transcript("2 NOOP\r\n3 LOGOUT\r\n", loop) { client in
                let (gone, _) = try Connection.pair(loop: loop)
                var relay = Relay(
                    client: client,
                    backEnd: gone,
                    state: IMAPRelayState(logOnTag: Array("1".utf8)),
                    events: .none
                )
                await relay.run { answersLogOn in
                    var again = assertion
                    if !answersLogOn { again.opening = .silent }
                    return try? await dialer.open(again, on: loop)
                }
            }
        }
        #expect(said.hasPrefix("1 OK"))
        #expect(said.contains("\r\n3 OK"))
        #expect(!said.contains("MARTLET-REOPEN"))
    }

    @Test(
        "what the store says is what the front-end gets",
        arguments: [
            (MailStoreError.Code.busy, BackEndRefusal.Code.inUse), (.unavailable, .temporary), (.damaged, .permanent),
        ]
    )
    func refusals(_ error: MailStoreError.Code, _ code: BackEndRefusal.Code) async throws {
        for name in AssertedProtocol.allCases {
            let assertion = assertion(name, "1")
            let refusal = try await withBackEnd(InboxStore([], failing: [error])) { dialer, loop, _ in
                do throws(BackEndRefusal) {
                    let opened = try await dialer.open(assertion, on: loop)
                    await opened.close()
                    return BackEndRefusal?.none
                } catch {
                    return error
                }
            }
            #expect(refusal?.code == code)
        }
    }

    @Test(
        "strangers get nothing from the store",
        arguments: [
            "", "LOGIN alice secret", "MARTLET1 imap AAAA AAAA", String(repeating: "x", count: 100_000),
        ]
    )
    func strangers(_ line: String) async throws {
        let said = try await withBackEnd(InboxStore(Self.messages)) { _, loop, path in
            let connection = try await Connection.connect(unixPath: path, loop: loop, timeout: .seconds(5))
            connection.write(line + "\r\n1 NOOP\r\n")
            var all: [UInt8] = []
            while let some = try? await connection.readSome(maximum: 4096), !some.isEmpty { all += some }
            await connection.close()
            return String(decoding: all, as: UTF8.self)
        }
        #expect(said.hasPrefix("-ERR [ASSERTION]"))
        #expect(said.utf8.filter { $0 == 0x0A }.count == 1)
    }
}

/// A back-end is told who is there.
private struct NobodyLogsOn: Authenticator {
    func authenticate(user: String, password: [UInt8], service: MailService, peer: String) async
        -> AuthenticationOutcome
    {
        .invalidCredentials
    }
}
