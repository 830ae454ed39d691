// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import ByteTools
internal import Runtime
package import SASL

/// A password that one program of a user has: made here, shown once, and taken away without changing any other.
package struct AppPassword: Sendable, Hashable {
    /// Octets of a name.
    package static let maximumNameOctets = 64
    /// How many an account may have.
    package static let maximumCount = 50

    /// What the user calls it; once per account.
    package var name: String
    /// The protocols it opens, among those that the account may use.
    package var services: Set<MailService>
    /// Seconds since 1970-01-01T00:00:00Z.
    package var created: Int64
    /// The same, to the hour; `nil` when it was never used.
    package var lastUsed: Int64?

    package static func isName(_ text: String) -> Bool {
        (1...maximumNameOctets).contains(text.utf8.count) && !text.utf8.contains { $0 < 0x20 || $0 == 0x7F }
    }
}

/// The text of an app password: 100 bits, in five groups of four, without letters and digits that look alike.
package enum AppPasswordText {
    /// 32 of them: no l, o, 0 and 1.
    private static let alphabet = Array("abcdefghijkmnpqrstuvwxyz23456789".utf8)
    private static let count = 20

    static func random() -> String {
        var generator = SystemRandomNumberGenerator()
        let octets = (0..<count).map { _ in alphabet[Int.random(in: 0..<alphabet.count, using: &generator)] }
        let groups = stride(from: 0, to: count, by: 4).map { octets[$0..<($0 + 4)] }
        return String(decoding: Array(groups.joined(separator: [UInt8(ascii: "-")])), as: UTF8.self)
    }

    /// What is kept of it: SHA-256, in hexadecimal.
    ///
    /// Nobody tries 2^100 texts, so that a slow hash would protect nothing.
    ///
    /// Spaces, hyphens and case count for nothing: people type it. `nil` for a password of another form, which is
    /// most.
    static func digest(_ password: [UInt8]) -> String? {
        let octets = password.filter { $0 != UInt8(ascii: "-") && $0 != ASCII.space }.map(ASCII.lower)
        guard octets.count == count, octets.allSatisfy({ ASCII.isAlphanumeric($0) }) else { return nil }
        return Hex.encode(Digest.sha256(octets))
    }
}
