// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import ByteTools

/// The flags that every mailbox has (RFC 9051 §2.3.2).
public struct SystemFlags: OptionSet, Hashable, Sendable {
    /// One bit a flag; the octet goes to disk as it is, so a bit keeps its meaning.
    public let rawValue: UInt8
    /// Takes any octet, and keeps bits that stand for no flag.
    public init(rawValue: UInt8) { self.rawValue = rawValue }

    /// The message has been read.
    public static let seen = SystemFlags(rawValue: 1)
    /// The message has been answered.
    public static let answered = SystemFlags(rawValue: 2)
    /// The message is marked for special attention.
    public static let flagged = SystemFlags(rawValue: 4)
    /// The message goes with the next EXPUNGE.
    public static let deleted = SystemFlags(rawValue: 8)
    /// The message is not finished yet.
    public static let draft = SystemFlags(rawValue: 16)

    /// Wire names in the order in which they are listed.
    public static let names: [(flag: SystemFlags, name: String)] = [
        (.answered, "\\Answered"), (.flagged, "\\Flagged"), (.deleted, "\\Deleted"), (.seen, "\\Seen"),
        (.draft, "\\Draft"),
    ]
}

/// A flag that users and clients name, such as `$Forwarded` (RFC 9051 §2.3.2).
///
/// An atom of 1 to 128 octets; equality ignores ASCII case, the first spelling is kept.
public struct Keyword: Hashable, Sendable, CustomStringConvertible {
    /// Octets of one keyword; IMAP itself sets no bound.
    public static let maximumOctets = 128
    /// In the spelling in which it was made, printable ASCII.
    public let text: String

    /// `nil` when the text is not an atom (RFC 9051 §9 "atom").
    public init?(_ text: String) {
        guard (1...Self.maximumOctets).contains(text.utf8.count) else { return nil }
        let isAtom = text.utf8.allSatisfy { $0 > 0x20 && $0 < 0x7F && !"(){%*\"\\]".utf8.contains($0) }
        guard isAtom else { return nil }
        self.text = text
    }

    /// On messages of which octets are lost: the store sets it.
    public static let damaged = Keyword(unchecked: "$Damaged")

    private init(unchecked text: String) { self.text = text }

    /// As it stands on the wire.
    public var description: String { text }

    /// Compares without regard to ASCII case, so that `$junk` is `$Junk`.
    public static func == (a: Self, b: Self) -> Bool { ASCII.equalIgnoringCase(a.text.utf8, b.text.utf8) }

    /// Takes in the lower-case form, as equality wants it.
    public func hash(into hasher: inout Hasher) {
        for octet in text.utf8 { hasher.combine(ASCII.lower(octet)) }
    }
}

/// The flags of one message, by name.
public struct FlagSet: Hashable, Sendable {
    /// Those of RFC 9051 §2.3.2.
    public var system: SystemFlags
    /// Those that users and clients named; in no order.
    public var keywords: Set<Keyword>

    /// The flags given, none where none are.
    public init(system: SystemFlags = [], keywords: Set<Keyword> = []) {
        self.system = system
        self.keywords = keywords
    }

    /// What a message has that nobody has flagged.
    public static let none = FlagSet()
    /// Whether there is neither a system flag nor a keyword.
    public var isEmpty: Bool { system.isEmpty && keywords.isEmpty }
}
