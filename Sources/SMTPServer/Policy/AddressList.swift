// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import ByteTools
package import Runtime

/// A list of addresses in the domain name system (RFC 5782), and what it means to be on it.
///
/// `zone`, `zone=127.0.0.4`, `zone=127.0.0.4-7`, each with `reject`, `mark`, `allow` or `score N` behind a space;
/// `reject` when nothing is said.
package struct AddressList: Sendable, Hashable {
    package enum Action: Sendable, Hashable {
        /// On it is whoever may come in: no other list counts.
        case allow
        case reject
        /// The message says so in a field.
        case mark
        /// Adds to the client's score.
        case score(Int)
    }

    package let zone: String
    /// Last octets of answers that count; of 127.0.0.0/24.
    package let answers: ClosedRange<UInt8>
    package let action: Action

    package init?(_ text: String) {
        let words = text.split(separator: " ").map(String.init)
        guard let first = words.first, let action = Self.action(words.dropFirst()) else { return nil }
        let parts = first.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
        let zone = ASCII.lowercased(parts[0])
        guard (1...180).contains(zone.utf8.count), zone.contains("."),
            zone.utf8.allSatisfy({ ASCII.isAlphanumeric($0) || $0 == 0x2D || $0 == ASCII.dot || $0 == 0x5F }),
            zone.split(separator: ".", omittingEmptySubsequences: false).allSatisfy({ (1...63).contains($0.utf8.count) }
            )
        else { return nil }
        guard parts.count == 2 else {
            (self.zone, answers, self.action) = (zone, 0...255, action)
            return
        }
        guard let answers = Self.answers(parts[1]) else { return nil }
        (self.zone, self.answers, self.action) = (zone, answers, action)
    }

    private static func action(_ words: ArraySlice<String>) -> Action? {
        switch words.first {
        case nil: return .reject
        case "allow" where words.count == 1: return .allow
        case "reject" where words.count == 1: return .reject
        case "mark" where words.count == 1: return .mark
        case "score" where words.count == 2:
            return words.last.flatMap { Decimal.parse($0.utf8, maximum: 1000) }.map { .score(Int($0)) }
        default: return nil
        }
    }

    private static func answers(_ text: String) -> ClosedRange<UInt8>? {
        guard text.hasPrefix("127.0.0.") else { return nil }
        let bounds = text.dropFirst(8).split(separator: "-", maxSplits: 1, omittingEmptySubsequences: false)
            .map { Decimal.parse($0.utf8, maximum: 255).map { UInt8($0) } }
        guard let first = bounds.first ?? nil, let last = bounds.last ?? nil, first <= last else { return nil }
        return first...last
    }

    /// The name to ask for (RFC 5782 §2.1, §2.4); `nil` for what has no address.
    package func name(for address: SocketAddress) -> String? {
        switch address {
        case .ipv4(let value, _):
            return [0, 8, 16, 24].map { String(value >> UInt32($0) & 255) }.joined(separator: ".") + "." + zone
        case .ipv6(let value, _):
            let nibbles = (0..<32).map { String(Int(value >> UInt128(4 * $0) & 15), radix: 16) }
            return nibbles.joined(separator: ".") + "." + zone
        case .unix: return nil
        }
    }

    /// The first answer that counts.
    package func hit(_ found: [String]) -> String? {
        found.first { text in
            guard text.hasPrefix("127.0.0."), let last = Decimal.parse(text.dropFirst(8).utf8, maximum: 255) else {
                return false
            }
            return answers.contains(UInt8(last))
        }
    }
}

/// Asks lists of addresses.
///
/// Composition supplies it from the resolver.
package protocol AddressListSource: Sendable {
    /// The addresses that a name has; none when it does not exist, `nil` when that is not known.
    func addresses(of name: String) async -> [String]?
}
