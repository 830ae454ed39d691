// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

import Events
import MailStore
import POP3Server
import POP3Wire
import Runtime
import SASL
import Testing

/// Serves POP3 over a pair of sockets, log-on and session, as a worker does that owns the account.
struct Dialogue: Sendable {
    var maildrop: FakeMaildrop
    var limits = POP3Limits()
    var refusesDamaged = false
    var tls: TLSContext?
    var events = EventList()
    var pace: FakePace?

    init(_ messages: [String] = [], faults: FakeMaildrop.Faults = .init()) {
        maildrop = FakeMaildrop(messages, faults: faults)
        limits.logOnFailureDelay = .zero
    }

    static let greeting = "+OK mx.example.test Martlet POP3 server ready\r\n"
    static let logOn = "USER alice@example.test\r\nPASS secret word\r\n"
    static let farewell = "+OK bye\r\n"

    func serve(_ connection: Connection) async throws {
        var before = POP3PreAuthentication(
            POP3Environment(
                hostName: "mx.example.test",
                authenticator: FakeDirectory(),
                tls: tls,
                limits: limits,
                events: events.recorder,
                pace: pace
            )
        )
        while case .authenticated(let user) = await before.run(connection) {
            do throws(MailStoreError) {
                var session = try await POP3Session.open(
                    maildrop,
                    for: POP3Client(
                        user: user,
                        peer: connection.peer.host,
                        channel: .loopback,
                        acceptsUTF8: before.acceptsUTF8
                    ),
                    limits: limits,
                    refusesDamaged: refusesDamaged,
                    events: events.recorder
                )
                return await session.run(connection)
            } catch {
                connection.write(POP3Session.refusal(of: error).encoded)
            }
        }
    }

    /// All that the server says when the client sends `script`, cut every `size` octets, and then listens to the end.
    func transcript(_ script: String, cutting size: Int = .max) async throws -> String {
        try await EventLoop.run { loop in
            try await Connection.withPeer(loop: loop, peer: { try await serve($0) }) { client in
                var rest = Array(script.utf8)[...]
                while !rest.isEmpty {
                    client.write(rest.prefix(size))
                    rest = rest.dropFirst(size)
                    try await client.flush()
                }
                return String(decoding: try await everything(client), as: UTF8.self)
            }
        }
    }

    /// What the session says after log-on, up to the farewell.
    func session(_ commands: String, cutting size: Int = .max) async throws -> String {
        let said = try await transcript(Self.logOn + commands + "QUIT\r\n", cutting: size)
        let opening = Self.greeting + "+OK send PASS\r\n"
        #expect(said.hasPrefix(opening))
        return String(said.dropFirst(opening.count))
    }
}

/// Everything until the peer closes.
func everything(_ connection: Connection) async throws -> [UInt8] {
    var all: [UInt8] = []
    while true {
        let some = try await connection.readSome(maximum: 65_536)
        if some.isEmpty { return all }
        all += some
    }
}
