// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import ByteTools

/// The flags that every mailbox has (RFC 9051 §2.3.2).
package struct SystemFlags: OptionSet, Hashable, Sendable {
    package let rawValue: UInt8
    package init(rawValue: UInt8) { self.rawValue = rawValue }

    package static let seen = SystemFlags(rawValue: 1)
    package static let answered = SystemFlags(rawValue: 2)
    package static let flagged = SystemFlags(rawValue: 4)
    package static let deleted = SystemFlags(rawValue: 8)
    package static let draft = SystemFlags(rawValue: 16)

    /// Wire names in the order in which they are listed.
    package static let names: [(flag: SystemFlags, name: String)] = [
        (.answered, "\\Answered"), (.flagged, "\\Flagged"), (.deleted, "\\Deleted"), (.seen, "\\Seen"),
        (.draft, "\\Draft"),
    ]
}

/// A flag that users and clients name, such as `$Forwarded` (RFC 9051 §2.3.2).
///
/// An atom of 1 to 128 octets; equality ignores ASCII case, the first spelling is kept.
package struct Keyword: Hashable, Sendable, CustomStringConvertible {
    package static let maximumOctets = 128
    package let text: String

    /// `nil` when the text is not an atom (RFC 9051 §9 "atom").
    package init?(_ text: String) {
        guard (1...Self.maximumOctets).contains(text.utf8.count) else { return nil }
        let isAtom = text.utf8.allSatisfy { $0 > 0x20 && $0 < 0x7F && !"(){%*\"\\]".utf8.contains($0) }
        guard isAtom else { return nil }
        self.text = text
    }

    /// On messages of which octets are lost: the store sets it.
    package static let damaged = Keyword(unchecked: "$Damaged")

    private init(unchecked text: String) { self.text = text }

    package var description: String { text }

    package static func == (a: Self, b: Self) -> Bool { ASCII.equalIgnoringCase(a.text.utf8, b.text.utf8) }

    package func hash(into hasher: inout Hasher) {
        for octet in text.utf8 { hasher.combine(ASCII.lower(octet)) }
    }
}

/// The flags of one message, by name.
package struct FlagSet: Hashable, Sendable {
    package var system: SystemFlags
    package var keywords: Set<Keyword>

    package init(system: SystemFlags = [], keywords: Set<Keyword> = []) {
        self.system = system
        self.keywords = keywords
    }

    package static let none = FlagSet()
    package var isEmpty: Bool { system.isEmpty && keywords.isEmpty }
}
