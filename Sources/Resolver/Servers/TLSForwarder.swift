// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import Glibc
internal import Locking
internal import Runtime

/// Takes questions over TCP on a port of this machine and asks a name server over TLS (RFC 7858).
///
/// Debian's libunbound is built without TLS that could check a name; this stands between it and the server. It moves
/// messages by their lengths and looks into nothing else.
final class TLSForwarder: Sendable {
    private static let maximumConnections = 1024

    /// Where libunbound asks.
    let place: NameServer
    private let upstream: TLSUpstream
    private let listener: Listener

    /// Listens until `close`.
    ///
    /// - Parameters:
    ///   - server: with a name.
    ///   - authorities: PEM file with the authorities to trust.
    init(to server: NameServer, authorities: String, loop: EventLoop) throws(UnboundError) {
        let upstream = try TLSUpstream(server, authorities: authorities, loop: loop)
        let fd: Int32
        do throws(IOError) {
            fd = try bindTCP(.ipv4(0x7F00_0001, port: 0))
        } catch {
            throw UnboundError(description: "no port for DNS over TLS: \(error)")
        }
        place = NameServer(.ipv4(0x7F00_0001), port: localAddress(of: fd)?.port ?? 0)
        let listener = Listener(fd: fd, loops: [loop], maximumConnections: Self.maximumConnections) { connection in
            await upstream.serve(connection)
        }
        Task(executorPreference: loop) {
            await listener.run()
            Glibc.close(fd)
        }
        (self.upstream, self.listener) = (upstream, listener)
    }

    /// Takes no further questions.
    ///
    /// From any thread.
    func close() {
        listener.stop()
        upstream.close()
    }
}

/// A name server that is asked over TLS, with the connections to it.
private final class TLSUpstream: Sendable {
    /// Connections to the server that are kept open between questions.
    private static let maximumIdle = 16
    private static let connectTimeout: Duration = .seconds(5)
    private static let answerTimeout: Duration = .seconds(10)

    /// A connection to the server that nobody uses.
    ///
    /// Safe to pass: put down and picked up by tasks of `loop`, so that it never leaves its thread.
    private struct Idle: @unchecked Sendable {
        let connection: Connection
    }

    private struct State {
        var idle: [Idle] = []
        var isClosed = false
    }

    private let server: NameServer
    private let tlsName: String
    private let tls: TLSContext
    private let loop: EventLoop
    private let state = Lock(State())

    init(_ server: NameServer, authorities: String, loop: EventLoop) throws(UnboundError) {
        do throws(TLSError) {
            tls = try .client(verify: true, authoritiesFile: authorities)
        } catch {
            throw UnboundError(description: error.message)
        }
        self.server = server
        tlsName = server.tlsName ?? ""
        self.loop = loop
    }

    /// Keeps no connection any more.
    func close() {
        let idle = state.withLock { state in
            state.isClosed = true
            defer { state.idle = [] }
            return state.idle
        }
        loop.execute { for one in idle { one.connection.abort() } }
    }

    /// Questions of one connection, one after the other.
    func serve(_ connection: Connection) async {
        connection.idleTimeout = Self.answerTimeout
        while let question = try? await Self.message(connection), let answer = try? await ask(question) {
            connection.write(answer)
            let flushed: Void? = try? await connection.flush()
            guard flushed != nil else { return }
        }
    }

    /// A message with its length.
    private static func message(_ connection: Connection) async throws(IOError) -> [UInt8] {
        let prefix = try await connection.readExactly(2)
        return prefix + (try await connection.readExactly(Int(prefix[0]) << 8 | Int(prefix[1])))
    }

    private func ask(_ question: [UInt8]) async throws(IOError) -> [UInt8] {
        // A server may have closed what was idle: then a new connection is due, and another failure counts.
        if let connection = takeIdle(), let answer = try? await ask(question, over: connection) { return answer }
        let connection = try await Connection.connect(
            to: server.address.socketAddress(port: server.port),
            loop: loop,
            timeout: Self.connectTimeout
        )
        do throws(IOError) {
            try await connection.connectTLS(tls, serverName: tlsName)
        } catch {
            connection.abort()
            throw error
        }
        return try await ask(question, over: connection)
    }

    private func ask(_ question: [UInt8], over connection: Connection) async throws(IOError) -> [UInt8] {
        connection.deadline = .now + Self.answerTimeout
        do throws(IOError) {
            connection.write(question)
            let answer = try await Self.message(connection)
            // What answers something else is out of step for good.
            guard answer.dropFirst(2).prefix(2) == question.dropFirst(2).prefix(2) else { throw .closed }
            keep(connection)
            return answer
        } catch {
            connection.abort()
            throw error
        }
    }

    private func takeIdle() -> Connection? {
        while let idle = state.withLock({ $0.idle.popLast() }) {
            if Self.isQuiet(idle.connection) { return idle.connection }
            idle.connection.abort()
        }
        return nil
    }

    /// Whether it is open and its server has said nothing.
    private static func isQuiet(_ connection: Connection) -> Bool {
        do throws(IOError) { return try connection.readAvailable() == nil } catch { return false }
    }

    private func keep(_ connection: Connection) {
        connection.deadline = nil
        let idle = Idle(connection: connection)
        let isKept = state.withLock { state in
            guard !state.isClosed, state.idle.count < Self.maximumIdle else { return false }
            state.idle.append(idle)
            return true
        }
        if !isKept { connection.abort() }
    }
}
