// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

import Events
import IMAPServer
import IMAPWire
import Locking
import MailStore
import MailTypes
import Runtime
import SASL
import Testing

/// One server with one account, and clients that talk with it over pairs of sockets.
struct Dialogue: Sendable {
    let store = FakeStore()
    /// Without it, mailboxes are their owner's alone.
    var sharing: FakeSharing?
    let events = EventList()
    var configuration = IMAPConfiguration(serverVersion: "test")
    /// Shared by all connections.
    var columns = ColumnTable()

    var account: FakeAccount { store.account }

    /// Nothing is said by the clock: what a test expects does not depend on how fast the machine is.
    init() {
        configuration.failedLogOnDelay = .zero
        configuration.progressInterval = .seconds(86_400)
    }

    /// Serves one connection.
    func serve(_ connection: Connection) async {
        let server = IMAPDirectServer(
            store: store,
            sharing: sharing,
            authenticator: FakeDirectory(),
            events: events.recorder,
            columns: columns,
            configuration: { [configuration] in configuration }
        )
        await server.serve(connection)
    }

    /// Runs `body` with a client of its own loop, before log-on.
    func run(_ body: @escaping @Sendable (IMAPTestClient) async throws -> Void) async throws {
        try await EventLoop.run { loop in
            try await Connection.withPeer(loop: loop, peer: { await serve($0) }) { connection in
                connection.idleTimeout = .seconds(180)
                try await body(IMAPTestClient(connection))
            }
        }
    }

    /// As `run`, logged on.
    func loggedOn(_ body: @escaping @Sendable (IMAPTestClient) async throws -> Void) async throws {
        try await run { client in
            try await client.logOn()
            try await body(client)
        }
    }

    /// One client, with INBOX selected that has these messages.
    static func selected(
        _ mails: [String],
        _ body: @escaping @Sendable (IMAPTestClient) async throws -> Void
    ) async throws {
        let dialogue = Dialogue()
        for mail in mails { dialogue.account.deliver(mail) }
        try await dialogue.loggedOn { client in
            try await client.run("SELECT INBOX")
            try await body(client)
        }
    }

    /// Two clients, both with INBOX selected that has so many small messages, and their account.
    static func two(
        _ messages: Int = 5,
        _ body: @escaping @Sendable (IMAPTestClient, IMAPTestClient, FakeAccount) async throws -> Void
    ) async throws {
        let dialogue = Dialogue()
        for number in 1...messages { dialogue.account.deliver("Subject: \(number)\r\n\r\nbody\r\n") }
        let account = dialogue.account
        try await dialogue.selectedTwice { try await body($0, $1, account) }
    }

    /// Two clients of the same account, both with INBOX selected.
    func selectedTwice(_ body: @escaping @Sendable (IMAPTestClient, IMAPTestClient) async throws -> Void) async throws {
        try await EventLoop.run { loop in
            try await Connection.withPeer(loop: loop, peer: { await serve($0) }) { first in
                try await Connection.withPeer(loop: loop, peer: { await serve($0) }) { second in
                    let clients = (IMAPTestClient(first), IMAPTestClient(second))
                    for client in [clients.0, clients.1] {
                        client.connection.idleTimeout = .seconds(180)
                        try await client.logOn()
                        try await client.run("SELECT INBOX")
                    }
                    try await body(clients.0, clients.1)
                }
            }
        }
    }
}

/// A client that holds everything it is sent against the strict grammar.
final class IMAPTestClient {
    let connection: Connection
    /// What form mailbox names must have.
    var textForm = TextForm.modifiedUTF7
    private var count = 0

    init(_ connection: Connection) { self.connection = connection }

    func logOn(as user: String = "alice@example.test") async throws {
        _ = try await receive()
        let answer = try await run("LOGIN \(user) secret")
        #expect(answer.last?.hasPrefix("OK") == true)
    }

    func send(_ text: String) async throws {
        connection.write(text)
        try await connection.flush()
    }

