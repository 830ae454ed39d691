// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

import IMAPServer
import IMAPWire
import Runtime
import Testing

@Suite("Every command, however its octets come", .timeLimit(.minutes(20)))
struct ReplayTests {
    /// Before and after log-on, with literals that ask for leave and that do not; tagged by their place.
    private static let commands = [
        "CAPABILITY", "STARTTLS", "NOOP", "ID (\"name\" {4}\r\ntest)", "SELECT INBOX",
        "AUTHENTICATE PLAIN AGFsaWNlQGV4YW1wbGUudGVzdABzZWNyZXQ=", "ENABLE CONDSTORE", "NAMESPACE",
        "CREATE \"Work/Plans\"", "SUBSCRIBE {10+}\r\nWork/Plans", "LSUB \"\" *",
        "LIST (SUBSCRIBED) \"\" (% Work/*) RETURN (CHILDREN STATUS (MESSAGES))", "STATUS INBOX (MESSAGES UIDNEXT)",
        "APPEND INBOX (\\Seen) {9}\r\nA: b\r\n\r\nc", "APPEND INBOX {3+}\r\nabc (\\Draft) ~{3+}\r\nd\0f",
        "EXAMINE INBOX", "SELECT INBOX (CONDSTORE)",
        "FETCH 1:* (UID FLAGS BODY.PEEK[] BODY.PEEK[HEADER.FIELDS (A)] ENVELOPE BODYSTRUCTURE)",
        "STORE 1 +FLAGS.SILENT ($Work)", "UID STORE 2 (UNCHANGEDSINCE 9) FLAGS (\\Answered)", "SEARCH TEXT {1}\r\nc",
        "UID SORT RETURN (ALL) (REVERSE SUBJECT) UTF-8 ALL", "THREAD REFERENCES UTF-8 ALL",
        "ESEARCH IN (selected) RETURN (COUNT) ALL", "SEARCH RETURN (UPDATE COUNT) ALL", "CANCELUPDATE \"t24\"",
        "COPY 1 Sent", "UID MOVE 2 Trash", "REPLACE 1 INBOX (\\Flagged) {3+}\r\nnew", "UID EXPUNGE 1:9", "CHECK",
        "GETQUOTA \"\"", "GETQUOTAROOT INBOX", "SETMETADATA INBOX (/shared/comment ~{3}\r\na\0b)",
        "GETMETADATA (DEPTH 1) INBOX (/shared/comment)", "SETACL INBOX bob lr", "GETACL INBOX", "LISTRIGHTS INBOX bob",
        "MYRIGHTS INBOX", "DELETEACL INBOX bob", "RENAME Work/Plans Done", "UNSUBSCRIBE Work/Plans", "DELETE Done",
        "IDLE\r\nDONE", "UNSELECT", "SELECT Sent", "CLOSE", "COMPRESS LZW", "NOSUCH {2+}\r\nxx", "FETCH 1 {2000000}",
        "NOTIFY NONE", "UNAUTHENTICATE", "LOGIN {18}\r\nalice@example.test {6+}\r\nsecret", "NOOP", "LOGOUT",
    ]

    /// Of those above, the ones that are refused, by what they begin with.
    private static let refused = ["STARTTLS", "SELECT INBOX", "COMPRESS", "NOSUCH", "FETCH 1 {"]

    /// All that the server says to them, cut every `size` octets.
    private func said(cutting size: Int) async throws -> String {
        var dialogue = Dialogue()
        dialogue.sharing = FakeSharing()
        let served = dialogue
        let script = Self.commands.enumerated().map { "t\($0) \($1)\r\n" }.joined()
        return try await EventLoop.run { loop in
            try await Connection.withPeer(loop: loop, peer: { await served.serve($0) }) { client in
                client.idleTimeout = .seconds(180)
                var rest = Array(script.utf8)[...]
                while !rest.isEmpty {
                    client.write(rest.prefix(size))
                    rest = rest.dropFirst(size)
                    try await client.flush()
                }
                var all: [UInt8] = []
                while true {
                    let some = try await client.readSome(maximum: 65_536)
                    if some.isEmpty { return String(decoding: all, as: UTF8.self) }
                    all += some
                }
            }
        }
    }

    @Test("All at once, octet by octet and in pieces, they are answered the same")
    func replay() async throws {
        let whole = try await said(cutting: .max)
        let tagged = whole.split(separator: "\r\n").filter { $0.hasPrefix("t") }
        for (place, command) in Self.commands.enumerated() {
            let answer = tagged.first { $0.hasPrefix("t\(place) ") }.map { String($0) } ?? "none"
            let isRefused =
                Self.refused.contains { command.hasPrefix($0) } && !command.hasSuffix("(CONDSTORE)")
            #expect(answer.hasPrefix("t\(place) OK") != isRefused, "\(command): \(answer)")
        }
        for size in [1, 7] {
            let pieces = try await said(cutting: size)
            #expect(pieces == whole, "\(size)")
        }
    }

    @Test("No command is left out")
    func complete() {
        let sent = Set(Self.commands.flatMap { $0.split { " \r\n".contains($0) }.prefix(2).map { String($0) } })
        for type in AnyCommand.types { #expect(sent.contains("\(type.name)"), "\(type.name)") }
    }
}
