// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

import Events
import MailProxy
import Runtime
import Testing

@Suite(.timeLimit(.minutes(20))) struct RelayTests {
    private struct Rig: Sendable {
        let backEnd: FakeBackEnd
        let dialer: BackEndDialer
    }

    /// A client that has just logged on, with the relay behind it.
    private func relayed(
        deadline: Duration = .seconds(5),
        _ body: @escaping @Sendable (Connection, FakeBackEnd, EventLoop) async throws -> Void
    ) async throws {
        let backEnd = FakeBackEnd(secret: try SessionAssertionTests.key())
        let path = backEnd.path
        let dialer = BackEndDialer(path: { _ in path }, key: backEnd.secret, deadline: deadline, events: .none)
        let assertion = try SessionAssertionTests.assertion(.logOn(tag: Array("L".utf8)))
        try await EventLoop.run { loop in
            try backEnd.start(on: loop)
            defer { backEnd.stop() }
            let frontEnd: @Sendable (Connection) async throws -> Void = { client in
                let opened = try await dialer.open(assertion, on: loop)
                var relay = Relay(
                    client: client,
                    backEnd: opened,
                    state: IMAPRelayState(logOnTag: Array("L".utf8)),
                    events: .none
                )
                await relay.run { answersLogOn in
                    var again = assertion
                    if !answersLogOn { again.opening = .silent }
                    return try? await dialer.open(again, on: loop)
                }
            }
            try await Connection.withPeer(loop: loop, peer: frontEnd) { client in
                #expect(try await client.readLine(maximum: 100)?.bytes == Array("L OK logged on".utf8))
                try await body(client, backEnd, loop)
            }
        }
    }

    private func expect(_ text: String, from client: Connection) async throws {
        #expect(String(decoding: try await client.readExactly(text.utf8.count), as: UTF8.self) == text)
    }

    @Test("a session outlives its back-end, again and again") func outlives() async throws {
        try await relayed { client, backEnd, _ in
            for round in 0..<5 {
                client.write("\(round) DIE\r\n")
                try await expect("\(round) NO [UNAVAILABLE] mail is not available now, try again\r\n", from: client)
                client.write("a NOOP\r\n")
                try await expect("a OK done\r\n", from: client)
            }
            #expect(backEnd.opened.count == 6)
            #expect(backEnd.opened.dropFirst().allSatisfy { $0.opening == .silent })
        }
    }

    @Test("large literals pass in both directions") func large() async throws {
        try await relayed { client, _, _ in
            client.write("1 SEND 3000000\r\n")
            try await expect("* 1 FETCH (BODY[] {3000000}\r\n", from: client)
            let body = try await client.readExactly(3_000_000)
            #expect(body.allSatisfy { $0 == 0x79 })
            try await expect(")\r\n1 OK done\r\n", from: client)

            client.write("2 TAKE 3000000 {3000000}\r\n")
            try await expect("+ go\r\n", from: client)
            client.write([UInt8](repeating: 0x7A, count: 3_000_000) + Array("\r\n3 NOOP\r\n".utf8))
            try await expect("2 OK done\r\n3 OK done\r\n", from: client)
        }
    }

    @Test("pipelined commands beyond the window, with large answers, do not lock up") func pipelined() async throws {
        try await relayed { client, _, _ in
            client.write(String(repeating: "1 SEND 20000\r\n", count: 200))
            client.write(String(repeating: "2 NOOP " + String(repeating: "x", count: 500) + "\r\n", count: 250))
            client.write("3 LOGOUT\r\n")
            try await client.flush()
            var octets = 0
            while true {
                let some = try await client.readSome(maximum: 65_536)
                if some.isEmpty { break }
                octets += some.count
            }
            #expect(octets == 200 * (27 + 20_000 + 3 + 11) + 250 * 11 + 11)
        }
    }

    @Test("a client that stops sending still gets its answers") func halfClosed() async throws {
        try await relayed { client, _, _ in
            client.write("1 SEND 100000\r\n2 NOOP\r\n3 LOGOUT\r\n")
            try await client.flush()
            let all = try await drain(client)
            #expect(all.hasSuffix("1 OK done\r\n2 OK done\r\n3 OK done\r\n"))
        }
    }

    @Test("a response cut in a literal closes the connection") func half() async throws {
        try await relayed { client, _, _ in
            client.write("1 HALF\r\n2 NOOP\r\n")
            let said = try await drain(client)
            #expect(said == "* 1 FETCH (BODY[] {1000}\r\nabc")
        }
    }

    @Test("a selected mailbox: BYE") func selected() async throws {
        try await relayed { client, _, _ in
            client.write("1 SELECT INBOX\r\n2 DIE\r\n")
            let said = try await drain(client)
            #expect(
                said == "1 OK done\r\n2 NO [UNAVAILABLE] mail is not available now, try again\r\n"
                    + "* BYE [UNAVAILABLE] back-end restarted, please reconnect\r\n"
            )
        }
    }

    @Test("no back-end for longer than the deadline: NO, and the session lives until it is back") func away()
        async throws
    {
        try await relayed(deadline: .milliseconds(150)) { client, backEnd, loop in
            backEnd.stop()
            client.write("1 DIE\r\n2 NOOP\r\n")
            try await expect("1 NO [UNAVAILABLE] mail is not available now, try again\r\n", from: client)
            try await expect("2 NO [UNAVAILABLE] mail is not available now, try again\r\n", from: client)
            try backEnd.start(on: loop)
            client.write("3 NOOP\r\n")
            try await expect("3 OK done\r\n", from: client)
        }
    }

    private func drain(_ client: Connection) async throws -> String {
        var all: [UInt8] = []
        while true {
            let some = try await client.readSome(maximum: 65_536)
            if some.isEmpty { return String(decoding: all, as: UTF8.self) }
            all += some
        }
    }
}

