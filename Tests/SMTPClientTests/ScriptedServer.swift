// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

import ByteTools
import Glibc
import Locking
import Runtime
import SMTPClient
import SMTPWire

/// A server that takes every message and says what a test wants it to say.
final class ScriptedServer: Sendable {
    struct Seen: Sendable {
        var lines: [String] = []
        var contents: [[UInt8]] = []
        var connections = 0
    }

    let extensions: [String]
    let isLMTP: Bool
    /// For STARTTLS, which is then offered.
    let tls: TLSContext?
    /// Octets of a reply that go at a time.
    let piece: Int
    /// The reply to a command, by its line; `nil` for the usual one.
    ///
    /// The greeting has an empty line, the end of the content the line `END`; `DROP` resets the connection, and what
    /// begins with `CLOSE ` is said before it is closed.
    let answer: @Sendable (String) -> String?
    let seen = Lock(Seen())

    init(
        _ extensions: [String],
        isLMTP: Bool = false,
        tls: TLSContext? = nil,
        piece: Int = .max,
        answer: @escaping @Sendable (String) -> String? = { _ in nil }
    ) {
        self.extensions = extensions + (tls == nil ? [] : ["STARTTLS"])
        self.isLMTP = isLMTP
        self.tls = tls
        self.piece = piece
        self.answer = answer
    }

    var lines: [String] { seen.withLock { $0.lines } }
    var contents: [[UInt8]] { seen.withLock { $0.contents } }
    var connections: Int { seen.withLock { $0.connections } }

    private struct Gone: Error {}

    func serve(_ connection: Connection) async throws {
        seen.withLock { $0.connections += 1 }
        try await say(answer("") ?? "220 mx.example ready\r\n", connection)
        var accepted = 0
        var chunks: [UInt8] = []
        while let line = try await connection.readLine(maximum: 4096) {
            let text = String(decoding: line.bytes, as: UTF8.self)
            seen.withLock { $0.lines.append(text) }
            let verb = text.prefix(4)
            if verb == "MAIL" { (accepted, chunks) = (0, []) }
            if verb == "BDAT", let count = Int(text.dropFirst(5).prefix { $0 != " " }), answer("BDAT") == nil {
                chunks += try await connection.readExactly(count)
                guard text.hasSuffix(" LAST") else {
                    try await say("250 2.0.0 go on\r\n", connection)
                    continue
                }
                let content = chunks
                seen.withLock { $0.contents.append(content) }
                try await end(accepted, connection)
                continue
            }
            let reply = answer(text) ?? usual(text)
            if verb == "RCPT", reply.hasPrefix("2") { accepted += 1 }
            try await say(reply, connection)
            if verb == "DATA", reply.hasPrefix("3") { try await readData(connection, accepted) }
            if text == "STARTTLS", let tls, reply.hasPrefix("2") { try await connection.startTLS(tls) }
            if verb == "QUIT" { return }
        }
    }

    private func say(_ reply: String, _ connection: Connection) async throws {
        if reply == "DROP" {
            connection.abort()
            throw Gone()
        }
        let closes = reply.hasPrefix("CLOSE ")
        var rest = Array(closes ? reply.dropFirst(6).utf8 : reply.utf8[...])[...]
        while !rest.isEmpty {
            connection.write(rest.prefix(piece))
            rest = rest.dropFirst(piece)
            if piece < .max { try await connection.flush() }
        }
        guard closes else { return }
        await connection.close()
        throw Gone()
    }

    private func end(_ accepted: Int, _ connection: Connection) async throws {
        if accepted == 0 { return try await say(answer("END") ?? "503 5.5.1 no recipients\r\n", connection) }
        for _ in 0..<(isLMTP ? accepted : 1) { try await say(answer("END") ?? "250 2.0.0 taken\r\n", connection) }
    }

    private func usual(_ line: String) -> String {
        switch line.prefix(4) {
        case "EHLO", "LHLO":
            (["mx"] + extensions.dropLast()).map { "250-\($0)\r\n" }.joined() + "250 \(extensions.last ?? "HELP")\r\n"
        case "DATA": "354 go on\r\n"
        case "QUIT": "221 2.0.0 bye\r\n"
        default: "250 2.0.0 OK\r\n"
        }
    }

    private func readData(_ connection: Connection, _ accepted: Int) async throws {
        var decoder = DataDecoder(framing: .dotted, bareNewlines: .keep)
        var octets: [UInt8] = []
        if let early = answer("CONTENT") { try await say(early, connection) }
        while !decoder.isAtEnd {
            let wire = try await connection.readSome(maximum: 1000)
            guard !wire.isEmpty else { throw Gone() }
            _ = decoder.decode(wire, into: &octets)
        }
        seen.withLock { $0.contents.append(octets) }
        try await end(accepted, connection)
    }
}

/// Runs `body` beside servers that listen on TCP; they stop with it.
func withPeers<Result: Sendable>(
    _ handlers: [@Sendable (Connection) async throws -> Void],
    _ body: @escaping @Sendable (EventLoop, [SMTPHost]) async throws -> Result
) async throws -> Result {
    try await EventLoop.run { loop in
        var sockets: [Int32] = []
        var listeners: [Listener] = []
        var hosts: [SMTPHost] = []
        for (index, handler) in handlers.enumerated() {
            guard let any = SocketAddress(host: "127.0.0.1", port: 0) else { continue }
            let fd = try bindTCP(any)
            guard let address = localAddress(of: fd) else { continue }
            let listener = Listener(fd: fd, loops: [loop], maximumConnections: 100) { try? await handler($0) }
            listener.start()
            sockets.append(fd)
            listeners.append(listener)
            hosts.append(SMTPHost("mx\(index + 1).example", address))
        }
        defer {
            for listener in listeners { listener.stop() }
            for fd in sockets { _ = Glibc.close(fd) }
        }
        return try await body(loop, hosts)
    }
}

/// A message in memory.
final class MemoryContent: MessageContent {
    let octets: [UInt8]
    init(_ text: String) { octets = Array(text.utf8) }
    init(_ octets: [UInt8]) { self.octets = octets }

    var size: UInt64 { UInt64(octets.count) }

    func read(at offset: UInt64, maximum: Int) async throws(IOError) -> [UInt8] {
        Array(octets.dropFirst(Int(clamping: offset)).prefix(maximum))
    }
}
