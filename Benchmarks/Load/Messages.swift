// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

import ByteTools
import Runtime
import SMTPClient

/// Makes messages of which no two are alike, and knows them again.
struct Messages: Sendable {
    /// Every so many messages of a filled mailbox have the same rare word.
    static let rareWords = 997

    let octets: Int
    private let lines: [[UInt8]]

    init(octets: Int) {
        self.octets = octets
        var random = SplitMix(1)
        let words = (0..<4000).map { _ in
            (0..<(2 + Int(random.next() % 9))).map { _ in UInt8(0x61 + random.next() % 26) }
        }
        lines = (0..<4096).map { _ in
            var line: [UInt8] = []
            while line.count < 62 { line += words[Int(random.next() % 4000)] + [ASCII.space] }
            return line + [ASCII.cr, ASCII.lf]
        }
    }

    /// A message that says which it is; `number` decides its text.
    func make(_ token: String, _ number: Int, to recipient: String = "all@example.org") -> [UInt8] {
        let fields = "Subject: Message \(number) of a load\r\nDate: Sat, 21 Nov 2026 07:28:46 +0000\r\n"
        return make(token, number, to: recipient, fields: fields)
    }

    /// A message of the filled mailbox.
    func fill(_ number: Int) -> [UInt8] {
        make(FilledMailbox.token(number), number, to: "all@example.org", fields: FilledMailbox.fields(number))
    }

    /// `fields`: whole lines.
    private func make(_ token: String, _ number: Int, to recipient: String, fields: String) -> [UInt8] {
        var random = SplitMix(UInt64(truncatingIfNeeded: number) &+ 0x9E37)
        var body = Array("\(Self.rareWord(number)) of \(token)\r\n".utf8)
        while body.count < octets - 400 { body += lines[Int(random.next() % 4096)] }
        let digest = Hex.encode(Digest.sha256(body))
        let head = """
            From: Load <load@example.org>\r
            To: <\(recipient)>\r
            \(fields)Message-ID: <\(token)@load.example.org>\r
            X-Token: \(token)\r
            X-Digest: \(digest)\r
            MIME-Version: 1.0\r
            Content-Type: text/plain; charset=us-ascii\r
            \r

            """
        return Array(head.utf8) + body
    }

    static func rareWord(_ number: Int) -> String { "zq\(number % rareWords)qz" }

    /// The token of a message that is as it was made; `nil` when a single octet is different.
    ///
    /// Servers may have put fields in front.
    static func token(of message: [UInt8]) -> String? {
        guard let end = headEnd(message) else { return nil }
        let head = String(decoding: message[..<end], as: UTF8.self)
        var found: (token: Substring?, digest: Substring?)
        for line in head.split(separator: "\r\n") {
            if line.hasPrefix("X-Token: ") { found.token = line.dropFirst(9) }
            if line.hasPrefix("X-Digest: ") { found.digest = line.dropFirst(10) }
        }
        guard let token = found.token, let digest = found.digest else { return nil }
        return Hex.encode(Digest.sha256(Array(message[end...]))) == digest ? String(token) : nil
    }

    private static func headEnd(_ message: [UInt8]) -> Int? {
        var index = 0
        while index + 3 < message.count {
            guard let cr = message[index...].firstIndex(of: ASCII.cr), cr + 3 < message.count else { return nil }
            if message[cr + 1] == ASCII.lf, message[cr + 2] == ASCII.cr, message[cr + 3] == ASCII.lf { return cr + 4 }
            index = cr + 1
        }
        return nil
    }
}

/// A generator that gives the same numbers everywhere (Steele, Lea, Flood 2014).
struct SplitMix {
    private var state: UInt64
    init(_ seed: UInt64) { state = seed }

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var z = state
        z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
        return z ^ (z >> 31)
    }
}

/// A message in memory.
final class MessageOctets: MessageContent {
    let octets: [UInt8]
    init(_ octets: [UInt8]) { self.octets = octets }
    var size: UInt64 { UInt64(octets.count) }
    func read(at offset: UInt64, maximum: Int) async throws(IOError) -> [UInt8] {
        Array(octets.dropFirst(Int(clamping: offset)).prefix(maximum))
    }
}
