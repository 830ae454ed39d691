// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

import Locking
import Runtime
import SMTPClient
import SMTPWire
import Testing

/// Servers that go away after each octet of the dialogue (A3.3): nothing is lost, and what is in doubt is known to be.
@Suite(.timeLimit(.minutes(20))) struct OutboundCutTests {
    /// Stands between a client and a server, and cuts the line after so many octets of one direction.
    private final class Cutter: Sendable {
        let fromClient: Int
        let fromServer: Int
        let resets: Bool
        /// Octets that were let through.
        let passed = Lock((client: 0, server: 0))

        init(fromClient: Int = .max, fromServer: Int = .max, resets: Bool = false) {
            (self.fromClient, self.fromServer, self.resets) = (fromClient, fromServer, resets)
        }

        func serve(_ client: Connection, _ server: ScriptedServer) async throws {
            try await Connection.withPeer(loop: client.loop, peer: { try? await server.serve($0) }) { far in
                try? await self.relay(client, far)
            }
            if resets { client.abort() }
        }

        private func relay(_ client: Connection, _ far: Connection) async throws {
            while true {
                let ready = try await Connection.waitForEither(client, far)
                if ready.a, try await !pass(client, far) { return }
                if ready.b, try await !pass(far, client, toClient: true) { return }
            }
        }

        private func pass(_ from: Connection, _ to: Connection, toClient: Bool = false) async throws -> Bool {
            let octets = try await from.readSome(maximum: 65_536)
            guard !octets.isEmpty else { return false }
            let room = passed.withLock { passed in
                let room = min(octets.count, toClient ? fromServer - passed.server : fromClient - passed.client)
                if toClient { passed.server += room } else { passed.client += room }
                return room
            }
            to.write(octets.prefix(room))
            try await to.flush()
            return room == octets.count
        }
    }

    /// One that says nothing to QUIT, so that its last word is about the message.
    private static func server(_ extensions: [String]) -> ScriptedServer {
        ScriptedServer(extensions) { $0 == "QUIT" ? "" : nil }
    }

    /// Sends a message through each cutter in turn, to a server of its own.
    private func sweep(
        _ extensions: [String],
        _ cutters: [Cutter],
        _ check: @escaping @Sendable (Int, [RecipientOutcome.Kind], ScriptedServer, Ledger) -> Void
    ) async throws {
        let current = Lock((Cutter(), Self.server(extensions)))
        let serve: @Sendable (Connection) async throws -> Void = { connection in
            let (cutter, server) = current.withLock { $0 }
            try await cutter.serve(connection, server)
        }
        try await withPeers([serve]) { _, hosts in
            let outbound = try SMTPOutbound()
            let options = Post.options { $0.maximumMessagesPerConnection = 1 }
            for (turn, cutter) in cutters.enumerated() {
                let server = Self.server(extensions)
                let ledger = Ledger()
                current.withLock { $0 = (cutter, server) }
                let message = Post.message(["a", "b"])
                let result = await outbound.send(message, via: options, hosts: hosts, observer: ledger)
                check(turn, result.recipients.map(\.kind), server, ledger)
            }
        }
    }

    /// How many octets go each way when nothing is cut, without the farewell.
    private func octets(_ extensions: [String]) async throws -> (client: Int, server: Int) {
        let whole = Cutter()
        try await sweep(extensions, [whole]) { _, kinds, _, _ in #expect(kinds == [.delivered, .delivered]) }
        let passed = whole.passed.withLock { $0 }
        return (passed.client - "QUIT\r\n".utf8.count, passed.server)
    }

    private static let sorts = [["PIPELINING"], ["PIPELINING", "CHUNKING"], []]

    @Test(arguments: sorts, [false, true])
    func `Cut after each octet of the client`(extensions: [String], resets: Bool) async throws {
        let total = try await octets(extensions).client
        let cutters = (0..<total).map { Cutter(fromClient: $0, resets: resets) }
        try await sweep(extensions, cutters) { limit, kinds, server, ledger in
            // The end never arrives, so the server cannot have the message; what it knows of that, the client says.
            #expect(server.contents.isEmpty)
            #expect(
                kinds == [.deferred, .deferred] || (kinds == [.inDoubt, .inDoubt] && ledger.told == [[0, 1]]),
                "\(limit)"
            )
        }
    }

    @Test(arguments: sorts, [false, true])
    func `Cut after each octet of the server`(extensions: [String], resets: Bool) async throws {
        let total = try await octets(extensions).server
        let cutters = (0...max(0, total)).map { Cutter(fromServer: $0, resets: resets) }
        try await sweep(extensions, cutters) { limit, kinds, server, ledger in
            if limit < total { #expect(!kinds.contains(.delivered)) }
            if limit == total, !resets { #expect(kinds == [.delivered, .delivered]) }
            // Whoever may have it is not simply put off.
            if !server.contents.isEmpty { #expect(!kinds.contains(.deferred), "\(limit)") }
            if kinds.contains(.inDoubt) { #expect(ledger.told == [[0, 1]]) }
        }
    }
}
