// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import ByteTools
internal import IMAPWire

/// A pattern of LIST: `*` stands for anything, `%` for anything without a delimiter (RFC 9051 §6.3.9).
struct MailboxPattern {
    /// Longest pattern.
    ///
    /// Names have 1,000 octets at most.
    static let maximumOctets = 1024
    /// Most wildcards: matching costs the length of the name times their number.
    static let maximumWildcards = 32

    private let octets: [UInt8]

    init(reference: String, pattern: String) throws(CommandRefusal) {
        var octets: [UInt8] = []
        for octet in reference.utf8 + Array(pattern.utf8) {
            let isRepeated =
                octets.last == 0x2A && (octet == 0x2A || octet == 0x25) || octets.last == 0x25 && octet == 0x25
            if !isRepeated { octets.append(octet) }
        }
        let wildcards = octets.count { $0 == 0x2A || $0 == 0x25 }
        guard octets.count <= Self.maximumOctets, wildcards <= Self.maximumWildcards else {
            throw .no(
                .limit,
                "Patterns have \(Self.maximumOctets) octets and \(Self.maximumWildcards) wildcards at most"
            )
        }
        if ASCII.equalIgnoringCase(octets.prefix(5), "INBOX".utf8), octets.count == 5 || "/*%".utf8.contains(octets[5])
        {
            octets.replaceSubrange(..<5, with: "INBOX".utf8)
        }
        self.octets = octets
    }

    /// Whether the whole of `name` matches.
    ///
    /// Follows all ways at once, so that no pattern is slow.
    func matches(_ name: String) -> Bool {
        var states = [Bool](repeating: false, count: octets.count + 1)
        states[0] = true
        spread(&states)
        for octet in name.utf8 {
            var next = [Bool](repeating: false, count: states.count)
            for (place, symbol) in octets.enumerated() where states[place] {
                switch symbol {
                case 0x2A: next[place] = true
                case 0x25: next[place] = next[place] || octet != 0x2F
                case octet: next[place + 1] = true
                default: break
                }
            }
            spread(&next)
            states = next
        }
        return states.last ?? false
    }

    /// A wildcard may stand for nothing.
    private func spread(_ states: inout [Bool]) {
        for (place, symbol) in octets.enumerated() where states[place] && (symbol == 0x2A || symbol == 0x25) {
            states[place + 1] = true
        }
    }
}
