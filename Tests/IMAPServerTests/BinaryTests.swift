// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

import ByteTools
import IMAPServer
import MailTypes
import Runtime
import Testing

@Suite("BINARY (RFC 3516, RFC 9051 §6.4.5)", .timeLimit(.minutes(20)))
struct BinaryTests {
    private static let message = """
        Subject: parts\r\nMIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=x\r\n\r
        --x\r\nContent-Type: text/plain\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\na=3Db=\r\nc\r
        --x\r\nContent-Type: application/octet-stream\r\nContent-Transfer-Encoding: base64\r\n\r\nAAEC/w==\r
        --x\r\nContent-Type: text/plain\r\n\r\nplain\r
        --x\r\nContent-Type: text/plain\r\nContent-Transfer-Encoding: x-zip\r\n\r\nzipped\r
        --x\r\nContent-Type: message/rfc822\r\n\r\nSubject: inner\r\nContent-Transfer-Encoding: base64\r\n\r\nSGk=\r
        --x--\r\n
        """

    @Test("Parts come without their transfer encoding; what holds NUL as literal8")
    func parts() async throws {
        let dialogue = Dialogue()
        dialogue.account.deliver(Self.message)
        try await dialogue.loggedOn { client in
            try await client.run("SELECT INBOX")
            for (items, answer) in [
                ("BINARY.PEEK[1]", "BINARY[1] {4}\r\na=bc"),
                ("BINARY.PEEK[2]", "BINARY[2] ~{4}\r\n\0\u{1}\u{2}\u{FFFD}"),
                ("BINARY.PEEK[3]", "BINARY[3] {5}\r\nplain"), ("BINARY.PEEK[5.1]", "BINARY[5.1] {2}\r\nHi"),
                ("BINARY.PEEK[9]", "BINARY[9] NIL"), ("BINARY.PEEK[1]<1.2>", "BINARY[1]<1> {2}\r\n=b"),
                ("BINARY.PEEK[1]<9.2>", "BINARY[1]<9> {0}\r\n"), ("BINARY.PEEK[3]<2.99>", "BINARY[3]<2> {3}\r\nain"),
                (
                    "(BINARY.SIZE[1] BINARY.SIZE[2] BINARY.SIZE[3])",
                    "BINARY.SIZE[1] 4 BINARY.SIZE[2] 4 BINARY.SIZE[3] 5"
                ),
                ("BINARY.SIZE[9]", "BINARY.SIZE[9] 0"),
                ("BINARY.SIZE[]", "BINARY.SIZE[] \(Self.message.utf8.count)"),
                ("FLAGS", "FLAGS ()"),
            ] {
                try await client.expect("FETCH 1 \(items)", ["1 FETCH (\(answer))", "OK FETCH completed"])
            }
            try await client.expect("FETCH 1 BINARY.PEEK[4]", ["NO [UNKNOWN-CTE] A part cannot be decoded of UID 1"])
            try await client.expect("FETCH 1 BINARY.SIZE[4]", ["NO [UNKNOWN-CTE] A part cannot be decoded of UID 1"])
            try await client.expect(
                "FETCH 1 BINARY[3]",
                ["1 FETCH (BINARY[3] {5}\r\nplain)", "1 FETCH (UID 1 FLAGS (\\Seen))", "OK FETCH completed"]
            )
        }
    }

    @Test("What is too large for memory is decoded as it is sent", arguments: ["base64", "quoted-printable"])
    func large(encoding: String) async throws {
        let plain = (0..<1_500_000).map { UInt8(truncatingIfNeeded: $0 &* 7) }
        let encoded: String
        if encoding == "base64" {
            encoded = String(decoding: Base64.encode(plain), as: UTF8.self)
        } else {
            encoded = plain.map { "=" + (String($0 >> 4, radix: 16) + String($0 & 15, radix: 16)).uppercased() }
                .joined()
        }
        let dialogue = Dialogue()
        dialogue.account.deliver("Content-Transfer-Encoding: \(encoding)\r\n\r\n\(encoded)")
        try await dialogue.loggedOn { client in
            try await client.run("SELECT INBOX")
            try await client.expect(
                "FETCH 1 BINARY.SIZE[1]",
                ["1 FETCH (BINARY.SIZE[1] 1500000)", "OK FETCH completed"]
            )
            for (partial, range) in [("", 0..<1_500_000), ("<1000000.400000>", 1_000_000..<1_400_000)] {
                try await client.send("a FETCH 1 BINARY.PEEK[1]\(partial)\r\n")
                let head = try await client.connection.readLine(maximum: 1000)
                let origin = partial.isEmpty ? "" : "<1000000>"
                #expect(
                    head.map { String(decoding: $0.bytes, as: UTF8.self) }
                        == "* 1 FETCH (BINARY[1]\(origin) ~{\(range.count)}"
                )
                #expect(try await client.connection.readExactly(range.count) == Array(plain[range]))
                #expect(try await client.connection.readLine(maximum: 10)?.bytes == Array(")".utf8))
                #expect(try await client.responses(to: "a") == ["OK FETCH completed"])
            }
        }
    }

    @Test("APPEND takes any octets as literal8")
    func appending() async throws {
        try await Dialogue().loggedOn { client in
            try await client.run("SELECT INBOX")
            try await client.send("a APPEND INBOX ~{9}\r\n")
            #expect(try await client.receive() == "+ Ready for 9 octets")
            try await client.send("A: b\r\n\r\n\0\r\n")
            #expect(try await client.responses(to: "a").last == "OK [APPENDUID 1001 1] APPEND completed")
            try await client.expect("FETCH 1 BINARY.PEEK[TEXT]", ["BAD Expected a part number or \"]\" at octet 23"])
            try await client.expect("FETCH 1 BINARY.PEEK[1]", ["1 FETCH (BINARY[1] ~{1}\r\n\0)", "OK FETCH completed"])
        }
    }
}
