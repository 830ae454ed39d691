// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

import Glibc

/// Messages as mail is: many small ones, few large ones; text, or text with an attachment in base64.
struct MailSample: Sendable {
    let messages: [[UInt8]]

    /// Sizes are log-normal with a median of 8 KB, and one in 500 has 5 MB; 46 KB in the mean.
    static func mixed(_ count: Int = 1000) -> MailSample {
        var generator = Mixer(seed: 20_261_121)
        return MailSample(
            messages: (0..<count).map { number in
                let size = number % 500 == 250 ? 5_000_000 : min(2_000_000, Int(8192 * exp(1.7 * normal(&generator))))
                return message(number, octets: max(700, size), &generator)
            }
        )
    }

    static func small(_ octets: Int, count: Int = 200) -> MailSample {
        var generator = Mixer(seed: 7)
        return MailSample(messages: (0..<count).map { message($0, octets: octets, &generator) })
    }

    private static func normal(_ generator: inout Mixer) -> Double {
        let (a, b) = (Double.random(in: 1e-9...1, using: &generator), Double.random(in: 0...1, using: &generator))
        return sqrt(-2 * log(a)) * cos(2 * .pi * b)
    }

    private static func message(_ number: Int, octets: Int, _ generator: inout Mixer) -> [UInt8] {
        let head = """
            Return-Path: <sender\(number)@example.org>\r
            Received: from mx.example.org (mx.example.org [192.0.2.\(number % 250)]) by mail.example.test with ESMTPS\r
             id \(generator.next()); Sat, 21 Nov 2026 07:28:46 +0000\r
            From: Sender \(number) <sender\(number)@example.org>\r
            To: Recipient <recipient@example.test>\r
            Subject: Message \(number) about the things that messages are about\r
            Date: Sat, 21 Nov 2026 07:28:46 +0000\r
            Message-ID: <\(generator.next())@example.org>\r
            MIME-Version: 1.0\r
            Content-Type: multipart/mixed; boundary="part-\(number)"\r
            \r
            --part-\(number)\r
            Content-Type: text/plain; charset=utf-8\r
            \r\n
            """
        var result = Array(head.utf8)
        let text = min(octets, 4000)
        while result.count < text {
            result += Self.words[Int(generator.next() % UInt64(Self.words.count))]
            result += generator.next() % 9 == 0 ? [13, 10] : [32]
        }
        result += Array("\r\n--part-\(number)\r\nContent-Type: application/octet-stream\r\n".utf8)
        result += Array("Content-Transfer-Encoding: base64\r\n\r\n".utf8)
        while result.count < octets {
            for _ in 0..<9 {
                var word = generator.next()
                for _ in 0..<8 {
                    result.append(Self.base64[Int(word & 63)])
                    word >>= 6
                }
            }
            result += [13, 10]
        }
        return result + Array("--part-\(number)--\r\n".utf8)
    }

    private static let base64 = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".utf8)
    private static let words =
        "the of and to in a is that for it as was with be by on not he his but at are this have from"
        .split(separator: " ").map { Array($0.utf8) }
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