@Suite(.timeLimit(.minutes(20))) struct BackEndDialerTests {
    private func dial(
        _ backEnd: FakeBackEnd,
        deadline: Duration = .seconds(5),
        after pause: Duration? = .zero
    ) async throws -> BackEndRefusal? {
        let path = backEnd.path
        let dialer = BackEndDialer(path: { _ in path }, key: backEnd.secret, deadline: deadline, events: .none)
        let assertion = try SessionAssertionTests.assertion()
        return try await EventLoop.run { loop in
            async let starting: Void = {
                guard let pause else { return }
                try await loop.sleep(for: pause)
                try backEnd.start(on: loop)
            }()
            let refusal: BackEndRefusal?
            do throws(BackEndRefusal) {
                let opened = try await dialer.open(assertion, on: loop)
                await opened.close()
                refusal = nil
            } catch {
                refusal = error
            }
            try await starting
            backEnd.stop()
            return refusal
        }
    }

    @Test("a back-end that is restarting is waited for") func waits() async throws {
        let backEnd = FakeBackEnd(secret: try SessionAssertionTests.key())
        #expect(try await dial(backEnd, after: .milliseconds(300)) == nil)
        #expect(backEnd.opened.count == 1)
    }

    @Test("one that drains is tried again") func restarting() async throws {
        let restarting = BackEndStatus.refused(BackEndRefusal(.restarting, "draining"))
        let backEnd = FakeBackEnd(secret: try SessionAssertionTests.key(), refusing: [restarting, restarting])
        #expect(try await dial(backEnd) == nil)
    }

    @Test("a refusal is an answer") func refused() async throws {
        let busy = BackEndRefusal(.inUse, "busy")
        let backEnd = FakeBackEnd(secret: try SessionAssertionTests.key(), refusing: [.refused(busy)])
        #expect(try await dial(backEnd) == busy)
    }

    @Test("past the deadline it is unavailable") func absent() async throws {
        let backEnd = FakeBackEnd(secret: try SessionAssertionTests.key())
        #expect(try await dial(backEnd, deadline: .milliseconds(200), after: nil)?.code == .temporary)
    }
}
