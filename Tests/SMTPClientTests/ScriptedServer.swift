// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

import Locking
import Runtime
import SMTPClient
import SMTPWire

/// A server that takes every message and says what a test wants it to say.
final class ScriptedServer: Sendable {
    struct Seen: Sendable {
        var lines: [String] = []
        var contents: [[UInt8]] = []
    }

    let extensions: [String]
    let isLMTP: Bool
    /// The reply to a command, by its line; `nil` for the usual one.
    let answer: @Sendable (String) -> String?
    let seen = Lock(Seen())

    init(_ extensions: [String], isLMTP: Bool = false, answer: @escaping @Sendable (String) -> String? = { _ in nil }) {
        self.extensions = extensions
        self.isLMTP = isLMTP
        self.answer = answer
    }

    var lines: [String] { seen.withLock { $0.lines } }
    var contents: [[UInt8]] { seen.withLock { $0.contents } }

    func serve(_ connection: Connection) async throws {
        connection.write(answer("") ?? "220 ready\r\n")
        var accepted = 0
        while let line = try await connection.readLine(maximum: 4096) {
            let text = String(decoding: line.bytes, as: UTF8.self)
            seen.withLock { $0.lines.append(text) }
            let verb = text.prefix(4)
            if verb == "MAIL" { accepted = 0 }
            if verb == "BDAT", let count = Int(text.dropFirst(5).prefix { $0 != " " }) {
                let content = try await connection.readExactly(count)
                seen.withLock { $0.contents.append(content) }
                if accepted == 0 {
                    connection.write("503 5.5.1 no recipients\r\n")
                } else {
                    for _ in 0..<(isLMTP ? accepted : 1) { connection.write(answer("END") ?? "250 2.0.0 taken\r\n") }
                }
                continue
            }
            let reply = answer(text) ?? usual(text)
            if verb == "RCPT", reply.hasPrefix("2") { accepted += 1 }
            if reply == "DROP" { return connection.abort() }
            connection.write(reply)
            if verb == "DATA", reply.hasPrefix("3") { try await readData(connection, accepted) }
            if verb == "QUIT" { return }
        }
    }

    private func usual(_ line: String) -> String {
        switch line.prefix(4) {
        case "EHLO", "LHLO":
            (["mx"] + extensions.dropLast()).map { "250-\($0)\r\n" }.joined() + "250 \(extensions.last ?? "HELP")\r\n"
        case "DATA": "354 go on\r\n"
        default: "250 2.0.0 OK\r\n"
        }
    }

    private func readData(_ connection: Connection, _ accepted: Int) async throws {
        var decoder = DataDecoder(framing: .dotted, bareNewlines: .keep)
        var octets: [UInt8] = []
        while !decoder.isAtEnd {
            let wire = try await connection.readSome(maximum: 1000)
            guard !wire.isEmpty else { return }
            _ = decoder.decode(wire, into: &octets)
        }
        seen.withLock { $0.contents.append(octets) }
        for _ in 0..<(isLMTP ? accepted : 1) { connection.write(answer("END") ?? "250 2.0.0 taken\r\n") }
    }
}

/// A message in memory.
final class MemoryContent: MessageContent {
    let octets: [UInt8]
    init(_ text: String) { octets = Array(text.utf8) }

    var size: UInt64 { UInt64(octets.count) }

    func read(at offset: UInt64, maximum: Int) async throws(IOError) -> [UInt8] {
        Array(octets.dropFirst(Int(clamping: offset)).prefix(maximum))
    }
}
