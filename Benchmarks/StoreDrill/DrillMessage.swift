// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

import ByteTools
import MailTypes
import Runtime

/// A message that follows from its token alone, so that a sender can send it again.
struct DrillMessage {
    let token: String
    let octets: [UInt8]

    /// "writer-cycle-number".
    init(_ token: String) {
        self.token = token
        var generator = Mixer(seed: Self.hash(token, 0))
        let size = Self.size(&generator)
        let head =
            "X-Token: \(token)\r\nFrom: a@example.org\r\nSubject: drill \(token)\r\n"
            + "MIME-Version: 1.0\r\nContent-Type: text/plain\r\n\r\n"
        var octets = Array(head.utf8)
        octets.reserveCapacity(octets.count + size + 64)
        while octets.count < size {
            var word = generator.next()
            for _ in 0..<8 {
                octets.append(0x21 + UInt8(word & 0x3F))
                word >>= 8
            }
            if octets.count % 72 < 8 { octets += [0x0D, 0x0A] }
        }
        self.octets = octets + [0x0D, 0x0A]
    }

    /// Most are small, some go over several chunks, a few over the bound up to which they are kept in memory.
    private static func size(_ generator: inout Mixer) -> Int {
        switch generator.next() % 2000 {
        case 0: Int(1_100_000 + generator.next() % 400_000)
        case 1..<12: Int(40_000 + generator.next() % 200_000)
        case 12..<100: Int(4_000 + generator.next() % 20_000)
        default: Int(200 + generator.next() % 3_000)
        }
    }

    var delivery: DeliveryID { DeliveryID(high: Self.hash(token, 1), low: Self.hash(token, 2)) }
    var sha256: String { Hex.encode(Digest.sha256(octets)) }
    var writer: Int { token.split(separator: "-").first.flatMap { Int($0) } ?? 0 }

    static func token(of octets: [UInt8]) -> String {
        let mark = Array("X-Token: ".utf8)
        guard octets.starts(with: mark) else { return "-" }
        let text = octets.dropFirst(mark.count).prefix(60).prefix { $0 != 0x0D }
        let isSound = text.allSatisfy { (0x30...0x39).contains($0) || $0 == 0x2D }
        return isSound && !text.isEmpty ? String(decoding: text, as: UTF8.self) : "-"
    }

    /// FNV-1a, begun differently for each use.
    private static func hash(_ text: String, _ use: UInt64) -> UInt64 {
        text.utf8.reduce(0xCBF2_9CE4_8422_2325 ^ (use &* 0x9E37_79B9_7F4A_7C15)) {
            ($0 ^ UInt64($1)) &* 0x100_0000_01B3
        }
    }
}

/// SplitMix64: random enough, and the same for the same seed.
struct Mixer: RandomNumberGenerator {
    private var state: UInt64
    init(seed: UInt64) { state = seed }

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var z = state
        z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
        return z ^ (z >> 31)
    }
}
