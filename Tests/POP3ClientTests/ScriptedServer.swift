// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

import Runtime
import Testing

/// Plays the server's part of a transcript: `C:` lines are what must come, `S:` lines what is said.
///
/// In both, `\r\n` inside a line is a line end. The connection is closed at the end.
struct ScriptedServer: Sendable {
    var transcript: String
    /// Octets that are sent at a time.
    var piece = Int.max

    func serve(_ connection: Connection) async throws {
        connection.idleTimeout = .seconds(180)
        for line in transcript.split(separator: "\n") {
            let text = line.dropFirst(3).replacing("\\r\\n", with: "\r\n") + "\r\n"
            if line.hasPrefix("C: ") {
                let came = String(decoding: try await connection.readExactly(text.utf8.count), as: UTF8.self)
                #expect(came == text)
                continue
            }
            var rest = Array(text.utf8)[...]
            while !rest.isEmpty {
                connection.write(rest.prefix(piece))
                rest = rest.dropFirst(piece)
                try await connection.flush()
            }
        }
    }

    /// Runs `body` with the client's end.
    func run(_ body: @escaping @Sendable (Connection) async throws -> Void) async throws {
        try await EventLoop.run { loop in
            try await Connection.withPeer(loop: loop, peer: { try await serve($0) }, body)
        }
    }
}