    /// The next response as it came, without its last line end; checked.
    func receive() async throws -> String {
        var assembler = FrameAssembler()
        while true {
            guard let line = try await connection.readLine(maximum: 1 << 20) else { throw IOError.closed }
            #expect(line.endsWithCRLF)
            switch assembler.add(line: line.bytes) {
            case .complete(let frame):
                do throws(IMAPSyntaxError) {
                    _ = try ResponseParser.parse(frame, textForm: textForm)
                } catch {
                    Issue.record("invalid response: \(error): \(String(decoding: frame, as: UTF8.self))")
                }
                return String(decoding: frame, as: UTF8.self)
            case .literal(let marker):
                assembler.add(literal: try await connection.readExactly(Int(marker.count)))
            }
        }
    }

    /// Sends one command and gives the responses up to its own: untagged ones without `* `, the last without its tag.
    @discardableResult
    func run(_ command: String) async throws -> [String] {
        count += 1
        let tag = "t\(count)"
        try await send("\(tag) \(command)\r\n")
        return try await responses(to: tag)
    }

    /// Sends one command and holds the responses against `expected`.
    func expect(_ command: String, _ expected: [String], sourceLocation: SourceLocation = #_sourceLocation) async throws
    {
        let responses = try await run(command)
        #expect(responses == expected, sourceLocation: sourceLocation)
    }

    func responses(to tag: String) async throws -> [String] {
        var responses: [String] = []
        while true {
            let response = try await receive()
            if response.hasPrefix(tag + " ") { return responses + [String(response.dropFirst(tag.count + 1))] }
            responses.append(response.hasPrefix("* ") ? String(response.dropFirst(2)) : response)
        }
    }

    /// Plays a transcript: `C:` lines are sent, `S:` lines must come, in order.
    ///
    /// `...` at the end of an `S:` line stands for the rest of it.
    func talk(_ transcript: String, sourceLocation: SourceLocation = #_sourceLocation) async throws {
        var received: [Substring] = []
        for line in transcript.split(separator: "\n") {
            if line.hasPrefix("C: ") {
                #expect(received.isEmpty, "\(received)", sourceLocation: sourceLocation)
                try await send(line.dropFirst(3) + "\r\n")
                continue
            }
            let expected = line.dropFirst(3)
            if received.isEmpty {
                received = try await receive().split(separator: "\r\n", omittingEmptySubsequences: false)
            }
            let next = received.removeFirst()
            let matches = expected.hasSuffix("...") ? next.hasPrefix(expected.dropLast(3)) : next == expected
            #expect(matches, "expected \(expected), came \(next)", sourceLocation: sourceLocation)
        }
        #expect(received.isEmpty, "\(received)", sourceLocation: sourceLocation)
    }
}

/// Knows alice, bob and carol, whose password is `secret`.
struct FakeDirectory: Authenticator {
    func authenticate(user: String, password: [UInt8], service: MailService, peer: String) async
        -> AuthenticationOutcome
    {
        switch (user, String(decoding: password, as: UTF8.self)) {
        case ("alice@example.test", "secret"), ("alice@example.test", "pässword"):
            guard let name = MailboxAddress("alice@example.test") else { return .unavailable }
            return .success(AuthenticatedUser(account: AccountID(7), name: name))
        case ("bob@example.test", "secret"), ("carol@example.test", "secret"):
            guard let name = MailboxAddress(user) else { return .unavailable }
            return .success(AuthenticatedUser(account: AccountID(user.hasPrefix("bob") ? 8 : 9), name: name))
        case ("blocked@example.test", _): return .notPermitted
        case ("slow@example.test", _): return .unavailable
        default: return .invalidCredentials
        }
    }
}

/// The events that were reported, by name.
final class EventList: EventSink {
    private let list = Lock<[Event]>([])
    var recorder: EventRecorder { EventRecorder(sink: self) }
    var names: [String] { list.withLock { $0.map(\.definition.name) } }
    func record(_ event: Event) { list.withLock { $0.append(event) } }
}
